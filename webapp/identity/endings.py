"""Ending sign-ins: here, in every token that came of them, and in the applications."""

from __future__ import annotations

from datetime import datetime

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from webapp.identity.models import Account, Client, SecondStep, Session, TokenFamily
from webapp.identity.outbox import BACKCHANNEL_LOGOUT, write


async def end_sign_ins(account: Account, at: datetime, keep: Session | None = None) -> None:
    """End every sign-in of an account (but ``keep``), for a new password or role, or a deletion.

    Inside a transaction; call ``parts.wake()`` after it, and the applications hear of it
    within a second.
    """
    sessions = Session.filter(account=account)
    families = TokenFamily.filter(account=account)
    if keep is not None:
        sessions, families = sessions.exclude(id=keep.id), families.exclude(sid=keep.sid)
    ended = await sessions.values_list("sid", flat=True)
    await _end(account, families.filter(Q(revoked_at=None) | Q(sid__in=list(ended))), at)
    await sessions.delete()
    # A login that waits for its second factor was begun with what is over now.
    await SecondStep.filter(account=account).delete()


async def end_sign_in(account: Account, sid: str, at: datetime) -> None:
    """End one sign-in, for a logout. Inside a transaction; call ``parts.wake()`` after it."""
    await _end(account, TokenFamily.filter(account=account, sid=sid), at)
    await Session.filter(account=account, sid=sid).delete()


async def end_access(account: Account, client: Client, at: datetime) -> None:
    """Revoke what one application holds of an account, and tell it that its sign-ins are over.

    The sign-ins here stay. Inside a transaction; call ``parts.wake()`` after it.
    """
    living = await Session.filter(account=account).values_list("sid", flat=True)
    families = TokenFamily.filter(account=account, client=client)
    await _end(account, families.filter(Q(revoked_at=None) | Q(sid__in=list(living))), at)


async def _end(account: Account, families: QuerySet[TokenFamily], at: datetime) -> None:
    """Revoke the families, and write down who is to be told: each client once a sign-in.

    A family whose code or token was used twice is revoked already. Its application may still
    keep a session of its own, and is told as well.
    """
    told = set()
    found = await families.select_related("client")
    for family in found:
        client = family.client
        if client.backchannel_logout_uri and (client.id, family.sid) not in told:
            told.add((client.id, family.sid))
            payload = {
                "client": client.client_id,
                "sub": account.public_id,
                "sid": family.sid,
            }
            key = f"logout:{client.id}:{family.sid}:{at.timestamp()}"
            await write(BACKCHANNEL_LOGOUT, payload, key, at)
    living = [family.id for family in found if family.revoked_at is None]
    await TokenFamily.filter(id__in=living).update(revoked_at=at)
