"""What the operator does, by command line."""
