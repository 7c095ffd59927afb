"""The words for a browser: short, and nothing of what it said itself."""

import pytest

from webapp.identity.browser import browser_in_words

MOZILLA = "Mozilla/5.0 (%s) AppleWebKit/537.36 (KHTML, like Gecko) "
WINDOWS = MOZILLA % "Windows NT 10.0; Win64; x64"
MAC = MOZILLA % "Macintosh; Intel Mac OS X 10_15_7"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (WINDOWS + "Chrome/140.0.0.0 Safari/537.36", "Chrome / Windows"),
        (WINDOWS + "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0", "Edge / Windows"),
        (MAC + "Version/18.0 Safari/605.1.15", "Safari / macOS"),
        (MAC + "Chrome/140.0.0.0 Safari/537.36 OPR/120.0", "Opera / macOS"),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox / Linux",
        ),
        (
            MOZILLA % "iPhone; CPU iPhone OS 18_0 like Mac OS X"
            + "CriOS/140.0 Mobile Safari/604.1",
            "Chrome / iPhone",
        ),
        (
            MOZILLA % "Linux; Android 15; K"
            + "SamsungBrowser/28.0 Chrome/130.0 Mobile Safari/537.36",
            "Samsung Internet / Android",
        ),
        (
            MOZILLA % "X11; CrOS x86_64 14541.0.0" + "Chrome/140.0 Safari/537.36",
            "Chrome / ChromeOS",
        ),
        ("curl/8.0", ""),
        ("<script>alert(1)</script> Windows", "Windows"),
        ("", ""),
    ],
)
def test_browsers_have_short_names(user_agent: str, words: str) -> None:
    assert browser_in_words(user_agent) == words
