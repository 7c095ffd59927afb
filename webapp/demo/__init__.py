"""The demonstration: footage that may be passed on, and the cameras that show it."""
