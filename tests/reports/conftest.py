"""The people."""

from tests.people import *  # noqa: F403 - fixtures
