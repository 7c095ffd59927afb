"""The English catalogue says everything that the Japanese screens say."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from webapp.domain.health import CameraState
from webapp.i18n import LOCALES, Locale, accepted_language
from webapp.settings import ROOT
from webapp.words import state_sentence

JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def extracted() -> Catalog:
    """Every text in the sources, found as `make translations` finds them."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    keywords = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
    catalogue = Catalog()
    for folder in ("webapp", "templates"):
        rooted = [(pattern.removeprefix(f"{folder}/"), method) for pattern, method in methods]
        bare = {pattern.removeprefix(f"{folder}/"): value for pattern, value in options.items()}
        found = extract_from_dir(str(ROOT / folder), rooted, bare, keywords=keywords)
        for _, _, message, _, _ in found:
            catalogue.add(message)
    return catalogue


@pytest.fixture(scope="module")
def english() -> Catalog:
    """The catalogue as it is kept."""
    with (LOCALES / "en" / "LC_MESSAGES" / "nigiwai.po").open("rb") as file:
        return read_po(file, locale="en")


def ids(catalogue: Catalog) -> set[object]:
    return {message.id for message in catalogue if message.id}


def test_nothing_is_missing_and_nothing_is_left_over(extracted: Catalog, english: Catalog) -> None:
    assert len(ids(extracted)) > 100
    assert ids(extracted) - ids(english) == set()
    assert ids(english) - ids(extracted) == set()
    assert not english.obsolete


def test_everything_is_translated_for_sure(english: Catalog) -> None:
    for message in english:
        if not message.id:
            continue
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        assert not message.fuzzy, message.id
        assert all(text.strip() for text in texts), message.id
        assert not any(JAPANESE.search(text) for text in texts), message.id


def test_translations_take_the_same_values(english: Catalog) -> None:
    for message in english:
        if not message.id:
            continue
        wanted = message.id[0] if isinstance(message.id, tuple) else message.id
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        for text in texts:
            names = set(re.findall(r"%\((\w+)\)s", text))
            assert names == set(re.findall(r"%\((\w+)\)s", wanted)), message.id
            assert "%" not in re.sub(r"%\(\w+\)s", "", text), message.id


def test_sentences_of_a_state_read_well_in_both_languages() -> None:
    now = datetime(2025, 4, 1, 4, 30, tzinfo=UTC)
    since = datetime(2025, 4, 1, 4, 4, tzinfo=UTC)
    japanese = state_sentence(CameraState.UNREACHABLE, since, Locale("ja"), now)
    assert japanese == (
        "カメラに接続できません（13:04から）。カメラの電源とネットワークを確認してください。"
    )
    told = state_sentence(CameraState.UNREACHABLE, since, Locale("en"), now)
    assert told == "The camera cannot be reached (since 13:04). Check its power and network."
    assert state_sentence(CameraState.OK, None, Locale("en"), now) == ""


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "ja"),
        ("en", "en"),
        ("fr, en;q=0.3", "en"),
        ("en;q=0.2, ja;q=0.9", "ja"),
        ("*;q=1", "ja"),
        ("en;q=x", "ja"),
        ("EN-us", "en"),
    ],
)
def test_the_browsers_language_is_understood(header: str, language: str) -> None:
    assert accepted_language(header) == language
