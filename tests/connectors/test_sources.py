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
        ({"url": "rtsp://10.0.0.5/user=admin&password=hush&channel=1&stream=0.sdp"},
         "rtsp://10.0.0.5/user=admin&password=…&channel=1&stream=0.sdp"),
        ({"url": "rtsp://10.0.0.5/user=a_PASSWD=hush%26hush/live"},
         "rtsp://10.0.0.5/user=a_PASSWD=…/live"),
        ({"url": "http://10.0.0.5/pwd=hush;usr=a/x.jpg?pwd=hush"},
         "http://10.0.0.5/pwd=…;usr=a/x.jpg?…"),
        ({"url": "http://10.0.0.5/a%20b/pwd%3Dhush%2Fhush"}, "http://10.0.0.5/a b/pwd=…"),
        ({"url": "rtsp://10.0.0.5/a/pass_word=hush"}, "rtsp://10.0.0.5/a/pass_word=…"),
        ({"url": "rtsp://10.0.0.5/passage/1"}, "rtsp://10.0.0.5/passage/1"),
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
