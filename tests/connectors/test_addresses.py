"""Who learns name and password when a camera's own answer names another address."""

import pytest

from webapp.connectors.addresses import read_target

SCHEMES = ("http", "https", "rtsp")


@pytest.mark.parametrize(
    ("asked", "named", "keeps"),
    [
        ("http://10.0.0.5/onvif", "http://10.0.0.5:8080/still.jpg", True),
        ("http://10.0.0.5/onvif", "https://10.0.0.5/still.jpg", True),
        ("https://10.0.0.5/onvif", "https://10.0.0.5:8443/still.jpg", True),
        ("http://10.0.0.5/onvif", "rtsp://10.0.0.5/live", True),
        ("https://10.0.0.5/onvif", "http://10.0.0.5/still.jpg", False),
        ("https://10.0.0.5/onvif", "HTTP://10.0.0.5:443/still.jpg", False),
        ("http://10.0.0.5/onvif", "http://10.0.0.6/still.jpg", False),
        ("https://10.0.0.5/onvif", "https://10.0.0.6/still.jpg", False),
    ],
)
def test_only_the_same_host_without_less_encryption_learns_who_asks(
    asked: str, named: str, keeps: bool
) -> None:
    target = read_target({"url": asked, "user": "viewer", "password": "hush"})
    place = target.elsewhere(named, SCHEMES)
    assert (place.user, place.password) == (("viewer", "hush") if keeps else ("", ""))
