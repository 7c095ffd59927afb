"""Nigiwai's web application: the screens, the domain and the data."""

__version__ = "0.1.0"
