"""Errors that say what their caller should do.

``UserError`` is shown to the person who asked; the two failures tell a job whether to
try again. Messages of ``UserError`` are gettext message ids: they are translated where
they are shown.
"""

from __future__ import annotations

from typing import Any


class NigiwaiError(Exception):
    """Base of the errors that this project raises on purpose."""


class UserError(NigiwaiError):
    """The person who asked can mend it: show ``message`` translated, with ``values`` filled in."""

    def __init__(self, message: str, /, field: str | None = None, **values: Any) -> None:
        super().__init__(message % values if values else message)
        self.message = message
        self.field = field
        self.values = values


class TemporaryFailure(NigiwaiError):
    """Try again later: the cause may go away by itself."""


class PermanentFailure(NigiwaiError):
    """Give up: trying again would fail in the same way."""


class StartRefused(NigiwaiError):
    """The process must not start; the message is one sentence that says which part and why."""
