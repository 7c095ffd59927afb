"""The people of the route matrix."""

from tests.people import *  # noqa: F403
