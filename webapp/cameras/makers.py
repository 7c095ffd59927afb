"""Where common makers' cameras have their still and their stream: help for an address.

Patterns as the makers' own manuals and CGI guides publish them. They differ by model and
firmware, so each is a first guess; the connection test tells whether it was right. A path
that would need the password in it is left out: such cameras are better asked by RTSP or ONVIF.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from webapp.connectors import CameraUnreachable
from webapp.connectors.addresses import parse_url
from webapp.i18n import N_

HTTP, RTSP, ONVIF = "http_snapshot", "rtsp", "onvif"
SCHEMES = {HTTP: "http", RTSP: "rtsp", ONVIF: "http"}


@dataclass(frozen=True, slots=True)
class Maker:
    """A maker's paths by connector: the likeliest first, then older or other models'.

    ``notes`` are message ids by connector about what these cameras need.
    """

    name: str
    title: str
    paths: Mapping[str, tuple[str, ...]]
    notes: Mapping[str, str] = field(default_factory=dict)


MAKERS = (
    Maker(
        "axis",
        "Axis",
        {
            HTTP: ("/axis-cgi/jpg/image.cgi", "/jpg/image.jpg"),
            RTSP: ("/axis-media/media.amp",),
            ONVIF: ("",),
        },
        {ONVIF: N_("ONVIFで使うには、カメラの設定画面でONVIF用のユーザを作成してください。")},
    ),
    Maker(
        "ipro",
        "Panasonic / i-PRO",
        {
            HTTP: ("/cgi-bin/camera", "/SnapshotJPEG?Resolution=640x480"),
            RTSP: ("/MediaInput/stream_1", "/MediaInput/h264"),
            ONVIF: ("",),
        },
    ),
    Maker(
        "sony",
        "Sony",
        {
            HTTP: ("/oneshotimage.jpg", "/image"),
            RTSP: ("/media/video1", "/video1"),
            ONVIF: ("",),
        },
    ),
    Maker(
        "canon",
        "Canon",
        {
            HTTP: ("/-wvhttp-01-/image.cgi", "/-wvhttp-01-/GetOneShot"),
            RTSP: ("/profile1=r", "/rtpstream/config1=r"),
            ONVIF: ("",),
        },
    ),
    Maker(
        "hikvision",
        "Hikvision",
        {
            HTTP: ("/ISAPI/Streaming/channels/101/picture", "/Streaming/channels/1/picture"),
            RTSP: ("/Streaming/Channels/101",),
            ONVIF: ("",),
        },
        {ONVIF: N_("ONVIFで使うには、カメラの設定画面でONVIFを有効にしてください。")},
    ),
    Maker(
        "dahua",
        "Dahua",
        {
            HTTP: ("/cgi-bin/snapshot.cgi", "/cgi-bin/snapshot.cgi?channel=1"),
            RTSP: ("/cam/realmonitor?channel=1&subtype=0",),
            ONVIF: ("",),
        },
    ),
    Maker(
        "hanwha",
        "Hanwha (Wisenet)",
        {
            HTTP: ("/stw-cgi/video.cgi?msubmenu=snapshot&action=view",),
            RTSP: ("/profile2/media.smp", "/profile1/media.smp"),
            ONVIF: ("",),
        },
    ),
    Maker(
        "tapo",
        "TP-Link Tapo",
        {RTSP: ("/stream1", "/stream2"), ONVIF: (":2020",)},
        dict.fromkeys(
            (RTSP, ONVIF),
            N_("Tapoアプリの「カメラのアカウント」で作ったユーザ名とパスワードを使います。"),
        ),
    ),
    Maker(
        "iodata",
        "I-O DATA (Qwatch)",
        {HTTP: ("/snapshot.jpg",), RTSP: ("/ipcam_h264.sdp", "/ipcam.sdp"), ONVIF: ("",)},
    ),
    Maker(
        "vivotek",
        "VIVOTEK",
        {HTTP: ("/cgi-bin/viewer/video.jpg",), RTSP: ("/live.sdp",), ONVIF: ("",)},
    ),
    Maker(
        "reolink",
        "Reolink",
        {RTSP: ("/h264Preview_01_main",), ONVIF: (":8000",)},
        dict.fromkeys((RTSP, ONVIF), N_("カメラの設定でRTSPとONVIFのポートを有効にしてください。")),
    ),
)


def makers_for(connector: str) -> tuple[Maker, ...]:
    """The makers about which something is known for this kind of source."""
    return tuple(maker for maker in MAKERS if connector in maker.paths)


def find_maker(name: str) -> Maker | None:
    """Look up a maker by name."""
    return next((maker for maker in MAKERS if maker.name == name), None)


def addresses(maker: Maker, connector: str, host: str) -> tuple[str, ...]:
    """Addresses to try on this host, the likeliest first; empty when ``host`` is none.

    ``host`` may bring a port, and may be a whole address of which only the host is used.
    """
    scheme = SCHEMES.get(connector, "")
    place = _place(host, scheme) if scheme else ""
    if not place:
        return ()
    paths = maker.paths.get(connector, ())
    has_port = place.rpartition("]")[2].count(":") == 1
    start = f"{scheme}://{place}"
    return tuple(start + ("" if path[:1] == ":" and has_port else path) for path in paths)


def _place(entered: str, scheme: str) -> str:
    """Host and port of what was entered; empty when that is no host."""
    host = entered.strip().rpartition("://")[2].partition("/")[0].rpartition("@")[2]
    if host.count(":") > 1 and not host.startswith("["):
        host = f"[{host}]"
    try:
        url = parse_url(f"{scheme}://{host}/", (scheme,))
    except CameraUnreachable:
        return ""
    port = f":{url.port}" if url.port else ""
    name = f"[{url.host}]" if ":" in url.host else url.host
    return f"{name}{port}"
