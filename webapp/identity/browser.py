"""From where somebody comes: the address, and the browser in words."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

# The cookie by which a browser is known again: a token for each account that signed in on it.
DEVICE_COOKIE = "__Host-nigiwai-id-device"
BETWEEN_TOKENS = "."
MOST_TOKENS = 5

# The first word that is found names it: browsers call themselves by the names of others too.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("YaBrowser/", "Yandex"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Windows", "Windows"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class Visitor:
    """From where a request comes; ``device_tokens`` are what its browser was given (I4)."""

    address: str
    browser: str
    family: str = ""
    platform: str = ""
    device_tokens: tuple[str, ...] = ()


def visitor_of(request: Request) -> Visitor:
    """From where this request comes, by what no header of a stranger can change (TRUST 22)."""
    user_agent = request.headers.get("user-agent", "")
    return Visitor(
        request.state.address,
        browser_in_words(user_agent),
        _first(user_agent, _BROWSERS),
        _first(user_agent, _SYSTEMS),
        _tokens(request.cookies.get(DEVICE_COOKIE, "")),
    )


def browser_in_words(user_agent: str) -> str:
    """``Chrome / Windows``; what is not known is left out, and nothing of the text is kept."""
    found = (_first(user_agent, _BROWSERS), _first(user_agent, _SYSTEMS))
    return " / ".join(word for word in found if word)


def _first(text: str, names: tuple[tuple[str, str], ...]) -> str:
    return next((word for mark, word in names if mark in text), "")


def _tokens(cookie: str) -> tuple[str, ...]:
    """The tokens of the cookie; what is too long to be one is dropped."""
    tokens = cookie[:1000].split(BETWEEN_TOKENS)
    return tuple(token for token in tokens if 0 < len(token) <= 64)[:MOST_TOKENS]
