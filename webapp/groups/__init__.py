"""Groups of cameras: their list, their settings, and what becomes of them when a camera goes."""
