"""What is usual for an account: a browser that it signed in on, where it signed in (I4, I5).

A login is usual when the browser brings a token that this account was given on it, and its
family, its platform and its network are those of then. Anybody can send the headers of
somebody else; nobody has the token.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from starlette.responses import Response

from webapp.cookies import hand_over
from webapp.identity.browser import BETWEEN_TOKENS, DEVICE_COOKIE, MOST_TOKENS, Visitor
from webapp.identity.models import Account, Device, SecondFactor
from webapp.tokens import new_token, token_hash

# As long as browsers keep a cookie.
DEVICES_KNOWN = timedelta(days=400)

# A line at home or in a shop gets other addresses of the same 256 from its provider over time,
# so the last eight bits of IPv4 say little about the place. IPv6 gives a place a whole /56 or
# /48 and changes what is behind it daily.
IPV4_BITS = 24
IPV6_BITS = 48


def needs_second_step(account: Account, usual: bool) -> bool:
    """Whether a login with the right password has to show a second factor."""
    if account.second_factor is SecondFactor.RISK:
        return not usual
    return account.second_factor is SecondFactor.ALWAYS


async def is_usual(account: Account, visitor: Visitor, at: datetime) -> bool:
    """Whether this account signed in from there before, on this very browser."""
    network = network_of(visitor.address)
    hashes = [token_hash(token) for token in visitor.device_tokens]
    if not (network and hashes):
        return False
    return await Device.exists(
        account_id=account.id,
        token_hash__in=hashes,
        family=visitor.family,
        platform=visitor.platform,
        network=network,
        last_seen_at__gt=at - DEVICES_KNOWN,
    )


async def has_no_past(account: Account) -> bool:
    """Whether the account is known on no browser at all."""
    return not await Device.exists(account_id=account.id)


async def remember(account: Account, visitor: Visitor, at: datetime) -> str:
    """Make this usual, after a login that is complete; returns what the cookie is to hold.

    A token is kept only when it was given to this account: whoever slips another's browser a
    token of their own makes nothing usual with it.
    """
    brought = {token_hash(token): token for token in visitor.device_tokens}
    known = await Device.filter(account_id=account.id, token_hash__in=list(brought)).first()
    token = brought[known.token_hash] if known else new_token()
    device = Device(
        account_id=account.id,
        token_hash=token_hash(token),
        family=visitor.family,
        platform=visitor.platform,
        network=network_of(visitor.address),
        first_seen_at=at,
        last_seen_at=at,
    )
    await Device.bulk_create(
        [device],
        on_conflict=["account_id", "token_hash", "network"],
        update_fields=["family", "platform", "last_seen_at"],
    )
    others = [other for other in visitor.device_tokens if other != token]
    return BETWEEN_TOKENS.join([token, *others][:MOST_TOKENS])


async def forget_devices(account: Account) -> None:
    """Make nothing usual any more: for an account that had no second factor until now.

    Whoever signed in with its password alone would be taken for its owner otherwise.
    """
    await Device.filter(account_id=account.id).delete()


def set_cookie(response: Response, value: str) -> None:
    """Hand the tokens to the browser."""
    hand_over(response, DEVICE_COOKIE, value, DEVICES_KNOWN)


def network_of(address: str) -> str:
    """The network that an address is in; empty for what is no address, and is never usual."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    if parsed.version == 6 and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    bits = IPV4_BITS if parsed.version == 4 else IPV6_BITS
    return str(ip_network((parsed.packed, bits), strict=False))
