"""What the operator can have done, by name.

Each action takes the office, the time and JSON-able arguments by name, and returns what JSON
can hold, so that the command line, the control socket and the operator's pages carry out the
same. What it refuses is a ``UserError`` in a message id; commands say it in English.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Concatenate

from webapp.errors import NigiwaiError, UserError
from webapp.i18n import Locale
from webapp.identity.parts import Parts
from webapp.operator import (
    clients,
    emergency,
    history,
    licences,
    members,
    organisations,
    picture_keys,
    resealing,
)
from webapp.operator.control import Handler
from webapp.operator.office import Office, open_office
from webapp.settings import Settings

Action = Callable[Concatenate[Office, datetime, ...], Awaitable[Any]]

ACTIONS: dict[str, Action] = {
    "org-list": organisations.list_organisations,
    "org-create": organisations.create_organisation,
    "org-suspend": organisations.suspend_organisation,
    "org-resume": organisations.resume_organisation,
    "licence-show": licences.show_licence,
    "licence-set": licences.set_licence,
    "licence-revoke": licences.revoke_licence,
    "member-list": members.list_members,
    "member-invite": members.invite_member,
    "member-resend": members.resend_invitation,
    "member-reset-second-factor": members.reset_second_factor,
    "member-role": members.change_role,
    "member-remove": members.remove_member,
    "operator-invite": members.invite_operator,
    "login-link": emergency.create_login_link,
    "client-list": clients.list_clients,
    "client-add": clients.add_client,
    "client-remove": clients.remove_client,
    "client-secret": clients.renew_secret,
    "keys-rotate": clients.rotate_signing_keys,
    "keys-rotate-pictures": picture_keys.rotate_picture_keys,
    "keys-reseal": resealing.reseal,
    "history-rebuild": history.rebuild_quarters,
}

ENGLISH = Locale("en")


def handlers(settings: Settings, parts: Parts | None = None) -> dict[str, Handler]:
    """Every action by its command, with these settings and the time of the call.

    ``parts`` are those of the provider that runs in this process, if one does: it is woken.
    """
    office = open_office(settings, parts)

    def bind(action: Action) -> Handler:
        async def handle(**arguments: Any) -> Any:
            at = datetime.now(UTC)
            try:
                inspect.signature(action).bind(office, at, **arguments)
            except TypeError:
                raise NigiwaiError("The arguments of this command make no sense.") from None
            try:
                return await action(office, at, **arguments)
            except UserError as error:
                raise NigiwaiError(ENGLISH.text(error.message, error.values)) from None

        return handle

    return {command: bind(action) for command, action in ACTIONS.items()}
