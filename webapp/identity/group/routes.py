"""グループ管理: the メンバー tab, 新規登録, changing, inviting again and deleting (SPEC I8).

Every account is looked for within the organisation of whoever asks; one of another
organisation is not there (TRUST 23).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from webapp.errors import UserError
from webapp.form_fields import text_field
from webapp.i18n import N_
from webapp.identity import provisioning
from webapp.identity.browser import visitor_of
from webapp.identity.group.forms import (
    MemberForm,
    empty_form,
    form_of_account,
    read_form,
)
from webapp.identity.group.members import MOST_SOUGHT, list_members, matching
from webapp.identity.guard import take
from webapp.identity.http import form_of, locale_of, page, redirect, session_of
from webapp.identity.models import Account, Organisation
from webapp.identity.named import id_of_path, ids_of_form
from webapp.identity.parts import parts_of
from webapp.identity.person import roles_of
from webapp.identity.provisioning import MAIL_TAKEN, MOST_ACCOUNTS, TOO_MANY, By, Stale, stamp_of

ROLES = {"general": N_("一般ユーザ"), "admin": N_("管理ユーザ"), "operator": N_("事業者")}
LANGUAGE_NAMES = {"ja": "日本語", "en": "English"}

# What a redirect may say has just happened.
DONE = {
    "added": N_("登録しました。パスワード初期設定のメールを送りました。URLは72時間使えます。"),
    "changed": N_("更新しました。"),
    "factor_reset": N_("二段階認証をリセットしました。本人にメールで知らせました。"),
    "resent": N_("招待メールを再送しました。前のメールのURLは使えなくなりました。"),
    "deleted": N_("削除しました。"),
    "gone": N_("選択したメンバーは、すでに削除されていました。"),
}
NOBODY_TICKED = N_("削除するメンバーを選択してください。")
NOTHING_CHANGED = N_("変更した項目がありません。")
TOO_MANY_LETTERS = N_("招待メールの送信が続いています。1時間ほどおいてお試しください。")
TOO_MANY_LOOKS = N_("登録の操作が続いています。1時間ほどおいてお試しください。")

MOST_FIELDS = MOST_ACCOUNTS + 10  # of a form: everybody is ticked
# Letters go to addresses that nobody has confirmed: not any number of them.
MOST_RESENT, RESENT_WITHIN = 5, timedelta(hours=1)
MOST_ADDED, ADDED_WITHIN = 200, timedelta(hours=1)


async def members(request: Request) -> Response:
    """The メンバー tab."""
    return await _list(request)


async def new(request: Request) -> Response:
    """利用者新規登録."""
    owner = _account(request).organisation
    return await _new_form(request, empty_form(owner, locale_of(request).language))


async def confirm_new(request: Request) -> Response:
    """入力内容確認."""
    form = await form_of(request)
    read = read_form(form, _account(request).organisation)
    owner, at = _account(request).organisation, datetime.now(UTC)
    # What is said of an address tells whether anybody has it: not of any number of them.
    if not await take(f"newcomers of {owner.public_id}", MOST_ADDED, ADDED_WITHIN, at):
        return await _new_form(request, read, 429, UserError(TOO_MANY_LOOKS))
    if "mail" not in read.errors and await Account.exists(mail=read.values["mail"]):
        read.errors["mail"] = UserError(MAIL_TAKEN, field="mail")
    if read.errors:
        return await _new_form(request, read, 422)
    return _page(request, "new_confirm", form=read)


async def add(request: Request) -> Response:
    """登録: make the account and send its person the mail; or go back to the form."""
    form = await form_of(request)
    owner = _account(request).organisation
    read = read_form(form, owner)
    if text_field(form, "answer") == "back" or read.errors:
        return await _new_form(request, read, 422 if read.errors else 200)
    at = datetime.now(UTC)
    if not await take(f"invitations of {owner.public_id}", MOST_ADDED, ADDED_WITHIN, at):
        return await _new_form(request, read, 429, UserError(TOO_MANY_LETTERS))
    try:
        newcomer = read.newcomer(_account(request).time_zone)
        await provisioning.invite_account(parts_of(request), owner, newcomer, at, _by(request))
    except UserError as error:
        if error.field in read.values:
            read.errors[str(error.field)] = error
            return await _new_form(request, read, 422)
        return await _new_form(request, read, 422, error)
    return redirect("/group?done=added")


async def edit(request: Request) -> Response:
    """Change what an admin may change of an account."""
    account = await _member(request)
    return _edit_form(request, account, form_of_account(account))


async def confirm_edit(request: Request) -> Response:
    """入力内容確認: what changes, before and after."""
    form = await form_of(request)
    account = await _member(request)
    read = read_form(form, account.organisation, account)
    if read.errors:
        return _edit_form(request, account, read, 422)
    changes = read.changes(account)
    if not changes:
        return _edit_form(request, account, read, 422, UserError(NOTHING_CHANGED))
    return _confirm_change(request, account, read)


async def change(request: Request) -> Response:
    """更新, or back to the form."""
    form = await form_of(request)
    account = await _member(request)
    read = read_form(form, account.organisation, account)
    if text_field(form, "answer") == "back" or read.errors:
        return _edit_form(request, account, read, 422 if read.errors else 200)
    at, parts = datetime.now(UTC), parts_of(request)
    try:
        await provisioning.change_account(
            parts, account, read.details(), at, _by(request), seen=text_field(form, "seen")
        )
    except Stale:
        await account.refresh_from_db()
        return _confirm_change(request, account, read, 409)
    except UserError as error:
        return _edit_form(request, account, read, 422, error)
    return redirect("/group?done=changed")


async def resend(request: Request) -> Response:
    """Send the invitation again."""
    await form_of(request)
    account = await _member(request)
    at = datetime.now(UTC)
    if not await take(f"resend {account.public_id}", MOST_RESENT, RESENT_WITHIN, at):
        return await _list(request, 429, UserError(TOO_MANY_LETTERS))
    try:
        await provisioning.resend_invitation(parts_of(request), account, at, _by(request))
    except UserError as error:
        return await _list(request, 422, error)
    return redirect("/group?done=resent")


async def factor(request: Request) -> Response:
    """Say what a reset of somebody's second factor does, before it is done."""
    return _page(request, "factor", member=await _member(request))


