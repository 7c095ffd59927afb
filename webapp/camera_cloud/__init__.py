"""The camera cloud: consents of owners, and the cameras that come with them (C1)."""
