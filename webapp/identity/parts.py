"""What the provider is built from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.requests import Request

from webapp.identity.passwords import Passwords
from webapp.sealing import Sealer
from webapp.settings import Settings

# What the provider's sealers are for.
ENTRUSTED = "outbox of the provider"
KEYS = "signing keys of the provider"


def _nobody() -> None:
    """Nobody is waiting: the outbox is looked at every second or so anyway."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Settings, sealers, how to wake whoever empties the outbox, and passwords.

    ``sealer`` is for what waits in the outbox and for what people entrust to us, ``keys`` for
    keys that sign, and ``marks`` for what browsers carry to and fro: what was sealed for one
    of them opens for no other, nor for the app.
    """

    settings: Settings
    sealer: Sealer
    wake: Callable[[], None] = _nobody
    passwords: Passwords = field(default_factory=Passwords)
    keys: Sealer = field(init=False)
    marks: Sealer = field(init=False)

    def __post_init__(self) -> None:
        """Derive the sealers that nobody else shares."""
        secret, old = self.settings.secret(), self.settings.old_secret()
        object.__setattr__(self, "keys", Sealer(secret, KEYS, old))
        object.__setattr__(self, "marks", Sealer(secret, "marks of the provider", old))


def build_parts(settings: Settings, wake: Callable[[], None] = _nobody) -> Parts:
    """Build the provider's parts."""
    return Parts(settings, Sealer(settings.secret(), ENTRUSTED, settings.old_secret()), wake)


def parts_of(request: Request) -> Parts:
    """The parts this process was built with."""
    parts: Parts = request.app.state.parts
    return parts
