"""Screens of cameras: list, page, add, edit, remove."""
