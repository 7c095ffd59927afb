"""What `make run` promises: a newcomer signs in, and resets a password by the mailbox page."""

from __future__ import annotations

import re
import signal
import time
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
from bs4 import BeautifulSoup

from tests.jobs.test_commands import free_port, nigiwai

MAIL = "new@demo.example"
NEW_PASSWORD = "海辺の 自転車 と 古い時計"


class Newcomer(httpx.Client):
    """A browser without script. On localhost a browser keeps secure cookies without TLS, too,
    and ports share them; httpx does neither.
    """

    def __init__(self) -> None:
        hooks: Any = {"request": [self._bring], "response": [self._keep]}
        super().__init__(event_hooks=hooks, follow_redirects=True, timeout=10)
        self._kept: dict[str, str] = {}

    def _bring(self, request: httpx.Request) -> None:
        request.headers["Cookie"] = "; ".join(f"{name}={text}" for name, text in self._kept.items())

    def _keep(self, response: httpx.Response) -> None:
        for line in response.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                self._kept[name] = morsel.value
                if morsel["max-age"] == "0":
                    del self._kept[name]

    def press(self, page: httpx.Response, button: str = "", /, **fields: str) -> httpx.Response:
        """Fill in the form of a page that has this button, or its first one, and send it."""
        forms = BeautifulSoup(page.text, "html.parser").select("main form[method=post]")
        form = next((one for one in forms if not button or button in one.get_text()), None)
        assert form is not None, page.text
        sent = {str(one["name"]): str(one.get("value", "")) for one in form.select("input[name]")}
        for one in form.select("button[name]"):
            if one.get_text(strip=True) == button:
                sent[str(one["name"])] = str(one.get("value", ""))
        target = urljoin(str(page.url), str(form.get("action") or ""))
        origin = f"{page.url.scheme}://{page.url.netloc.decode()}"
        headers = {"Origin": origin, "Sec-Fetch-Site": "same-origin"}
        return self.post(target, data={**sent, **fields}, headers=headers)

    def mail(self, origin: str, subject: str, read: set[str]) -> str:
        """The text of a mail of that subject, once the mailbox page has one that was not read."""
        for _ in range(200):
            page = self.get(f"{origin}/mailbox")
            links = BeautifulSoup(page.text, "html.parser").select("main a[href^='/mailbox/']")
            found = [str(link["href"]) for link in links if subject in link.get_text()]
            if found and found[0] not in read:
                read.add(found[0])
                mail = self.get(f"{origin}{found[0]}")
                return BeautifulSoup(mail.text, "html.parser").get_text()
            time.sleep(0.1)
        raise AssertionError(f"no mail: {subject}")


def test_a_newcomer_signs_in_and_resets_the_password(tmp_path: Path) -> None:
    port, identity_port = free_port(), free_port()
    origin, identity = f"http://localhost:{port}", f"http://localhost:{identity_port}"
    process = nigiwai(
        "serve",
        "--demo",
        data_dir=tmp_path,
        listen_port=port,
        origin=origin,
        identity_listen_port=identity_port,
        identity_origin=identity,
    )
    read: set[str] = set()
    try:
        assert process.stdout is not None
        printed = ""
        while "/mailbox" not in printed:
            line = process.stdout.readline()
            assert line, printed
            printed += line
        told = re.search(rf"{MAIL} +(\S+)", printed)
        assert told is not None
        with Newcomer() as person:
            _sign_in(person, origin, told[1], read)
        with Newcomer() as person:
            page = person.get(f"{identity}/reset")
            page = person.press(page, mail=MAIL)
            page = person.press(page, "送信する")
            assert page.url.path == "/reset/sent"
            link = re.search(
                rf"{identity}/password/\S+", person.mail(origin, "パスワードリセット", read)
            )
            assert link is not None
            page = person.press(person.get(link[0]), password=NEW_PASSWORD)
            assert "パスワードを変更しました" in page.text
            _sign_in(person, origin, NEW_PASSWORD, read)
    finally:
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=30)
    assert "Traceback" not in rest


def _sign_in(person: Newcomer, origin: str, password: str, read: set[str]) -> None:
    """From the app to the login, the code by mail, 許可 if it is asked for, and back."""
    page = person.press(person.get(f"{origin}/cameras"), mail=MAIL, password=password)
    if page.url.path == "/login/code":
        code = re.search(r"\b\d{6}\b", person.mail(origin, "認証コード", read))
        assert code is not None
        page = person.press(page, code=code[0])
    if page.url.path == "/consent":
        page = person.press(page, "許可")
    assert str(page.url).startswith(f"{origin}/setup"), page.text
    assert page.status_code == 200
