"""The provider and whoever visits it."""

from tests.identity.people import *  # noqa: F403
