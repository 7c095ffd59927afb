"""Account Manager: everybody's own account, its security, and what it is signed in to (I6, I7)."""
