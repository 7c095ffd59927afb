import pytest

from webapp.connectors.sources import describe


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ({"url": "http://10.0.0.5/still.jpg"}, "http://10.0.0.5/still.jpg"),
        ({"url": "https://a:hush@cam.lan:8443/x?pwd=hush", "password": "hush"},
         "https://cam.lan:8443/x?…"),
        ({"url": "http://[fd00::5]:80/"}, "http://[fd00::5]/"),
        ({"url": "ftp://a:hush@10.0.0.5/"}, "…"),
        ({"url": "http://10.0.0.1:x/"}, "…"),
        ({"url": "rtsp://a:hush@10.0.0.5:8554/live?token=hush"}, "rtsp://10.0.0.5:8554/live?…"),
        ({"url": "hush"}, "…"),
        ({"path": "pets.mp4"}, "pets.mp4"),
        ({"path": "pets.mp4", "crop": [10, 20, 400, 300]}, "pets.mp4 (400×300, 10, 20)"),
        ({"path": "a\nb"}, "ab"),
        ({}, ""),
    ],
)  # fmt: skip
def test_where_from_in_one_line_without_a_secret(source: dict[str, object], text: str) -> None:
    assert describe(source) == text
    assert "hush" not in describe(source)
