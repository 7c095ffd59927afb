"""The operations of the read API: what ``webapp.urls`` serves, and ``openapi`` describes."""

from __future__ import annotations

from webapp.api import ahead, past, states
from webapp.api.operation import Operation
from webapp.api.parameters import DayAhead, Page, Range
from webapp.api.schemas import Cameras, Dated, Groups, History, State, States, Weekly
from webapp.domain.api_tokens import Scope

CAMERAS = Operation("listCameras", "The cameras", states.cameras, Cameras, Page)
GROUPS = Operation("listGroups", "The groups and their cameras", states.groups, Groups, Page)

CAMERA_STATES = Operation(
    "listCameraStates",
    "How the cameras are now",
    states.states_of_cameras,
    States,
    Page,
    Scope.STATE,
)
GROUP_STATES = Operation(
    "listGroupStates", "How the groups are now", states.states_of_groups, States, Page, Scope.STATE
)
CAMERA_STATE = Operation(
    "getCameraState", "How a camera is now", states.state_of_camera, State, scope=Scope.STATE
)
GROUP_STATE = Operation(
    "getGroupState", "How a group is now", states.state_of_group, State, scope=Scope.STATE
)

CAMERA_HISTORY = Operation(
    "getCameraHistory", "What a camera counted", past.history, History, Range, Scope.HISTORY
)
GROUP_HISTORY = Operation(
    "getGroupHistory", "What a group counted", past.history, History, Range, Scope.HISTORY
)

CAMERA_WEEKLY = Operation(
    "getCameraForecastWeekly",
    "When a camera is usually busy, by weekday",
    ahead.weekly,
    Weekly,
    scope=Scope.FORECAST,
    fresh=ahead.FRESH,
)
GROUP_WEEKLY = Operation(
    "getGroupForecastWeekly",
    "When a group is usually busy, by weekday",
    ahead.weekly,
    Weekly,
    scope=Scope.FORECAST,
    fresh=ahead.FRESH,
)
CAMERA_DATED = Operation(
    "getCameraForecastDated",
    "A day to come of a camera",
    ahead.dated,
    Dated,
    DayAhead,
    Scope.FORECAST,
    ahead.FRESH,
)
GROUP_DATED = Operation(
    "getGroupForecastDated",
    "A day to come of a group",
    ahead.dated,
    Dated,
    DayAhead,
    Scope.FORECAST,
    ahead.FRESH,
)
