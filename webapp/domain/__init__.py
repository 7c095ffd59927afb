"""The rules, pure: they take ``at``, and never read a clock, a database or a network."""
