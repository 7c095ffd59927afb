"""Menus, tabs and views: what is offered exists, and for whom it is for (S1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from starlette.requests import Request

from tests.builders import counted, make_camera
from tests.html import one, parsed, text_of
from tests.people import Person
from webapp.cameras import views
from webapp.cameras.tabs import CAMERA_TABS
from webapp.cameras.views import VIEWS, View
from webapp.models import Organisation
from webapp.templating import TEMPLATES
from webapp.urls import pages


def links(page: Any, selector: str) -> list[str]:
    return [str(link["href"]) for link in parsed(page).select(f"{selector} a")]


async def test_the_gear_leads_only_to_what_there_is(alice: Person, bob: Person) -> None:
    for person in (alice, bob):
        menu = links(await person.get("/cameras"), ".top-bar nav.menu-items")
        assert {"/cameras/manage", "/organisation"} <= set(menu)
        assert set(menu) <= set(pages())
        for path in menu:
            assert (await person.get(path)).status_code == 200
        assert ("/organisation/audit" in menu) is (person is alice)


async def test_the_tabs_of_a_camera_are_those_one_may_open(
    alice: Person, bob: Person, organisation: Organisation
) -> None:
    camera = await make_camera(organisation, latest=counted())
    base = f"/cameras/{camera.public_id}"
    landed = [tab for tab in CAMERA_TABS if f"/cameras/{{camera}}/{tab.path}" in pages()]
    page = await alice.get(f"{base}/mode")
    assert links(page, ".settings-tabs") == [f"{base}/{tab.path}" for tab in landed]
    assert text_of(page, ".settings-tabs [aria-current=page]") == "AIモード"
    theirs = links(await bob.get(f"{base}/mode"), ".settings-tabs")
    assert f"{base}/mode" in theirs
    for path in theirs:
        assert (await bob.get(path)).status_code == 200
    assert f"{base}/edit" not in theirs


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_the_parts_of_a_view_are_there(view: View) -> None:
    parts = (view.figure, view.below, view.group_figure, view.group_below)
    assert any(parts)
    assert all((TEMPLATES / part).is_file() for part in parts if part)


async def test_a_view_switches_every_card_and_is_kept(
    alice: Person, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    async def load(_request: Request, cards: Sequence[Any]) -> Mapping[str, Any]:
        asked.append(len(cards))
        return {}

    other = View("other", "検索", "search", below="cameras/_count.html", load=load)
    monkeypatch.setattr(views, "VIEWS", (VIEWS[0], other))
    for name in ("東口", "西口"):
        await make_camera(organisation, name, latest=counted())
    page = await alice.get("/cameras?view=other")
    assert len(parsed(page).select(".camera-card .count")) == 2
    assert not parsed(page).select(".camera-card img")
    assert asked == [2], "once for all cards"
    assert text_of(page, ".switch:not(.switch-end) [aria-current]") == "検索"
    assert one(page, "#selection input[name=view]")["value"] == "other"
    assert parsed(await alice.get("/cameras?view=nonsense")).select(".camera-card img")


def test_a_view_without_parts_for_groups_is_not_offered_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    single = replace(VIEWS[0], name="single", group_figure="", group_below="")
    both = replace(VIEWS[0], name="both", group_figure="cameras/_figure.html")
    monkeypatch.setattr(views, "VIEWS", (single, both))
    anybody = Request({"type": "http"})
    assert [view.name for view in views.views(anybody, of_groups=True)] == ["both"]
    asked = Request({"type": "http", "query_string": b"view=single"})
    assert views.read_view(asked, of_groups=True).name == "both"
