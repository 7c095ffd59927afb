"""The steps of signing in and of a new password, as plain functions: views only translate."""
