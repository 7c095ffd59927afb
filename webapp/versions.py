"""Two admins at once: the second is told, and nothing is overwritten in silence (S10, S9).

A form carries the version of what its page was made from; whoever saves does so in four steps,
inside one transaction:

1. ``row = await locked(Camera.filter(id=…))`` holds the row until the transaction ends;
2. ``require(version_of_row(row, FIELDS), form)`` raises ``ChangedMeanwhile`` when somebody else
   saved since the page was made;
3. the row is filled and saved, with ``update_fields``, so that what other forms hold stays;
4. the audit log is written.

A view answers ``ChangedMeanwhile`` with its page, status 409, everything that was typed, the
*new* version, and ``_changed_meanwhile.html``: saving once more is then done knowingly.

A version is a name for values, not a counter: two forms about different fields of one row do
not get into each other's way, and saving what is there already changes nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any, TypeVar

from starlette.datastructures import FormData
from tortoise.models import Model
from tortoise.queryset import QuerySet

from webapp.form_fields import text_field

Row = TypeVar("Row", bound=Model)

FIELD = "version"


class ChangedMeanwhile(Exception):
    """Somebody else changed it since the page was made; ``row`` is what is kept now, if given."""

    def __init__(self, row: Any = None) -> None:
        super().__init__("changed meanwhile")
        self.row = row


def version_of(*values: Any) -> str:
    """A name for values as they are now: anything that JSON can hold, and instants."""
    told = json.dumps(values, default=str, sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def version_of_row(row: object, fields: Iterable[str]) -> str:
    """A name for these fields of a row as they are now."""
    return version_of(*(getattr(row, name) for name in fields))


def require(now: str, form: FormData, row: Any = None) -> None:
    """Raise ``ChangedMeanwhile`` unless the form was made from the version that is kept now.

    A form without a version was not made by our page: it is told as well.
    """
    if text_field(form, FIELD) != now:
        raise ChangedMeanwhile(row)


async def locked(rows: QuerySet[Row], *, stays: bool = False) -> Row:
    """The one row of this query, held until the transaction ends.

    One that ``stays`` is not deleted by this transaction: rows that refer to it are written by
    others all the same. SQLite has one writer at a time anyway.
    """
    if rows.capabilities.support_for_update:
        rows = rows.select_for_update(no_key=stays)
    return await rows.get()
