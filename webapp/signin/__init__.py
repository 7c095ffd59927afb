"""Signing in and out of the app."""
