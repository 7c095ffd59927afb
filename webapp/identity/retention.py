"""Deleting what is over in the provider's database."""

from __future__ import annotations

from datetime import datetime, timedelta

from tortoise.expressions import Q

from webapp.identity.models import (
    AccessToken,
    AuthorizationCode,
    Device,
    Event,
    Guard,
    MailChange,
    OneTimeLink,
    Outbox,
    RefreshToken,
    SecondStep,
    Session,
    TokenFamily,
)
from webapp.identity.outbox import MEMBERS_TOLD
from webapp.identity.second_factor.risk import DEVICES_KNOWN

# A code that comes a second time is a theft to be noticed, for a day.
CODES_KEPT = timedelta(days=1)
REVOKED_KEPT = timedelta(days=1)
# A family says which applications to tell when a sign-in ends: no sign-in outlives this.
FAMILIES_KEPT = timedelta(days=62)
LINKS_KEPT = timedelta(days=7)
DELIVERED_KEPT = timedelta(days=7)
GIVEN_UP_KEPT = timedelta(days=30)
EVENTS_KEPT = timedelta(days=90)
# Whoever comes back to a step that is over is led on to where the login was to go.
STEPS_KEPT = timedelta(hours=1)


async def sweep(at: datetime) -> None:
    """Delete codes, tokens, links, sign-ins, steps, guards, rows and events that are over."""
    await AuthorizationCode.filter(expires_at__lte=at - CODES_KEPT).delete()
    await AccessToken.filter(expires_at__lte=at).delete()
    await RefreshToken.filter(expires_at__lte=at).delete()
    await TokenFamily.filter(revoked_at__lte=at - REVOKED_KEPT).delete()
    await TokenFamily.filter(auth_time__lte=at - FAMILIES_KEPT).delete()
    await OneTimeLink.filter(expires_at__lte=at - LINKS_KEPT).delete()
    await Session.filter(expires_at__lte=at).delete()
    unlocked = Q(locked_until=None) | Q(locked_until__lte=at)
    await Guard.filter(unlocked, window_until__lte=at).delete()
    await Outbox.filter(done_at__lte=at - DELIVERED_KEPT).delete()
    await Outbox.filter(given_up_at__lte=at - GIVEN_UP_KEPT).delete()
    await Event.filter(at__lte=at - EVENTS_KEPT).delete()
    # No app took it: it has another provider, or stands still for as long.
    await Outbox.filter(kind=MEMBERS_TOLD, due_at__lte=at - EVENTS_KEPT).delete()
    await SecondStep.filter(expires_at__lte=at - STEPS_KEPT).delete()
    await MailChange.filter(expires_at__lte=at - LINKS_KEPT).delete()
    await Device.filter(last_seen_at__lte=at - DEVICES_KNOWN).delete()
