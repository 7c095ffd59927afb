"""The people of every screen."""

from tests.people import *  # noqa: F403 - fixtures
