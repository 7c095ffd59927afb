"""What the read API answers: these classes make the JSON, and its description (OpenAPI 3.1).

Times are RFC 3339 with the offset of the organisation's zone, which is named beside them.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Id = Annotated[str, Field(pattern="^[a-z0-9]{1,16}$", description="カメラ識別子, or a group's.")]
Count = Annotated[int, Field(ge=0)]
Mean = Annotated[float, Field(ge=0)]


class Answer(BaseModel):
    """What every part of an answer has in common."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Kind(StrEnum):
    """A camera, or a group of cameras that are counted together."""

    CAMERA = "camera"
    GROUP = "group"


class Word(StrEnum):
    """How it is: free, some (やや混雑) and busy with an alert, done without one."""

    FREE = "free"
    SOME = "some"
    BUSY = "busy"
    DONE = "done"
    CLOSED = "closed"
    WAITING = "waiting"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


class Camera(Answer):
    """A camera of the organisation."""

    id: Id
    name: str
    kind: Kind


class Cameras(Answer):
    """Some of the cameras, in the order of their ids."""

    items: list[Camera]
    next: Id | None = Field(description="Give it as `after` for those that follow; null: none do.")


class Group(Answer):
    """A group of the organisation, and the ids of its cameras in their order."""

    id: Id
    name: str
    kind: Kind
    cameras: list[Id]


class Groups(Answer):
    """Some of the groups, in the order of their ids."""

    items: list[Group]
    next: Id | None = Field(description="Give it as `after` for those that follow; null: none do.")


class State(Answer):
    """How it is now, as embeds show it."""

    id: Id
    name: str
    kind: Kind
    state: Word
    text: str = Field(description="The state in words, in the language that was asked for.")
    is_deciding: bool = Field(description="判定中: the count alone would say another state.")
    count: Count | None = Field(description="People; null when it is not known, which is not 0.")
    at_least: bool = Field(
        description="Whether cameras of the group are missing, so there may be more people."
    )
    analysed_at: datetime | None = Field(description="When the last good picture was analysed.")
    is_open: bool = Field(description="By the business hours; a group's are its default camera's.")
    opening_changes_at: datetime | None = Field(
        description="When it next opens or closes; null: not within a year."
    )
    time_zone: str


class States(Answer):
    """The states of some cameras or groups, in the order of their ids."""

    items: list[State]
    next: Id | None = Field(description="Give it as `after` for those that follow; null: none do.")


class Step(StrEnum):
    """How long the steps of a history are."""

    QUARTER = "15m"
    HALF = "30m"
    HOUR = "1h"
    HOURS_2 = "2h"
    HOURS_3 = "3h"
    HOURS_6 = "6h"
    HOURS_12 = "12h"
    DAY = "1d"


class Counted(Answer):
    """One step in which at least one minute was analysed."""

    starts_at: datetime
    mean: Mean = Field(description="Over all analysed minutes.")
    max: Count
    min: Count
    count: Mean | None = Field(
        description="At :00, :15, :30 and :45, the mean where there are several; null: not known."
    )
    minutes: int = Field(ge=1, description="How many minutes were analysed.")


class History(Answer):
    """What was counted. Steps without any analysis are absent: they are not 0."""

    id: Id
    name: str
    kind: Kind
    time_zone: str
    step: Step
    items: list[Counted]


class UsualSlot(Answer):
    """A quarter hour of a weekday and the mean of people in it."""

    starts: str = Field(
        pattern="^[0-3][0-9]:(00|15|30|45)$",
        description="By the business day, 06:00 to 29:45: 25:00 on Monday is Tuesday at 1:00.",
    )
    mean: Mean


class Weekday(Answer):
    """A weekday: 1 is Monday, 7 is Sunday. Quarter hours that nothing is known of are absent."""

    weekday: int = Field(ge=1, le=7)
    slots: list[UsualSlot]


class Weekly(Answer):
    """混雑予測 by weekday: empty while `lacking_dates` more dates have to be analysed first."""

    id: Id
    name: str
    kind: Kind
    time_zone: str
    lacking_dates: Count
    weekdays: list[Weekday]


class DatedSlot(Answer):
    """A quarter hour to come. Four of five lie between low and high."""

    starts_at: datetime
    mean: Mean
    low: Mean
    high: Mean


class Dated(Answer):
    """混雑予測 of one business day (6:00 to 30:00), today's corrected by what was seen so far."""

    id: Id
    name: str
    kind: Kind
    time_zone: str
    lacking_dates: Count
    date: date
    holiday: str | None = Field(description="The name of the holiday, if it is one.")
    is_closed: bool = Field(description="Whether the business hours have it closed all day.")
    slots: list[DatedSlot]


class WrongParameter(Answer):
    """A parameter that cannot be used, and why."""

    name: str
    detail: str


class ProblemAnswer(BaseModel):
    """Why there is no answer (RFC 9457), in the language that was asked for."""

    type: str
    title: str
    status: int
    code: str = Field(description="For programs: a word that does not change.")
    detail: str
    parameters: list[WrongParameter] = Field(default_factory=list)
