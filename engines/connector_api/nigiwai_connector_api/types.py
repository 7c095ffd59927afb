"""The value types that cross the boundary between Nigiwai and a connector."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as _field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from nigiwai_connector_api.errors import Phase, Step

if TYPE_CHECKING:
    from nigiwai_connector_api.network import Network

__all__ = [
    "Connector",
    "ConnectorInfo",
    "Field",
    "Grants",
    "Kind",
    "Limits",
    "Phase",
    "Step",
    "Still",
    "Surroundings",
]

LANGUAGES = ("ja", "en")
_NAME = re.compile(r"^[a-z][a-z0-9_]{0,30}$")


def _nothing() -> Mapping[Any, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Still:
    """The bytes of one encoded picture, as the camera gave them, not yet looked at.

    ``captured_at``  when it was taken, in UTC, as far as the camera says.
    ``facts``        what a person who sets the camera up may want to know, by name: which
                     sign-in was asked for (``sign_in``), the size the camera speaks of.
                     Never a credential, never an address.
    ``seconds``      how long each step took.
    """

    data: bytes
    captured_at: datetime
    facts: Mapping[str, str] = _field(default_factory=_nothing)
    seconds: Mapping[Step, float] = _field(default_factory=_nothing)

    def __post_init__(self) -> None:
        if self.captured_at.tzinfo is None:
            raise ValueError("captured_at is an aware datetime")


class Kind(StrEnum):
    """What a field of a source holds, and so how a form asks for it."""

    TEXT = "text"
    ADDRESS = "address"  # a URL; its query and its user part are secret
    PASSWORD = "password"  # noqa: S105 -- the kind of a field
    SWITCH = "switch"
    NUMBERS = "numbers"
    CHOSEN = "chosen"  # chosen on a page of its own; a form keeps it and does not show it


@dataclass(frozen=True, slots=True)
class Field:
    """One entry of a source: how it is asked for, and whether it may be shown again.

    ``titles`` and ``hints`` are by language (ja, en); hints may be empty. A secret field
    is masked on every page and in every answer; an address is shown without its query
    and user part. ``schemes`` are those an address may have.
    """

    name: str
    kind: Kind
    titles: Mapping[str, str]
    hints: Mapping[str, str] = _field(default_factory=_nothing)
    required: bool = False
    schemes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise ValueError(f"the field {self.name!r} needs a short lower-case name")
        if not all(self.titles.get(language, "").strip() for language in LANGUAGES):
            raise ValueError(f"the field {self.name} has no title in Japanese or English")
        if self.kind is Kind.ADDRESS and not self.schemes:
            raise ValueError(f"the address {self.name} names no schemes")

    @property
    def is_secret(self) -> bool:
        """Whether the value is never shown again."""
        return self.kind is Kind.PASSWORD


@dataclass(frozen=True, slots=True)
class ConnectorInfo:
    """What a connector says of itself, before it is built.

    ``titles`` and ``descriptions`` by language (ja, en); ``fields`` those of a source, in
    the order in which a form asks for them; ``options_schema`` a JSON schema of what its
    section in ``plugins.toml`` may hold. ``may_repeat`` says that the very same bytes may
    come again and again without the camera being frozen.
    """

    name: str
    titles: Mapping[str, str]
    descriptions: Mapping[str, str]
    version: str
    fields: tuple[Field, ...]
    options_schema: Mapping[str, Any] = _field(default_factory=_nothing)
    may_repeat: bool = False

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise ValueError(f"the connector {self.name!r} needs a short lower-case name")
        for texts in (self.titles, self.descriptions):
            if not all(texts.get(language, "").strip() for language in LANGUAGES):
                raise ValueError("no title or description in Japanese or English")
        names = [field.name for field in self.fields]
        if len(set(names)) < len(names):
            raise ValueError("two fields have the same name")

    @property
    def is_chosen(self) -> bool:
        """Whether a camera of this kind is chosen on a page of its own, not entered in a form."""
        return any(field.kind is Kind.CHOSEN for field in self.fields)

    @property
    def secrets(self) -> frozenset[str]:
        """The names of the fields that are never shown again."""
        return frozenset(field.name for field in self.fields if field.is_secret)


@dataclass(frozen=True, slots=True)
class Limits:
    """How large an answer may be: bytes as they come, pixels when they are decoded."""

    max_bytes: int = 10_000_000
    max_pixels: int = 16_800_000


class Grants(Protocol):
    """Consents that owners of cameras gave at another service, kept and renewed by the app."""

    async def token(self, grant: str, refused: str = "") -> str:
        """The access token of a consent, good for a while.

        ``refused`` is the token that the service has just refused: another one is given.
        Raises ``CameraUnreachable``: consent, when it is over or not known; service, when the
        service could not be asked for a new token.
        """


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a connector may use: the guarded network, the limits, the footage folder.

    ``interval`` is the number of seconds between two captures of one camera. ``service`` is
    the address of the service that the operator named for a connector of this kind; its
    ``network`` then leads there. ``grants`` are the consents of owners there.
    """

    network: Network
    limits: Limits = Limits()
    footage: Path = Path("footage")
    interval: int = 60
    service: str = ""
    grants: Grants | None = None


class Connector(Protocol):
    """What ``create_connector`` returns: one kind of source, asked by many tasks at once."""

    async def fetch(
        self,
        source: Mapping[str, Any],
        at: datetime,
        timeout: float,  # noqa: ASYNC109 -- one deadline over all steps
    ) -> Still:
        """One still taken at about ``at``, within ``timeout`` seconds overall.

        Raises ``CameraUnreachable`` for whatever a camera, an address or an entry of the
        source may do. When cancelled it leaves no connection and no thread behind.
        """
