"""What a screen leads to: an entry appears once its page exists, for whom the page is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from starlette.requests import Request

from webapp.access import may_open
from webapp.cameras.tabs import CAMERA_TABS, GROUP_TABS, Tab
from webapp.i18n import N_
from webapp.services import Services


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the gear menu: where it leads, message id of its word, icon."""

    path: str
    title: str
    icon: str


# The gear (S1): one line an entry, in the order of the manual.
MENU = (
    Entry("/cameras/manage", N_("カメラ管理"), "camera"),
    Entry("/groups/manage", N_("グループ管理"), "group"),
    Entry("/licences", N_("ライセンス管理"), "licence"),
    Entry("/organisation", N_("組織設定"), "building"),
    Entry("/organisation/audit", N_("監査ログ"), "list"),
)


# Pages that are there only where a camera cloud is named.
NEEDS_CLOUD = ("/camera-cloud", "/cameras/new/cloud", "/cameras/{camera}/replace/cloud")


@dataclass(frozen=True)
class Navigation:
    """Menus and tabs for the member of one request; lists ask for the same tabs card by card."""

    request: Request

    @cached_property
    def menu(self) -> list[Entry]:
        """The entries of the gear menu."""
        return [entry for entry in MENU if self.leads_to(entry.path)]

    @cached_property
    def camera_tabs(self) -> list[Tab]:
        """The tabs of a camera's settings."""
        return self._tabs("/cameras/{camera}", CAMERA_TABS)

    @cached_property
    def group_tabs(self) -> list[Tab]:
        """The tabs of a group's settings."""
        return self._tabs("/groups/{group}", GROUP_TABS)

    def leads_to(self, path: str) -> bool:
        """Whether there is a page at this path (as ``urls.py`` writes it) for this member."""
        services: Services = self.request.app.state.services
        if path in NEEDS_CLOUD and services.camera_cloud is None:
            return False
        return may_open(self.request, path)

    def is_here(self, path: str) -> bool:
        """Whether the page being shown is the one at ``path``, or a part of it."""
        here = self.request.url.path
        return here == path or here.startswith(f"{path}/")

    def _tabs(self, base: str, tabs: Sequence[Tab]) -> list[Tab]:
        return [tab for tab in tabs if self.leads_to(f"{base}/{tab.path}")]
