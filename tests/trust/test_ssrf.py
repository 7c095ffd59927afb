"""TRUST 27: whatever an address says, no packet leaves the networks in which cameras live."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import missing
from webapp.settings import ROOT

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    """What the process in its own network namespace saw."""
    if not shutil.which("ip") or not shutil.which("unshare"):
        missing("ip (iproute2) or unshare (util-linux)")
    allowed = subprocess.run(
        ["unshare", "-n", "ip", "link", "add", "one0", "type", "veth", "peer", "name", "two0"],
        capture_output=True,
        check=False,
    )
    if allowed.returncode:
        missing("the right to make a network namespace")
    proxied = {**os.environ, **dict.fromkeys(PROXIES, "http://127.0.0.1:3128")}
    done = subprocess.run(
        ["unshare", "-n", sys.executable, "-m", "tests.trust.ssrf_process"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=proxied,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_the_counter_counts(seen: dict[str, Any]) -> None:
    assert set(seen["proof"]) == {
        "8.8.8.8", "169.254.169.254", "127.0.0.1", "2001:4860:4860::8888", "::1",
    }  # fmt: skip
    assert seen["packets"] > 1000, "the camera at the allowed address was talked to"


def test_no_packet_leaves_the_allowed_networks(seen: dict[str, Any]) -> None:
    assert seen["attacks"] >= 150
    assert len(seen["kinds"]) >= 9
    assert min(seen["kinds"].values()) >= 30
    assert seen["foreign"] == {}


def test_every_attack_ends_in_a_phase(seen: dict[str, Any]) -> None:
    assert seen["unexpected"] == []
    assert not {"still", "crash"} & set(seen["phases"])


def test_a_name_is_looked_up_once_an_attack(seen: dict[str, Any]) -> None:
    # 6 rounds of 3 connectors, some of which are sent to the name once more
    assert seen["looked_up"]["both.example"] == 18
    assert 18 <= seen["looked_up"]["rebind.example"] <= 36
