"""The steps of 初回設定, and where an organisation stands.

Each step that is done is written down at once, so that Back, a reload, another tab or another
day lose nothing. A step that was reached may be opened again at any time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from webapp.i18n import N_
from webapp.models import Camera, Organisation, Role

PATH = "/setup"
# Where a sign-in leads that was not on its way to anywhere else.
_FIRST_PAGES = frozenset({"/", "/cameras"})


class Kind(StrEnum):
    """Where the cameras are, as the first step asks."""

    CLOUD = "cloud"
    NETWORK = "network"


class Step(StrEnum):
    """A step that is under way; ``LATER`` and ``FINISHED`` are no pages."""

    SOURCE = "source"
    CAMERAS = "cameras"
    SETTINGS = "settings"
    DONE = "done"
    LATER = "later"
    FINISHED = "finished"


PAGES = (Step.SOURCE, Step.CAMERAS, Step.SETTINGS, Step.DONE)
TITLES = {
    Step.SOURCE: N_("接続方法"),
    Step.CAMERAS: N_("カメラを選ぶ"),
    Step.SETTINGS: N_("カメラの設定"),
    Step.DONE: N_("完了"),
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an organisation has come: the furthest step that was reached."""

    reached: Step

    def may_open(self, step: Step) -> bool:
        """Whether the step was reached already."""
        return PAGES.index(step) <= PAGES.index(self.reached)


def progress_of(organisation: Organisation) -> Progress:
    """Read what is kept; whoever put it off, or is done, may go through it again."""
    kept = organisation.setup_step
    if kept == Step.FINISHED:
        return Progress(Step.DONE)
    if kept == Step.LATER:
        return Progress(Step.SETTINGS if organisation.setup_kind else Step.SOURCE)
    return Progress(Step(kept) if kept in PAGES else Step.SOURCE)


def next_of(step: Step) -> Step:
    """The step after this one."""
    return PAGES[min(PAGES.index(step) + 1, len(PAGES) - 1)]


async def reach(organisation: Organisation, step: Step) -> None:
    """Write down that the step was reached; one that was reached before stays so."""
    is_under_way = organisation.setup_step in PAGES
    if is_under_way and progress_of(organisation).may_open(step):
        return
    await put(organisation, step)


async def put(organisation: Organisation, step: Step) -> None:
    """Write down where it stands, whatever was before."""
    organisation.setup_step = step.value
    await organisation.save(update_fields=["setup_step"])


async def first_page(organisation: Organisation, role: Role, next_page: str) -> str:
    """Where a sign-in leads: to 初回設定 where there is nothing yet and nobody put it off."""
    if role is not Role.ADMIN or next_page not in _FIRST_PAGES:
        return next_page
    kept = organisation.setup_step
    if kept in PAGES:
        return PATH
    is_new = not kept and not await Camera.filter(organisation_id=organisation.id).exists()
    return PATH if is_new else next_page
