"""Sources as people may read them: without names, passwords and keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import httpx

# Some cameras take the password in the path: /user=admin&password=…&channel=1.
_PASSWORD = re.compile(r"((?:pass[a-z_-]*|pwd)(?:=|%3d))[^/&;?]*", re.IGNORECASE)


def describe(source: Mapping[str, Any]) -> str:
    """Where the pictures come from, in one line that holds no secret.

    Of an address only scheme, host, port and path are shown: cameras take passwords in
    the query, too. Of a path, what follows ``password=`` and its like is left out.
    """
    if "url" in source:
        return _describe_url(str(source["url"]))
    if "consent" in source:
        # Where it is, its owner's page says; the camera's id in the cloud tells it apart.
        return "".join(letter for letter in str(source.get("camera", "")) if letter.isprintable())
    path = "".join(letter for letter in str(source.get("path", "")) if letter.isprintable())
    crop = source.get("crop")
    if isinstance(crop, list | tuple) and len(crop) == 4:
        x, y, width, height = crop
        return f"{path} ({width}×{height}, {x}, {y})"
    return path


def _describe_url(value: str) -> str:
    try:
        url = httpx.URL(value)
    except httpx.InvalidURL:
        return "…"
    if url.scheme not in {"http", "https", "rtsp"} or not url.host:
        return "…"
    host = f"[{url.host}]" if ":" in url.host else url.host
    port = f":{url.port}" if url.port else ""
    # Masked before it is decoded: a password may hold an escaped & or /.
    path = unquote(_PASSWORD.sub(r"\1…", url.raw_path.decode("ascii").partition("?")[0]))
    return f"{url.scheme}://{host}{port}{path}{'?…' if url.query else ''}"
