"""How far a connection test came: アドレス → 接続 → 認証 → 画像 → 解析."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from webapp.connectors import CameraUnreachable, Phase, Step, Still
from webapp.domain.pictures import PictureRefused
from webapp.i18n import N_


class Part(StrEnum):
    """The parts of a test, in their order."""

    ADDRESS = "address"
    CONNECT = "connect"
    SIGN_IN = "sign_in"
    PICTURE = "picture"
    ANALYSIS = "analysis"


TITLES = {
    Part.ADDRESS: N_("アドレス"),
    Part.CONNECT: N_("接続"),
    Part.SIGN_IN: N_("認証"),
    Part.PICTURE: N_("画像"),
    Part.ANALYSIS: N_("解析"),
}


class Outcome(StrEnum):
    """How a part ended."""

    DONE = "done"
    FAILED = "failed"
    OPEN = "open"  # it was not come to


OUTCOMES = {
    Outcome.DONE: N_("成功"),
    Outcome.FAILED: N_("失敗"),
    Outcome.OPEN: N_("未確認"),
}

# Which sign-in a camera asked for, as connectors name it.
SIGN_INS = {
    "none": N_("認証なし"),
    "basic": N_("Basic認証"),
    "digest": N_("Digest認証"),
}


@dataclass(frozen=True, slots=True)
class Stage:
    """One part of a test: how it ended, how long it took (None: not measured), and a note."""

    part: Part
    outcome: Outcome
    ms: int | None = None
    note: str = ""

    @property
    def title(self) -> str:
        """Message id of its name."""
        return TITLES[self.part]

    @property
    def outcome_word(self) -> str:
        """Message id of how it ended: the mark alone is not enough."""
        return OUTCOMES[self.outcome]


_STEPS: Mapping[Part, tuple[Step, ...]] = {
    Part.ADDRESS: (Step.RESOLVE,),
    Part.CONNECT: (Step.CONNECT, Step.TLS),
    Part.PICTURE: (Step.HEADERS, Step.BODY, Step.DECODE),
}
_FAILED_AT: Mapping[Phase, Part] = {
    Phase.SETTINGS: Part.ADDRESS,
    Phase.ADDRESS: Part.ADDRESS,
    Phase.CONNECT: Part.CONNECT,
    Phase.SIGN_IN: Part.SIGN_IN,
    Phase.ANSWER: Part.PICTURE,
    Phase.FILE: Part.PICTURE,
    Phase.SERVICE: Part.CONNECT,
    Phase.CONSENT: Part.SIGN_IN,
    Phase.OPTION: Part.SIGN_IN,
    Phase.GONE: Part.PICTURE,
}


def parts_of(*, is_local: bool) -> tuple[Part, ...]:
    """The parts of a test; a file needs no connection."""
    return (Part.PICTURE, Part.ANALYSIS) if is_local else tuple(Part)


def passed_stages(still: Still, ms_analysis: int, *, is_local: bool) -> tuple[Stage, ...]:
    """The stages of a test in which everything went well."""
    return tuple(
        Stage(
            part,
            Outcome.DONE,
            ms_analysis if part is Part.ANALYSIS else _ms(still, part),
            _note(still, part),
        )
        for part in parts_of(is_local=is_local)
    )


def failed_stages(error: Exception, still: Still | None, *, is_local: bool) -> tuple[Stage, ...]:
    """The stages of a test that ended with this error; ``still`` when a picture came at all."""
    failed = _failed_part(error, still)
    parts = parts_of(is_local=is_local)
    if failed not in parts:
        failed = parts[0]
    at = parts.index(failed)
    return tuple(
        Stage(
            part,
            Outcome.DONE if index < at else Outcome.FAILED if index == at else Outcome.OPEN,
            _ms(still, part) if still and index < at else None,
            _note(still, part) if still and index < at else "",
        )
        for index, part in enumerate(parts)
    )


def _failed_part(error: Exception, still: Still | None) -> Part:
    if isinstance(error, CameraUnreachable):
        if error.phase is Phase.TIMEOUT:
            return _part_of_step(error.step)
        return _FAILED_AT[error.phase]
    if still is None or isinstance(error, PictureRefused):
        return Part.PICTURE
    return Part.ANALYSIS


def _part_of_step(step: Step | None) -> Part:
    return next((part for part, steps in _STEPS.items() if step in steps), Part.CONNECT)


def _ms(still: Still, part: Part) -> int | None:
    steps = [still.seconds[step] for step in _STEPS.get(part, ()) if step in still.seconds]
    return round(sum(steps) * 1000) if steps else None


def _note(still: Still, part: Part) -> str:
    return SIGN_INS.get(still.facts.get("sign_in", ""), "") if part is Part.SIGN_IN else ""
