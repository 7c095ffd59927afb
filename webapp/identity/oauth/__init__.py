"""OpenID Connect: what applications and browsers are answered.

Authlib decides what the protocol says, in a thread (``server.py``); everything that it asks
of the database is one plain function (``grants.py``), run in one transaction a request.
"""
