"""Drawing areas to count in, and to leave out."""
