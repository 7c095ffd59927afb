"""Sources as people may read them: without names, passwords and keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx


def describe(source: Mapping[str, Any]) -> str:
    """Where the pictures come from, in one line that holds no secret.

    Of an address only scheme, host, port and path are shown: cameras take passwords in
    the query, too.
    """
    if "url" in source:
        return _describe_url(str(source["url"]))
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
    return f"{url.scheme}://{host}{port}{url.path}{'?…' if url.query else ''}"
