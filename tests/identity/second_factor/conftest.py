"""Somebody who logs in with a second factor."""

from tests.identity.people import *  # noqa: F403
