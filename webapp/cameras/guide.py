"""Help for an address: from a maker and a host to what can be tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nigiwai_connector_api import Kind

from webapp.cameras.forms import CameraForm
from webapp.cameras.makers import Maker, addresses, find_maker, makers_for
from webapp.errors import UserError
from webapp.i18n import N_

CHOOSE_MAKER = N_("メーカーを選んでください。")
NO_HOST = N_("カメラのIPアドレスかホスト名を入力してください。例: 192.168.0.10")


@dataclass(frozen=True, slots=True)
class Guide:
    """What the help offers for this kind of source, and what it came to.

    ``makers`` is empty where no help is needed. ``others`` are further addresses to try.
    """

    makers: tuple[Maker, ...] = ()
    maker: Maker | None = None
    others: tuple[str, ...] = ()
    is_filled: bool = False


def guide_of(form: CameraForm) -> Guide:
    """The help as it is offered first."""
    if form.info is None or not _address_field(form):
        return Guide()
    return Guide(makers_for(form.info.name), find_maker(form.values.get("maker", "")))


def follow(form: CameraForm) -> Guide:
    """Fill in the likeliest address; what is missing becomes an error of its field."""
    offered = guide_of(form)
    name = _address_field(form)
    if form.info is None or not offered.makers:
        return offered
    if offered.maker is None or offered.maker not in offered.makers:
        form.errors["maker"] = UserError(CHOOSE_MAKER, field="maker")
        return offered
    found = addresses(offered.maker, form.info.name, form.values.get("host", ""))
    if not found:
        form.errors["host"] = UserError(NO_HOST, field="host")
        return offered
    form.values[name] = found[0]
    return Guide(offered.makers, offered.maker, found[1:], is_filled=True)


def _address_field(form: CameraForm) -> str:
    fields: Any = form.info.fields if form.info else ()
    return next((entry.name for entry in fields if entry.kind is Kind.ADDRESS), "")
