"""Areas as a form: one rule and one line of corners for each, in per cent of the picture.

The same fields serve the drawing, the keyboard and a page without script: what is drawn is
written into them, and they are all that is sent.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData

from webapp.domain.areas import (
    MOST_AREAS,
    MOST_POINTS,
    Area,
    AreaProblem,
    AreaRefused,
    Rule,
    as_json,
    read_areas,
)
from webapp.errors import UserError
from webapp.i18n import N_

RULES = {Rule.COUNT: N_("数える"), Rule.LEAVE_OUT: N_("数えない")}

PROBLEMS = {
    AreaProblem.FORM: N_(
        "エリア%(number)s: 点は「横,縦」の数字を空白で区切って入力してください。"
        "例: 10,20 80,20 80,90"
    ),
    AreaProblem.RULE: N_("エリア%(number)s: 「数える」か「数えない」を選んでください。"),
    AreaProblem.TOO_MANY_AREAS: N_("エリアは%(most)s個まで設定できます。"),
    AreaProblem.TOO_FEW_POINTS: N_("エリア%(number)s: 点を3つ以上にしてください。"),
    AreaProblem.TOO_MANY_POINTS: N_("エリア%(number)s: 点を%(most_points)s個以下にしてください。"),
    AreaProblem.OUT_OF_RANGE: N_(
        "エリア%(number)s: 点が画像の外にあります。0から100までの数字にしてください。"
    ),
    AreaProblem.NO_SURFACE: N_(
        "エリア%(number)s: すべての点が一直線に並んでいます。点を動かして面にしてください。"
    ),
    AreaProblem.CROSSES_ITSELF: N_(
        "エリア%(number)s: 線が交わっているか、点が重なっています。点を動かしてください。"
    ),
}

_NUMBER = re.compile(r"-?[0-9]{1,4}(\.[0-9]{1,6})?")


@dataclass(frozen=True, slots=True)
class Entered:
    """One area as it was entered, or as it stands in the form."""

    rule: str
    points: str


@dataclass(frozen=True, slots=True)
class AreasForm:
    """What was entered, what it means, and what is wrong with it (``index`` from 0)."""

    entered: tuple[Entered, ...]
    areas: tuple[Area, ...] = ()
    error: UserError | None = None
    index: int | None = None


def form_of(stored: Any) -> AreasForm:
    """The form with what is kept of a camera; nothing when that cannot be read any more."""
    try:
        areas = read_areas(stored)
    except AreaRefused as refused:
        return AreasForm((), error=_error(refused), index=None)
    return AreasForm(tuple(_shown(area) for area in areas), areas)


def read_form(form: FormData) -> AreasForm:
    """Read what was entered; an area without any corner is one that was taken away."""
    pairs = zip(_texts(form, "rule"), _texts(form, "points"), strict=False)
    entered = tuple(Entered(rule, points) for rule, points in pairs if points)
    try:
        areas = read_areas([_item(index, one) for index, one in enumerate(entered)])
    except AreaRefused as refused:
        return AreasForm(entered, error=_error(refused), index=refused.index)
    return AreasForm(entered, areas)


def stored_form(areas: Sequence[Area]) -> list[dict[str, Any]]:
    """What is kept of a camera."""
    return as_json(areas)


def _texts(form: FormData, name: str) -> list[str]:
    values = form.getlist(name)[: MOST_AREAS + 1]
    return [value.strip() if isinstance(value, str) else "" for value in values]


def _item(index: int, entered: Entered) -> dict[str, Any]:
    pairs = entered.points.replace("，", ",").split()
    points = [pair.split(",") for pair in pairs]
    if not all(len(pair) == 2 and all(map(_NUMBER.fullmatch, pair)) for pair in points):
        raise AreaRefused(AreaProblem.FORM, "Its points are not pairs of numbers.", index)
    return {
        "rule": entered.rule,
        "points": [[round(float(value) / 100, 6) for value in pair] for pair in points],
    }


def _shown(area: Area) -> Entered:
    pairs = (f"{_percent(x)},{_percent(y)}" for x, y in area.points)
    return Entered(area.rule.value, " ".join(pairs))


def _percent(value: float) -> str:
    return f"{value * 100:.2f}".rstrip("0").rstrip(".")


def _error(refused: AreaRefused) -> UserError:
    number = "" if refused.index is None else refused.index + 1
    return UserError(
        PROBLEMS[refused.problem],
        field="areas",
        number=number,
        most=MOST_AREAS,
        most_points=MOST_POINTS,
    )
