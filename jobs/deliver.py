"""Carrying out what an outbox holds: one row to one channel, retried, idempotent.

A row is claimed under a lease like a slot, so a worker that dies costs a lease. A channel
may be asked twice for the same row and must not mind. The app and the identity provider
each have an outbox, with channels of its own.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

import anyio.to_thread
import structlog
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.queryset import QuerySet

from jobs import sql
from webapp.alerts import tell
from webapp.camera_cloud.consents import CONSENT_REVOKE, revoke
from webapp.database import APP, IDENTITY, transaction
from webapp.errors import PermanentFailure, StartRefused, TemporaryFailure
from webapp.identity.flows.reset import send_reset_link
from webapp.identity.models import Outbox as IdentityOutbox
from webapp.identity.oauth.backchannel import tell_client
from webapp.identity.outbox import BACKCHANNEL_LOGOUT, RESET_REQUESTED
from webapp.identity.parts import Parts
from webapp.mail import transport
from webapp.mail.letters import MAIL_SEND, unseal
from webapp.mail.render import render
from webapp.models import Outbox
from webapp.outbox import ALERT_MAIL, ALERT_MQTT, ALERT_WEBHOOK, PICTURES_DELETE
from webapp.outbox_row import OutboxRow
from webapp.sealing import Sealer
from webapp.services import Services
from webapp.settings import Settings

LEASE = timedelta(seconds=60)
DEADLINE = 45.0  # seconds for one row; shorter than its lease
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=1)
MOST_ATTEMPTS = 12
LONGEST_PAUSE_IN_LANE = timedelta(minutes=5)
LANE_PATIENCE = timedelta(hours=24)
BATCH = 20

log = structlog.get_logger(__name__)


class Context(Protocol):
    """What every channel may ask of the process: the app's services or the provider's parts."""

    @property
    def settings(self) -> Settings:
        """The settings."""

    @property
    def sealer(self) -> Sealer:
        """The sealer of secrets."""


C = TypeVar("C", bound=Context)
Channel = Callable[[C, OutboxRow], Awaitable[None]]
# Of a row's payload, when, whether it is over, and what went wrong: written with the row itself.
Afterwards = Callable[[Mapping[str, Any], datetime, bool, str], Awaitable[None]]

_CLAIM = """
WITH picked AS (
    SELECT id FROM {table}
    WHERE done_at IS NULL AND given_up_at IS NULL AND due_at <= $1
      AND (lease_until IS NULL OR lease_until <= $1) {kinds} {lanes}
    ORDER BY due_at, id LIMIT $2 {lock}
)
UPDATE {table} SET claim = $3, lease_until = $4, attempts = attempts + 1
WHERE id IN (SELECT id FROM picked)
RETURNING id
"""

# Of a lane only the oldest row is ever out: who is told, is told in order.
_FIRST_OF_ITS_LANE = """
      AND (lane = '' OR NOT EXISTS (
          SELECT 1 FROM {table} AS ahead
          WHERE ahead.lane = {table}.lane AND ahead.id < {table}.id
            AND ahead.done_at IS NULL AND ahead.given_up_at IS NULL))
"""


@dataclass(frozen=True, slots=True)
class Deliverer(Generic[C]):
    """One outbox: whose it is, its table, and the channel of each kind of row."""

    context: C
    app: str
    model: type[OutboxRow]
    channels: Mapping[str, Channel[C]]
    afterwards: Mapping[str, Afterwards] = field(default_factory=dict)
    has_lanes: bool = False

    async def deliver_due(self, at: datetime) -> int:
        """Deliver the rows that are due, a batch; tell how many were tried."""
        rows = await self.claim(at)
        await asyncio.gather(*(self.carry_out(row, at) for row in rows))
        return len(rows)

    async def claim(
        self,
        at: datetime,
        limit: int = BATCH,
        only: Collection[str] = (),
        but: Collection[str] = (),
    ) -> list[OutboxRow]:
        """Claim rows that are due: of ``only`` these kinds, or of all ``but`` these."""
        token = secrets.token_hex(16)
        values = [at, limit, token, at + LEASE, *only, *but]
        claimed = await sql.fetch(self._database(), self._claim_statement(only, but), values)
        ids = [row["id"] for row in claimed]
        return await self.model.filter(id__in=ids, claim=token) if ids else []

    async def carry_out(self, row: OutboxRow, at: datetime) -> None:
        """Carry out one row that was claimed.

        1. Ask the channel, within its deadline.
        2. Done; or again after a pause; or given up, if it cannot succeed or never did.
        """
        channel = self.channels.get(row.kind, _no_channel)
        try:
            async with asyncio.timeout(DEADLINE):
                await channel(self.context, row)
        except PermanentFailure as error:
            await self._give_up(row, at, str(error))
        except (TemporaryFailure, StartRefused, TimeoutError, OSError) as error:
            await self._try_again(row, at, str(error) or type(error).__name__)
        except Exception as error:
            log.exception("a channel failed", kind=row.kind, outbox=row.id)
            await self._try_again(row, at, type(error).__name__)
        else:
            await self._note(row, at, is_over=True, error="")

    def _database(self) -> BaseDBAsyncClient:
        return sql.connection(self.context.settings, self.app)

    def _claim_statement(self, only: Collection[str], but: Collection[str]) -> str:
        places = ", ".join(f"${number}" for number in range(5, 5 + len(only) + len(but)))
        kinds = f"AND kind {'NOT ' if but else ''}IN ({places})" if places else ""
        table = str(self.model.describe()["table"])
        statement = _CLAIM.replace("{lanes}", _FIRST_OF_ITS_LANE if self.has_lanes else "")
        return statement.replace("{table}", table).replace("{kinds}", kinds)

    async def _try_again(self, row: OutboxRow, at: datetime, error: str) -> None:
        if _is_hopeless(row, at):
            await self._give_up(row, at, error)
            return
        await self._note(row, at, is_over=False, error=error)

    async def _give_up(self, row: OutboxRow, at: datetime, error: str) -> None:
        log.error("given up", kind=row.kind, outbox=row.id, attempts=row.attempts, error=error)
        await self._note(row, at, is_over=True, error=error or "given up")

    async def _note(self, row: OutboxRow, at: datetime, *, is_over: bool, error: str) -> None:
        """Write what became of a row, and what its kind wants written with it, at once.

        A row that is over says no more: it held links.
        """
        changes: dict[str, Any] = {"lease_until": None, "error": error[:500]}
        if is_over:
            changes |= {"given_up_at" if error else "done_at": at, "payload": {}}
        else:
            changes["due_at"] = at + _pause(row)
        afterwards = self.afterwards.get(row.kind)
        if afterwards is None:
            await self._ours(row).update(**changes)
            return
        async with transaction(self.app):
            if await self._ours(row).update(**changes):
                await afterwards(row.payload, at, is_over, error)

    def _ours(self, row: OutboxRow) -> QuerySet[OutboxRow]:
        """The row, while its claim is ours."""
        return self.model.filter(id=row.id, claim=row.claim)


def deliverer_of_app(services: Services) -> Deliverer[Services]:
    """The app's outbox."""
    return Deliverer(
        services,
        APP,
        Outbox,
        {
            PICTURES_DELETE: _delete_pictures,
            MAIL_SEND: _send_mail,
            CONSENT_REVOKE: _revoke_consent,
            ALERT_MAIL: tell.by_mail,
            ALERT_WEBHOOK: tell.by_webhook,
            ALERT_MQTT: tell.by_mqtt,
        },
        dict.fromkeys((ALERT_MAIL, ALERT_WEBHOOK, ALERT_MQTT), tell.note),
        has_lanes=True,
    )


