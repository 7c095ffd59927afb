"""The read API (B7): states, counts and forecasts for programs that bring a token.

``routes`` are its operations, ``operation`` what they have in common, ``openapi`` their
description, ``gate`` who may ask; ``token_routes`` is the page on which admins make tokens.
"""
