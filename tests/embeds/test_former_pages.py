"""Public pages became embeds: what was printed goes on, and shows no more than it did."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from tests.builders import counted, make_camera, make_embed
from tests.html import one, text_of
from tests.migrations.test_migrations import fill
from tests.people import Person
from webapp.database import migrate
from webapp.domain.embeds import read_options
from webapp.models import EmbedVariant, Organisation
from webapp.settings import Settings

BEFORE, AFTER = "0026_api_tokens", "0027_pages_are_embeds"
PAGE = "p" * 32


def _rows(path: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        with connection:
            return connection.execute(statement).fetchall()
    finally:
        connection.close()


def test_each_page_becomes_a_variant_that_shows_the_same(tmp_path: Path) -> None:
    """Camera 1 has a page alone, camera 2 one without the count beside an embed."""
    settings, file = Settings(data_dir=tmp_path), tmp_path / "nigiwai.db"
    asyncio.run(migrate(settings, ("core", BEFORE)))
    fill(file)
    _rows(file, "DELETE FROM embed_variant WHERE embed_key_id = 1")
    _rows(file, "DELETE FROM embed_key WHERE id = 1")
    _rows(file, "UPDATE public_page SET shows_count = 2 - id")
    asyncio.run(migrate(settings, ("core", AFTER)))
    found = _rows(
        file,
        "SELECT camera_id, page_key, key, options FROM embed_variant "
        "JOIN embed_key ON embed_key.id = embed_key_id WHERE page_key <> '' ORDER BY camera_id",
    )
    assert [row[:2] for row in found] == [(1, "key1"), (2, "key2")]
    assert ['"counts":true' in str(row[3]) for row in found] == [True, False]
    assert found[0][2] != "key1", "an embed without the count must not lead to one with it"
    assert found[1][2] == "key2", "what is embedded already stays where it is"
    assert _rows(file, "SELECT count(*) FROM embed_key") == [(2,)]


async def test_a_printed_address_leads_to_the_embed_until_its_key_is_renewed(
    alice: Person, anonymous: Person, organisation: Organisation
) -> None:
    camera = await make_camera(organisation, latest=counted(12))
    path = await make_embed(camera, counts=False)
    await EmbedVariant.all().update(page_key=PAGE)
    answer = await anonymous.get(f"/p/{PAGE}")
    assert (answer.status_code, answer.headers["location"]) == (302, path)
    assert (await anonymous.get(path)).status_code == 200
    key = path.split("/")[2]
    assert (await anonymous.get(f"/p/{key}")).status_code == 404, "other keys lead nowhere"
    await alice.send_form(f"/cameras/{camera.public_id}/embed/renew")
    assert (await anonymous.get(f"/p/{PAGE}")).status_code == 404


@pytest.mark.parametrize("key", ["", "x", "0" * 32, "%00", "あ", "a" * 4000])
async def test_what_is_no_key_leads_nowhere(anonymous: Person, key: str) -> None:
    for tail in ("", "/live"):
        assert (await anonymous.get(f"/p/{key}{tail}")).status_code == 404


async def test_the_page_of_a_camera_leads_to_its_embed(
    alice: Person, bob: Person, organisation: Organisation
) -> None:
    camera = await make_camera(organisation, latest=counted())
    base = f"/cameras/{camera.public_id}"
    assert "公開していません" in text_of(await bob.get(base), "#public")
    assert one(await alice.get(base), "#public form")["action"] == f"{base}/embed"
    await alice.send_form(f"{base}/embed")
    variant = await EmbedVariant.get().select_related("embed_key")
    assert read_options(variant.options).counts, "the defaults of E1"
    page = await bob.get(base)
    address = str(one(page, "#public-address")["value"])
    assert address.endswith(f"/e/{variant.embed_key.key}/{variant.name}")
    assert one(page, f'#public a[href="{base}/embed"]')
