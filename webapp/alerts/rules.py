"""From the row of an alert to rules that the domain understands, and back.

``stage_settings`` is a list of three objects, one a stage, whether or not there are three:
``{"picture_on": bool, "template": str, "picture": key, "mail_on": bool, "addresses": [str],
"hint": str}``. ``template`` is empty for an uploaded picture; ``hint`` are the words about quiet
times that the picture of a template was drawn with.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from webapp.domain.alerts import FIRST, MEMORY, Policy, Sample, State
from webapp.models import Alert

STAGES = 3
MOST_ADDRESSES = 5


@dataclass(frozen=True, slots=True)
class StageSettings:
    """What a stage shows, and whom it tells."""

    picture_on: bool = False
    template: str = ""
    picture: str = ""
    mail_on: bool = False
    addresses: tuple[str, ...] = ()
    hint: str = ""

    @property
    def shown(self) -> str:
        """The key of the picture that stands for the stage; empty: none does."""
        return self.picture if self.picture_on else ""

    @property
    def told(self) -> tuple[str, ...]:
        """Who gets a mail."""
        return self.addresses if self.mail_on else ()


def read_stages(stored: object) -> list[StageSettings]:
    """The settings of all three stages, also where less is stored."""
    rows = json.loads(stored) if isinstance(stored, str) else stored
    rows = rows if isinstance(rows, list) else []
    read = [_read_stage(row) for row in rows[:STAGES] if isinstance(row, dict)]
    return read + [StageSettings()] * (STAGES - len(read))


def write_stages(stages: Sequence[StageSettings]) -> list[dict[str, Any]]:
    """The form in which they are stored."""
    return [{**asdict(stage), "addresses": list(stage.addresses)} for stage in stages]


def policy_of(thresholds: object, stages: Sequence[StageSettings], interval: float) -> Policy:
    """The rules; ``interval`` is that of the captures in seconds."""
    numbers = json.loads(thresholds) if isinstance(thresholds, str) else thresholds
    if not isinstance(numbers, list):
        raise ValueError("thresholds are a list")  # noqa: TRY004 - what a row holds, not a type
    mails = frozenset(
        number for number, stage in enumerate(stages, FIRST) if number > FIRST and stage.told
    )
    return Policy(
        tuple(int(number) for number in numbers),
        mails,
        memory=max(MEMORY, timedelta(seconds=5 * interval)),
    )


def policy_of_alert(alert: Alert, interval: float) -> Policy:
    """The rules of a row."""
    return policy_of(alert.thresholds, read_stages(alert.stage_settings), interval)


def read_state(row: Mapping[str, Any]) -> State:
    """Where the state machine stands, from a row of ``alert_state``."""
    return State(
        stage=int(row["stage"]),
        since=_instant(row["since"]),
        minute=_instant(row["minute"]),
        seen=tuple(
            Sample(datetime.fromisoformat(minute), int(count), bool(is_partial))
            for minute, count, is_partial in _list(row["seen"])
        ),
        told=tuple((int(stage), datetime.fromisoformat(at)) for stage, at in _list(row["told"])),
    )


def write_state(state: State) -> dict[str, Any]:
    """The columns of ``alert_state``; lists as they are."""
    return {
        "stage": state.stage,
        "since": state.since,
        "minute": state.minute,
        "seen": [[one.minute.isoformat(), one.count, one.is_partial] for one in state.seen],
        "told": [[stage, at.isoformat()] for stage, at in state.told],
    }


def _read_stage(row: Mapping[str, Any]) -> StageSettings:
    return StageSettings(
        picture_on=row.get("picture_on") is True,
        template=str(row.get("template") or ""),
        picture=str(row.get("picture") or ""),
        mail_on=row.get("mail_on") is True,
        addresses=tuple(str(one) for one in row.get("addresses") or ())[:MOST_ADDRESSES],
        hint=str(row.get("hint") or ""),
    )


def _instant(value: datetime | str | None) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _list(value: object) -> list[Any]:
    read = json.loads(value) if isinstance(value, str) else value
    return read if isinstance(read, list) else []
