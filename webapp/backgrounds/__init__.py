"""Registering the empty picture of a camera."""
