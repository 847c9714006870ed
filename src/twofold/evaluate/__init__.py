"""Evidence: pure functions of trials."""
