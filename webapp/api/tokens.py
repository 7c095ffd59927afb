"""Making and revoking tokens of the read API. What is kept of a token is its hash."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from starlette.requests import Request
from tortoise.exceptions import IntegrityError

from webapp.access import member_of
from webapp.audit.actions import Action
from webapp.audit.log import record
from webapp.database import transaction
from webapp.domain.api_tokens import HINT, MOST_TOKENS, PREFIX, Scope
from webapp.errors import UserError
from webapp.i18n import N_
from webapp.models import ApiToken, Organisation
from webapp.tokens import new_token, token_hash
from webapp.versions import locked

TOO_MANY = N_("トークンは%(most)s個までです。使っていないトークンを取り消してください。")
NAME_TAKEN = N_("この名前のトークンはすでにあります。別の名前を付けてください。")


async def tokens_of(organisation: Organisation) -> list[ApiToken]:
    """The tokens of an organisation, the newest first; those past their end are among them."""
    return await ApiToken.filter(organisation_id=organisation.id).order_by("-id")


async def make_token(
    request: Request, name: str, scopes: Sequence[Scope], expires_at: datetime | None
) -> str:
    """Make a token and return it: nobody can ever read it again.

    Raises ``UserError`` for a name that is taken, and when there are enough of them.
    """
    member = member_of(request)
    token = PREFIX + new_token()
    try:
        async with transaction():
            # Held so that two admins at once make no more than there may be.
            await locked(Organisation.filter(id=member.organisation_id))
            if await ApiToken.filter(organisation_id=member.organisation_id).count() >= MOST_TOKENS:
                raise UserError(TOO_MANY, most=MOST_TOKENS)
            made = await ApiToken.create(
                organisation_id=member.organisation_id,
                name=name,
                token_hash=token_hash(token),
                hint=token[-HINT:],
                scopes=[scope.value for scope in scopes],
                expires_at=expires_at,
                made_by=member.name[:100],
            )
            await record(
                request,
                Action.API_TOKEN_MADE,
                target=made.public_id,
                target_name=name,
                changed={"scopes": ["", ", ".join(scopes)]},
            )
    except IntegrityError as error:
        raise UserError(NAME_TAKEN, field="name") from error
    return token


async def revoke_token(request: Request, token: ApiToken) -> None:
    """Revoke a token: it opens nothing from now on, and never will again."""
    async with transaction():
        if await ApiToken.filter(id=token.id).delete():
            await record(
                request, Action.API_TOKEN_REVOKED, target=token.public_id, target_name=token.name
            )
