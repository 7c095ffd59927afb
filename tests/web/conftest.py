"""The people of the other tests."""

from tests.people import *  # noqa: F403