async def reset_factor(request: Request) -> Response:
    """Reset the second factor of somebody who lost it."""
    await form_of(request)
    account, at = await _member(request), datetime.now(UTC)
    try:
        await provisioning.reset_second_factor(parts_of(request), account, at, _by(request))
    except UserError as error:
        return await _list(request, 422, error)
    return redirect("/group?done=factor_reset")


async def confirm_delete(request: Request) -> Response:
    """削除確認: name everybody who is ticked."""
    ticked = await _ticked(request, await form_of(request, MOST_FIELDS))
    if not ticked:
        return await _list(request, 422, UserError(NOBODY_TICKED))
    if any(account.id == _account(request).id for account in ticked):
        return await _list(request, 422, UserError(provisioning.ONESELF))
    return _page(request, "delete", ticked=ticked)


async def delete(request: Request) -> Response:
    """削除."""
    form = await form_of(request, MOST_FIELDS)
    ticked = ids_of_form(form, "account")
    owner, at = _account(request).organisation, datetime.now(UTC)
    try:
        gone = await provisioning.remove_accounts(
            parts_of(request), owner, ticked, at, _by(request)
        )
    except UserError as error:
        return await _list(request, 422, error)
    return redirect("/group?done=deleted" if gone else "/group?done=gone")


async def to_new(request: Request) -> Response:  # noqa: ARG001 - a view
    """A page that was the answer to a form is not there by itself: begin again."""
    return redirect("/group/new")


async def to_list(request: Request) -> Response:  # noqa: ARG001 - a view
    """Begin again at the list."""
    return redirect("/group")


async def to_edit(request: Request) -> Response:
    """Begin again at the form for the account."""
    return redirect(f"/group/{id_of_path(request, 'account')}/edit")


def _account(request: Request) -> Account:
    """Whoever asks, with their organisation."""
    session = session_of(request)
    if session is None:
        raise HTTPException(403)
    return session.account


def _by(request: Request) -> By:
    return By(_account(request), visitor_of(request))


async def _member(request: Request) -> Account:
    """The account in the path; 404 when it is not of this organisation."""
    account = await Account.get_or_none(
        public_id=id_of_path(request, "account"),
        organisation_id=_account(request).organisation_id,
    ).select_related("organisation")
    if account is None:
        raise HTTPException(404)
    return account


async def _ticked(request: Request, form: FormData) -> list[Account]:
    return await Account.filter(
        organisation_id=_account(request).organisation_id,
        public_id__in=ids_of_form(form, "account"),
    ).order_by("id")


async def _list(request: Request, status: int = 200, problem: UserError | None = None) -> Response:
    everybody = await list_members(_account(request).organisation, datetime.now(UTC))
    sought = request.query_params.get("q", "").strip()[:MOST_SOUGHT]
    return _page(
        request,
        "members",
        status,
        sought=sought,
        everybody=everybody,
        found=matching(everybody, sought),
        done=DONE.get(request.query_params.get("done", ""), ""),
        problem=problem,
    )


async def _new_form(
    request: Request, form: MemberForm, status: int = 200, problem: UserError | None = None
) -> Response:
    owner = _account(request).organisation
    full = await Account.filter(organisation=owner).count() >= MOST_ACCOUNTS
    if full:
        problem = UserError(TOO_MANY, most=MOST_ACCOUNTS)
    return _page(request, "new", status, form=form, problem=problem, full=full)


def _edit_form(
    request: Request,
    account: Account,
    form: MemberForm,
    status: int = 200,
    problem: UserError | None = None,
) -> Response:
    return _page(request, "edit", status, member=account, form=form, problem=problem)


def _confirm_change(
    request: Request, account: Account, form: MemberForm, status: int = 200
) -> Response:
    """What changes; the stamp says of which account as it is now."""
    return _page(
        request,
        "edit_confirm",
        status,
        member=account,
        form=form,
        before=form_of_account(account).values,
        changes=form.changes(account),
        seen=stamp_of(account),
        is_stale=status == 409,
    )


def _page(request: Request, name: str, status: int = 200, /, **values: Any) -> Response:
    me: Account = _account(request)
    owner: Organisation = me.organisation
    return page(
        request,
        f"identity/group/{name}.html",
        status,
        roles=ROLES,
        role_choices=[role.value for role in roles_of(owner)],
        language_names=LANGUAGE_NAMES,
        most=MOST_ACCOUNTS,
        **values,
    )
