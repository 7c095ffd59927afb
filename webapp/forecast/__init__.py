"""混雑予測: when it will be busy and when quiet."""
