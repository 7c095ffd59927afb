"""Pictures that anybody can verify: keys, signatures, what is kept, the public page (B1)."""