def deliverer_of_provider(parts: Parts) -> Deliverer[Parts]:
    """The identity provider's outbox."""
    return Deliverer(
        parts,
        IDENTITY,
        IdentityOutbox,
        {
            MAIL_SEND: _send_mail,
            RESET_REQUESTED: _by_payload(send_reset_link),
            BACKCHANNEL_LOGOUT: _by_payload(tell_client),
        },
    )


async def deliver_due(services: Services, at: datetime) -> int:
    """Deliver the app's rows that are due, a batch; tell how many were tried."""
    return await deliverer_of_app(services).deliver_due(at)


def pause_after(attempts: int) -> timedelta:
    """Give the pause before the next attempt: twice as long each time, an hour at most."""
    doublings = max(0, min(attempts - 1, 20))
    return min(LONGEST_PAUSE, FIRST_PAUSE * (1 << doublings))


def _pause(row: OutboxRow) -> timedelta:
    """The pause before the next attempt; what has a lane keeps others waiting, so it is short."""
    longest = LONGEST_PAUSE_IN_LANE if _lane(row) else LONGEST_PAUSE
    return min(longest, pause_after(row.attempts))


def _is_hopeless(row: OutboxRow, at: datetime) -> bool:
    """Whether it was tried often enough; in a lane, with its short pauses, for long enough."""
    if _lane(row):
        return bool(at - row.created_at > LANE_PATIENCE)
    return bool(row.attempts >= MOST_ATTEMPTS)


def _lane(row: OutboxRow) -> str:
    lane: str = getattr(row, "lane", "")
    return lane


def _by_payload(channel: Callable[[C, Mapping[str, Any]], Awaitable[None]]) -> Channel[C]:
    """A channel that needs no more of its row than the payload."""

    async def by_payload(context: C, row: OutboxRow) -> None:
        await channel(context, row.payload)

    return by_payload


async def _no_channel(context: Context, row: OutboxRow) -> None:  # noqa: ARG001
    raise PermanentFailure("There is no channel for this kind.")


async def _send_mail(context: Context, row: OutboxRow) -> None:
    """Send a letter. A second time, the mail is the same one to the letter."""
    letter = unseal(row.payload, context.sealer)
    key = f"{type(row).describe()['table']}:{row.dedupe_key}"
    message = render(letter, context.settings, key, row.created_at)
    await transport.send(message, context.settings)


async def _revoke_consent(services: Services, row: OutboxRow) -> None:
    await revoke(services.camera_cloud, row.payload)


async def _delete_pictures(services: Services, row: OutboxRow) -> None:
    keys = [str(key) for key in row.payload.get("keys", [])]
    prefixes = [str(prefix) for prefix in row.payload.get("prefixes", [])]
    await anyio.to_thread.run_sync(_delete_below, services, keys, prefixes)


def _delete_below(services: Services, keys: list[str], prefixes: list[str]) -> None:
    storage = services.storage
    for prefix in prefixes:
        # An empty prefix, or that of a whole kind, would empty the store.
        if prefix.strip("/").count("/") < 1:
            raise PermanentFailure(f"{prefix!r} is no prefix of one camera's pictures.")
        keys = keys + [key for key, _ in storage.list_sync(prefix)]
    storage.delete_sync(keys)
