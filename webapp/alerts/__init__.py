"""混雑アラート: its editor, its pictures, whom it tells, and what became of that."""
