"""Who asks for an embed: whose views count, and who asks too much (E3, TRUST 11)."""

from __future__ import annotations

from functools import lru_cache

import crawleruseragents
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.requests import Request


def is_prefetch(request: Request) -> bool:
    """Whether a browser only fetches ahead: nobody looks yet, and perhaps nobody ever will."""
    purposes = (request.headers.get(name, "") for name in ("sec-purpose", "purpose", "x-moz"))
    return any(purpose.lower().startswith(("prefetch", "preview")) for purpose in purposes)


def is_crawler(request: Request) -> bool:
    """Whether a program says of itself that it is one that crawls."""
    return _crawls(request.headers.get("user-agent", "")[:300])


def learn_crawlers() -> None:
    """Read the patterns of crawlers: the first visitor would wait a tenth of a second for it."""
    _crawls("")


class Shares:
    """How much a minute one address, or token, may ask for; 0: any. In memory, for each process."""

    def __init__(self, most: int = 0) -> None:
        self._limit = RateLimitItemPerMinute(most) if most else None
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def take(self, address: str, views: int = 1) -> bool:
        """Take views of the address's share of this minute; False when it is used up."""
        if self._limit is None:
            return True
        # A site of more cameras than a share has is seen all the same, once a minute.
        cost = min(views, self._limit.amount)
        # What is refused takes nothing from others behind the same address.
        return self._limiter.test(self._limit, address, cost=cost) and self._limiter.hit(
            self._limit, address, cost=cost
        )


@lru_cache(maxsize=4096)  # over a thousand patterns, and few browsers
def _crawls(agent: str) -> bool:
    return bool(crawleruseragents.is_crawler(agent))
