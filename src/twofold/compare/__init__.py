"""The two textbook workflows and the third way, side by side: features by hand, one network, both joined."""
