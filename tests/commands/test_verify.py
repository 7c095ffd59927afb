"""``nigiwai verify`` on files alone: no database, no server, nothing but what was downloaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from joserfc.jwk import OKPKey
from nigiwai_engine_api import Frame

from nigiwai import cli
from tests.verification.conftest import crowd
from tests.verification.test_manifests import BACKGROUND, KEY, PUBLIC, made
from webapp.domain import masking
from webapp.domain.manifests import write_signed
from webapp.domain.pictures import encode_png
from webapp.settings import Settings
from webapp.verification.keys import jwk_of
from webapp.verification.signing import as_jws


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the page of a picture gives away."""
    one = made(crowd(3))
    text = as_jws(one.manifest, one.signed.signature)
    (tmp_path / "picture.json").write_bytes(write_signed(one.manifest, text))
    (tmp_path / "picture.jpg").write_bytes(one.jpeg)
    (tmp_path / "background.png").write_bytes(BACKGROUND)
    keys = {"keys": [jwk_of(KEY.kid, PUBLIC)]}
    (tmp_path / "keys.json").write_text(json.dumps(keys))
    return tmp_path


def verify(folder: Path, *files: str, key: str = "keys.json") -> Result:
    paths = [str(folder / file) for file in files or ("picture.json", "picture.jpg")]
    options = ["--background", str(folder / "background.png")]
    options += ["--key", str(folder / key)] if key else []
    return CliRunner().invoke(cli, ["verify", *paths, *options])


def change(folder: Path, **changes: Any) -> None:
    whole = json.loads((folder / "picture.json").read_text())
    whole["manifest"] |= changes
    (folder / "picture.json").write_text(json.dumps(whole))


def outcomes(result: Result) -> Mapping[str, str]:
    lines = [line.split() for line in result.stdout.splitlines()[1:-1]]
    return {words[1]: words[0] for words in lines}


def test_what_was_downloaded_is_verified(folder: Path) -> None:
    result = verify(folder)
    assert result.exit_code == 0, result.output
    assert outcomes(result) == dict.fromkeys(
        ("signature", "background", "raster", "picture"), "passed"
    )
    assert "3 figures" in result.stdout
    assert verify(folder, "picture.jpg", "picture.json").exit_code == 0
    alone = verify(folder, "picture.json")
    assert (alone.exit_code, outcomes(alone)["picture"]) == (0, "open")


def test_a_single_key_will_do(folder: Path) -> None:
    (folder / "one.json").write_text(json.dumps(jwk_of(KEY.kid, PUBLIC)))
    assert verify(folder, key="one.json").exit_code == 0


def test_without_a_key_the_signature_is_said_to_be_open(folder: Path) -> None:
    result = verify(folder, key="")
    assert (result.exit_code, outcomes(result)["signature"]) == (3, "open")


@pytest.mark.parametrize("file", ["picture.jpg", "background.png"])
def test_a_tampered_file_fails(folder: Path, file: str) -> None:
    data = bytearray((folder / file).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / file).write_bytes(bytes(data))
    result = verify(folder)
    assert result.exit_code == 1
    assert outcomes(result)[file.split(".")[0]] == "failed"


def test_tampered_figures_fail(folder: Path) -> None:
    figures = json.loads((folder / "picture.json").read_text())["manifest"]["figures"]
    change(folder, figures=figures[1:])
    result = verify(folder, "picture.json")
    assert (result.exit_code, outcomes(result)) == (1, {"signature": "failed"})
    result = verify(folder, "picture.json", key="")
    assert result.exit_code == 1
    assert outcomes(result) == {
        "signature": "open",
        "background": "passed",
        "raster": "failed",
        "picture": "open",
    }


def test_figures_that_cover_the_picture_over_and_over_are_not_drawn(folder: Path) -> None:
    huge = ["standing", 20_000, 160, 10_000, 3]
    change(folder, figures=[huge] * 90)
    assert verify(folder, "picture.json", key="").exit_code == 1  # drawn: the pixels differ
    change(folder, figures=[huge] * 101)
    result = verify(folder, "picture.json", key="")
    assert result.exit_code == 1
    assert "more often than anybody would draw" in result.stderr


def test_what_is_larger_than_the_usual_limit_is_looked_at(folder: Path) -> None:
    """And what is larger than any limit is no forgery: it could not be looked at."""
    width, height = 5000, 3400
    assert width * height > Settings.model_fields["max_picture_pixels"].default
    big = encode_png(Frame(np.full((height, width, 3), 90, np.uint8)))
    (folder / "background.png").write_bytes(big)
    sizes = {"width": width, "height": height, "figures": []}
    change(folder, background_sha256=hashlib.sha256(big).hexdigest(), **sizes)
    assert outcomes(verify(folder, "picture.json", key="")) == {
        "signature": "open",
        "background": "passed",
        "raster": "failed",  # the digest is still that of the small one
        "picture": "open",
    }
    change(folder, width=20_000, height=13_600)
    result = verify(folder, "picture.json", key="")
    assert (result.exit_code, outcomes(result)["background"]) == (3, "open")
    assert outcomes(result)["raster"] == "open"
    assert "larger than" in result.stdout


def test_a_forged_and_a_replayed_manifest_fail(folder: Path) -> None:
    stranger = OKPKey.generate_key("Ed25519", auto_kid=True).as_dict(private=False)
    (folder / "other.json").write_text(json.dumps({"keys": [stranger]}))
    assert outcomes(verify(folder, key="other.json"))["signature"] == "failed"
    (folder / "other.json").write_text(json.dumps({**stranger, "kid": KEY.kid}))
    assert outcomes(verify(folder, key="other.json"))["signature"] == "failed"
    another = made(crowd(5))
    (folder / "picture.json").write_bytes(
        write_signed(another.manifest, as_jws(another.manifest, another.signed.signature))
    )
    replayed = verify(folder)
    assert (replayed.exit_code, outcomes(replayed)["picture"]) == (1, "failed")
    change(folder, taken_at="2026-03-02T12:01:30Z")
    assert outcomes(verify(folder, "picture.json"))["signature"] == "failed"


def test_another_algorithm_in_the_header_is_refused(folder: Path) -> None:
    whole = json.loads((folder / "picture.json").read_text())
    for header in ("eyJhbGciOiJub25lIn0", ""):
        whole["signature"] = f"{header or 'e30'}..{whole['signature'].split('..')[1]}"
        (folder / "picture.json").write_text(json.dumps(whole))
        assert outcomes(verify(folder))["signature"] == "failed"


def test_a_style_of_before_is_said_to_be_that(folder: Path) -> None:
    style = {"name": "figure", "version": masking.STYLE_VERSION + 1, "library": masking.LIBRARY}
    change(folder, style=style)
    result = verify(folder, "picture.json", key="")
    assert result.exit_code == 3
    assert "does not draw any more" in result.stdout


def test_what_makes_no_sense_is_said_in_a_sentence(folder: Path) -> None:
    (folder / "empty.json").write_text("{}")
    (folder / "words.json").write_text("[1]")
    assert verify(folder, "empty.json").exit_code == 1
    assert "manifest" in verify(folder, "empty.json").stderr
    for files, key in (
        (("picture.jpg",), "keys.json"),
        (("picture.json", "picture.json"), "keys.json"),
        (("picture.json", "picture.jpg", "background.png"), "keys.json"),
        (("nothing.json",), "keys.json"),
        (("picture.json",), "words.json"),
        (("picture.json",), "background.png"),
        (("picture.json",), "nothing.json"),
    ):
        result = verify(folder, *files, key=key)
        assert result.exit_code == 2
        assert "Error:" in result.stderr
