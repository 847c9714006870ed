"""Networks for raw cells: pictures, texts, clips, series; each file holds one."""
