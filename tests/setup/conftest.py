"""An app that knows a camera cloud, and the cloud."""

from tests.camera_cloud.conftest import *  # noqa: F403 - fixtures
