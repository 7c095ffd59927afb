"""Reading answers as a person would: by what is in the page, not by its bytes."""

from __future__ import annotations

import httpx
from bs4 import BeautifulSoup
from bs4.element import Tag


def parsed(response: httpx.Response) -> BeautifulSoup:
    """The page."""
    return BeautifulSoup(response.text, "html.parser")


def one(response: httpx.Response, selector: str) -> Tag:
    """The one element that the selector names."""
    found = parsed(response).select(selector)
    assert len(found) == 1, f"{selector}: {len(found)} found"
    return found[0]


def text_of(response: httpx.Response, selector: str) -> str:
    """What that element says, blanks run together."""
    return " ".join(one(response, selector).get_text(" ").split())


def error_of(response: httpx.Response, name: str) -> str:
    """The message beside a field, which the field itself must point to."""
    control = one(response, f"#{name}")
    assert control["aria-invalid"] == "true"
    assert f"{name}-error" in str(control["aria-describedby"]).split()
    return text_of(response, f"#{name}-error")
