"""The scripts here make the stored arrays, with packages that are not installed beside twofold."""

collect_ignore_glob = ["make_*.py"]
