"""モニタリング: members look at the very frame that was analysed; viewers never do (M6)."""
