"""Nigiwai ID: an OpenID Connect provider with a database and an origin of its own."""
