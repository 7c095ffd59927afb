"""Where the alert of a camera or group stands, from rows that were loaded with it."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.alerts.rules import policy_of, read_stages
from webapp.domain.alerts import FIRST, Policy
from webapp.models import Alert, AlertState
from webapp.settings import Settings


@dataclass(frozen=True, slots=True)
class Standing:
    """The rules, the smoothed stage, and the key of the picture that stands for it, or empty."""

    policy: Policy
    stage: int
    picture: str


def standing_of(alert: object, settings: Settings) -> Standing | None:
    """Where an alert stands; None when it is off, or was not loaded with its state."""
    if not isinstance(alert, Alert) or not alert.is_on or not isinstance(alert.state, AlertState):
        return None
    stages = read_stages(alert.stage_settings)
    try:
        policy = policy_of(alert.thresholds, stages, settings.capture_interval)
    except ValueError:
        return None
    stage = min(max(FIRST, alert.state.stage), policy.stages)
    return Standing(policy, stage, stages[stage - FIRST].shown)
