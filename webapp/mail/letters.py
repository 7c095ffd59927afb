"""A mail to be sent, as it waits in an outbox: sealed, for links in it open doors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from webapp.sealing import Sealer

# The kind of outbox rows that hold a letter.
MAIL_SEND = "mail.send"


class Sender(StrEnum):
    """Who a mail is from: an address of the settings."""

    NO_REPLY = "no_reply"
    ALERTS = "alerts"


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail to one person: ``event`` names its folder of templates in ``templates/email``.

    ``values`` are what the templates need, as JSON can hold it. Times are told in the words of
    ``time_zone``: the account's at the provider, the organisation's in the app.
    """

    event: str
    to: str
    language: str
    values: Mapping[str, Any] = field(default_factory=dict)
    sender: Sender = Sender.NO_REPLY
    time_zone: str = "Asia/Tokyo"


def seal(letter: Letter, sealer: Sealer) -> dict[str, Any]:
    """The payload of an outbox row."""
    return {"sealed": sealer.seal(asdict(letter))}


def unseal(payload: Mapping[str, Any], sealer: Sealer) -> Letter:
    """The letter of a payload; ``PermanentFailure`` when it was sealed under another key."""
    values = sealer.unseal(str(payload["sealed"]))
    return Letter(**{**values, "sender": Sender(values["sender"])})
