"""What the user meets first."""
