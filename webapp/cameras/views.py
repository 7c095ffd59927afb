"""The ways to look at every card of a list (S1): one row a view.

A view names the parts of a card that it fills: ``figure`` stands above the name, ``below``
under it. A camera's card (``cameras/_card.html``) and a group's include them, with ``camera``
and ``sight`` (a group: ``group``) and whatever ``load`` answered among their values.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from webapp.access import may_open
from webapp.forecast import cards as forecast
from webapp.history import cards as history
from webapp.i18n import N_
from webapp.monitoring import routes as monitoring

# Answers what the parts of all cards need, in a number of queries that does not grow with them.
# It gets the cards: ``webapp.cameras.queries.Card``, or a group's.
Load = Callable[[Request, Sequence[Any]], Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class View:
    """One view: its name in an address, message id of its word, icon, and parts of a card.

    A part that is empty is left out; a view without ``group_figure`` and ``group_below`` is not
    offered for groups.
    """

    name: str
    title: str
    icon: str
    figure: str = ""
    below: str = ""
    load: Load | None = None
    group_figure: str = ""
    group_below: str = ""
    load_groups: Load | None = None
    # A page (as ``urls.py`` writes it) that whoever has this view must be allowed to open.
    needs: str = ""

    @property
    def is_for_groups(self) -> bool:
        """Whether groups have it too."""
        return bool(self.group_figure or self.group_below)


# In the order of the manual: 混雑状況可視化, 混雑予測, モニタリング, 検知人数履歴.
VIEWS = (
    View(
        "picture",
        N_("混雑状況可視化"),
        "picture",
        figure="cameras/_figure.html",
        below="cameras/_below.html",
        group_figure="groups/_figure.html",
        group_below="groups/_below.html",
    ),
    View(
        "forecast",
        N_("混雑予測"),
        "forecast",
        figure="forecast/_camera_figure.html",
        below="forecast/_camera_below.html",
        load=forecast.of_cameras,
        group_figure="forecast/_group_figure.html",
        group_below="forecast/_group_below.html",
        load_groups=forecast.of_groups,
    ),
    View(
        "monitoring",
        N_("モニタリング"),
        "monitoring",
        figure="monitoring/_camera_figure.html",
        below="cameras/_below.html",
        load=monitoring.load,
        group_figure="monitoring/_group_figure.html",
        group_below="groups/_below.html",
        load_groups=monitoring.load_groups,
        needs="/cameras/{camera}/monitoring",
    ),
    View(
        "history",
        N_("検知人数履歴"),
        "history",
        figure="history/_camera_figure.html",
        below="history/_camera_below.html",
        load=history.of_cameras,
        group_figure="history/_group_figure.html",
        group_below="history/_group_below.html",
        load_groups=history.of_groups,
    ),
)


def read_view(request: Request, *, of_groups: bool = False) -> View:
    """The view that an address asks for; the first one when it makes no sense."""
    asked = request.query_params.get("view", "")
    offered = views(request, of_groups=of_groups)
    return next((view for view in offered if view.name == asked), offered[0])


def views(request: Request, *, of_groups: bool = False) -> tuple[View, ...]:
    """The views that are offered to whoever asks."""
    offered = (
        view
        for view in VIEWS
        if (view.is_for_groups or not of_groups)
        and (not view.needs or may_open(request, view.needs))
    )
    return tuple(offered) or VIEWS[:1]


async def load_view(
    request: Request, view: View, cards: Sequence[Any], *, of_groups: bool = False
) -> Mapping[str, Any]:
    """What the parts of the cards need beside the cards themselves."""
    load = view.load_groups if of_groups else view.load
    return await load(request, cards) if load else {}
