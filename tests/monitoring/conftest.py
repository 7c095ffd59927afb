"""The people of these tests."""

from tests.people import *  # noqa: F403 - fixtures
