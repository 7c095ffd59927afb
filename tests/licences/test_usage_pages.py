"""APIコール数の内訳, its CSV, and the forecast on the licence page (E3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from tortoise.backends.sqlite.client import SqliteClient

from tests.builders import make_camera, make_embed, make_group
from tests.html import parsed, text_of
from tests.people import Person
from webapp.licences.calls import count_calls
from webapp.models import Organisation
from webapp.operator.licences import set_licence
from webapp.operator.office import open_office
from webapp.services import Services

AT = datetime(2026, 8, 20, 3, 0, tzinfo=UTC)  # noon in Tokyo
PATH = "/licences/usage"


@pytest.fixture(autouse=True)
def _in_august() -> Any:
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
async def used(services: Services, organisation: Organisation) -> dict[str, str]:
    """Two cameras and a group with embeds; one camera was deleted. Public ids by name."""
    office = open_office(services.settings)
    await set_licence(office, AT, organisation=organisation.public_id, cameras="1")
    north, south = [await make_camera(organisation, name) for name in ("=北口", "南口")]
    group = await make_group(organisation, "駅前", [north])
    keys = [(await make_embed(thing)).split("/")[2] for thing in (north, south, group)]
    for day in range(1, 20):
        at = AT - timedelta(days=day)
        await count_calls(organisation, {keys[0]: 10 * day, keys[1]: 5}, at)
    await count_calls(organisation, {keys[2]: 1_000}, AT)
    await south.delete()
    return dict(zip(("north", "south", "group"), keys, strict=True))


async def test_a_month_by_key_and_by_day(bob: Person, used: dict[str, str]) -> None:
    page = await bob.get(PATH)
    assert page.status_code == 200
    keys = [row.get_text(" ", strip=True) for row in parsed(page).select("#keys tbody tr")]
    assert keys == [
        "=北口 カメラ 1,900 63.4%",
        "駅前 グループ 1,000 33.4%",
        "南口 削除済み カメラ 95 3.2%",
    ]
    days = [row.get_text(" ", strip=True) for row in parsed(page).select("#days tbody tr")]
    assert len(days) == 20
    assert days[0] == "8月20日(木) 1,000"
    assert days[-1] == "8月1日(土) 195"
    bars = parsed(page).select("#days svg rect")
    assert len(bars) == 20
    assert "8月20日(木) 1,000" in bars[-1].get_text()
    assert "bar-marked" in bars[-1]["class"]
    assert "2,995" in text_of(page, ".usage-sum")
    assert "7,005" in text_of(page, ".usage-sum")


async def test_one_key_of_it(bob: Person, used: dict[str, str]) -> None:
    link = parsed(await bob.get(PATH)).select("#keys tbody tr")[2].select_one("a")
    assert link is not None
    page = await bob.get(str(link["href"]))
    assert "南口 削除済み 95" in text_of(page, ".usage-chosen")
    days = [row.get_text(" ", strip=True) for row in parsed(page).select("#days tbody tr")]
    assert days[:2] == ["8月20日(木) 0", "8月19日(水) 5"]


async def test_the_csv_has_every_day_of_every_key(bob: Person, used: dict[str, str]) -> None:
    answer = await bob.get(f"{PATH}.csv?month=2026-08")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "calls_2026-08.csv" in answer.headers["content-disposition"]
    lines = answer.text.removeprefix("\ufeff").splitlines()
    assert lines[0] == '"日付","種類","名称","状態","APIコール数"'
    assert lines[-1] == '"2026-08-20","グループ","駅前","使用中","1000"'
    assert len(lines) == 1 + 2 * 19 + 1
    assert sum(int(line.rsplit('"', 2)[1]) for line in lines[1:]) == 2_995
    assert '"北口"' in answer.text, "no spreadsheet takes a name for a formula"
    assert '"南口","削除済み"' in answer.text
    key = str(parsed(await bob.get(PATH)).select("#keys a")[1]["href"]).split("key=")[1]
    one = await bob.get(f"{PATH}.csv?key={key.removesuffix('#days')}")
    assert len(one.text.splitlines()) == 2


async def test_another_organisation_sees_none_of_it(charlie: Person, used: dict[str, str]) -> None:
    page = await charlie.get(PATH)
    assert "まだ表示されていません" in page.text
    assert not parsed(page).select("#keys")
    assert len((await charlie.get(f"{PATH}.csv")).text.splitlines()) == 1


async def test_a_month_or_a_key_that_is_none_is_not_found(
    alice: Person, bob: Person, charlie: Person, used: dict[str, str]
) -> None:
    for query in ("month=2026-07", "month=x", "key=none", "month=2026-08&key=none"):
        for kind in ("", ".csv"):
            assert (await alice.get(f"{PATH}{kind}?{query}")).status_code == 404
    link = str(parsed(await bob.get(PATH)).select("#keys a")[0]["href"])
    assert (await charlie.get(link)).status_code == 404, "it is somebody else's"


async def test_nothing_used_says_what_to_do(alice: Person) -> None:
    page = await alice.get(PATH)
    assert "埋め込み用コード" in page.text
    assert "無制限" in text_of(page, ".usage-sum")
    assert not parsed(page).select("svg.bar, #days")


async def test_the_forecast_in_words(
    alice: Person, organisation: Organisation, services: Services
) -> None:
    camera = await make_camera(organisation)
    key = (await make_embed(camera)).split("/")[2]
    for path in ("/licences", PATH):
        assert "見込み" not in (await alice.get(path)).text, "nothing limits it"
    office = open_office(services.settings)
    await set_licence(office, AT, organisation=organisation.public_id, cameras="1")
    for day in range(1, 11):
        await count_calls(organisation, {key: 100}, AT - timedelta(days=day))
    for path in ("/licences", PATH):
        assert "月末までに約2,100回になる見込み" in (await alice.get(path)).text
    await count_calls(organisation, {key: 7_000}, AT)
    for path in ("/licences", PATH):
        page = await alice.get(path)
        assert "このペースでは、8月23日(日)に使い切る見込みです" in text_of(page, ".usage-reach")
    await count_calls(organisation, {key: 9_999}, AT)
    for path in ("/licences", PATH):
        assert "使い切りました" in (await alice.get(path)).text


async def test_it_speaks_english(
    alice: Person, organisation: Organisation, used: dict[str, str]
) -> None:
    await Organisation.filter(id=organisation.id).update(language="en")
    page = await alice.get(PATH)
    said = text_of(page, "main").replace("北口", "").replace("南口", "").replace("駅前", "")
    assert not any(ord(letter) > 0x3000 for letter in said), said
    assert "Sat, Aug 1" in said


async def test_a_hundred_keys_take_no_more_queries_than_one(
    alice: Person, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    plain = SqliteClient.execute_query

    async def counting(self: SqliteClient, query: str, values: list[Any] | None = None) -> Any:
        asked.append(query)
        return await plain(self, query, values)

    async def queries() -> int:
        asked.clear()
        monkeypatch.setattr(SqliteClient, "execute_query", counting)
        assert (await alice.get(PATH)).status_code == 200
        monkeypatch.setattr(SqliteClient, "execute_query", plain)
        return len(asked)

    for number in range(2):
        camera = await make_camera(organisation, f"カメラ{number}")
        await count_calls(organisation, {(await make_embed(camera)).split("/")[2]: 1}, AT)
    few = await queries()
    for number in range(2, 100):
        camera = await make_camera(organisation, f"カメラ{number}")
        await count_calls(organisation, {(await make_embed(camera)).split("/")[2]: 1}, AT)
    assert await queries() == few <= 12
