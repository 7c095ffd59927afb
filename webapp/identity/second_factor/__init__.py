"""二段階認証: when a login needs a second factor, and what proves it (SPEC I4, I5; TRUST 20)."""
