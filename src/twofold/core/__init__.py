"""Records and small rules that every floor shares; imports nothing else of twofold."""
