"""Which cameras of a list are shown, and in which order, as its address says (S1)."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from webapp.cameras.queries import Card
from webapp.i18n import N_

LONGEST = 100

# What can be asked for: the classes of a state, trouble first.
KINDS = {
    "unknown": N_("不明"),
    "stopped": N_("停止中"),
    "waiting": N_("準備中"),
    "busy": N_("混雑"),
    "some": N_("やや混雑"),
    "free": N_("空"),
    "done": N_("解析済み"),
    "closed": N_("営業時間外"),
}


class Order(StrEnum):
    """How a list is sorted. What is not known comes last."""

    ADDED = "added"  # the oldest camera first
    NAME = "name"
    COUNT = "count"  # the busiest first
    STATE = "state"  # trouble first
    TIME = "time"  # the newest answer first


ORDERS = {
    Order.ADDED: N_("追加順"),
    Order.NAME: N_("名前順"),
    Order.COUNT: N_("検知人数の多い順"),
    Order.STATE: N_("状態順（不明が先）"),
    Order.TIME: N_("解析時刻の新しい順"),
}


@dataclass(frozen=True, slots=True)
class Selection:
    """What was asked for; ``kind`` is empty for every state."""

    text: str = ""
    kind: str = ""
    order: Order = Order.ADDED

    @property
    def narrows(self) -> bool:
        """Whether some cameras may be left out."""
        return bool(self.text or self.kind)

    @property
    def query(self) -> str:
        """The same as the end of an address; empty when nothing was asked for."""
        order = "" if self.order is Order.ADDED else self.order.value
        asked = {"q": self.text, "state": self.kind, "sort": order}
        return urlencode({name: value for name, value in asked.items() if value})


def read_selection(parameters: Mapping[str, str]) -> Selection:
    """Read an address; what makes no sense in it is as if it were not there."""
    text = "".join(c for c in parameters.get("q", "") if c.isprintable()).strip()[:LONGEST]
    kind, order = parameters.get("state", ""), parameters.get("sort", "")
    return Selection(
        text=text,
        kind=kind if kind in KINDS else "",
        order=Order(order) if order in list(Order) else Order.ADDED,
    )


def select(cards: Sequence[Card], selection: Selection) -> list[Card]:
    """The cards that were asked for, in the order that was asked for."""
    words = _folded(selection.text).split()
    found = [
        card
        for card in cards
        if (not selection.kind or card.sight.kind == selection.kind)
        and all(word in _folded(f"{card.camera.name} {card.camera.public_id}") for word in words)
    ]
    key = _KEYS.get(selection.order)
    return sorted(found, key=key) if key else found


def tally(cards: Sequence[Card]) -> dict[str, int]:
    """How many cameras there are of each kind of state, trouble first; kinds without are left out.

    The values are in the order of ``KINDS``.
    """
    counts = Counter(card.sight.kind for card in cards)
    return {kind: counts[kind] for kind in KINDS if counts[kind]}


def _folded(text: str) -> str:
    """Make wide and narrow letters, capitals, hiragana and katakana the same."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in plain)


def _by_name(card: Card) -> list[tuple[int, str]]:
    """Numbers within names count as numbers: カメラ2 stands before カメラ10."""
    parts = re.split(r"([0-9]+)", _folded(card.camera.name))
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _by_count(card: Card) -> float:
    return float("inf") if card.sight.count is None else -card.sight.count


def _by_state(card: Card) -> int:
    return list(KINDS).index(card.sight.kind)


def _by_time(card: Card) -> float:
    return float("inf") if card.sight.at is None else -card.sight.at.timestamp()


_KEYS: dict[Order, Callable[[Card], Any]] = {
    Order.NAME: _by_name,
    Order.COUNT: _by_count,
    Order.STATE: _by_state,
    Order.TIME: _by_time,
}
