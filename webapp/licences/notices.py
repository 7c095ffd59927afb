"""What every page says of licences: what stands still, why, and what to do about it (L2, L3)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from webapp.domain.licences import Announcement, Coming, Stop, month_name
from webapp.i18n import N_, Locale
from webapp.licences.standing import Standing, UsedCamera, standing_of
from webapp.models import Member, Role

MOST_NAMES = 5

EXCESS = N_(
    "カメラライセンス%(limit)s台分に対して、%(used)s台のカメラが登録されています。"
    "あとから追加された%(num)s台（%(names)s）の解析を停止しています。"
)
ENDED = N_(
    "カメラライセンスの有効期限（%(day)s）が過ぎたため、すべてのカメラの解析を停止しています。"
)
CAMERAS_END = N_(
    "カメラライセンスの有効期限は%(day)sです。過ぎると、すべてのカメラの解析が停止します。"
)
CAMERAS_FEWER = N_(
    "%(day)sからカメラライセンスが%(limit)s台分になり、あとから追加された%(num)s台"
    "（%(names)s）の解析が停止します。"
)
PACKS_END = N_(
    "APIライセンスの有効期限は%(day)sです。過ぎると、1か月に表示できる回数が少なくなります。"
)
FEW_CALLS = N_(
    "今月のAPIコール残数は%(left)s回です。なくなると、埋め込みと公開サイトには月末まで"
    "画像の代わりに案内が表示されます。"
)

DELETE_OR_ASK = N_("使わないカメラを削除するか、事業者にライセンスの追加をご相談ください。")
ASK_OPERATOR = N_("続けて利用する場合は、事業者にご連絡ください。")
MORE_CALLS = N_("ライセンスの追加は事業者にご相談ください。")
TELL_ADMIN = N_("管理ユーザにご連絡ください。")

AND_MORE = N_("%(names)s ほか%(num)s台")


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to say: ``kind`` is danger or warning, ``message`` a message id.

    ``cameras`` are the names that go in for ``names``; ``hides`` says that the reader may put
    it away until the end of the month.
    """

    kind: str
    message: str
    advice: str
    values: dict[str, object] = field(default_factory=dict)
    cameras: tuple[str, ...] = ()
    hides: bool = False

    def text(self, locale: Locale) -> str:
        """The whole of it in the reader's language."""
        values = {**self.values, "names": _names(self.cameras, locale)}
        gap = "" if locale.language == "ja" else " "
        return gap.join((locale.text(self.message, values), locale.gettext(self.advice)))


async def notices_for(member: Member, at: datetime) -> list[Notice]:
    """What to tell this member on every page; no query for an organisation without licences."""
    organisation = member.organisation
    if not organisation.is_licensed:
        return []
    standing = await standing_of(organisation, at)
    may_change = member.role is Role.ADMIN
    hidden = member.few_calls_hidden == month_name(standing.day)
    return notices_of(standing, may_change=may_change, few_calls_hidden=hidden)


def notices_of(standing: Standing, *, may_change: bool, few_calls_hidden: bool) -> list[Notice]:
    """What there is to tell, what stands still already first."""
    found = [
        *_stopped(standing, may_change=may_change),
        *(_coming(standing, coming, may_change=may_change) for coming in standing.announced),
    ]
    if standing.has_few_calls and standing.limit.stop is not Stop.ENDED and not few_calls_hidden:
        advice = MORE_CALLS if may_change else TELL_ADMIN
        values: dict[str, object] = {"left": f"{standing.left:,}"}
        found.append(Notice("warning", FEW_CALLS, advice, values, hides=True))
    return found


def coming_for_admins(standing: Standing, told: Collection[str]) -> dict[str, Notice]:
    """What will stop, by a mark that is ``told`` once: the same end on the same day is not new."""
    found = {f"{coming.what.value} {coming.day}": coming for coming in standing.announced}
    return {
        mark: _coming(standing, coming, may_change=True)
        for mark, coming in found.items()
        if mark not in told
    }


def _stopped(standing: Standing, *, may_change: bool) -> list[Notice]:
    if standing.limit.stop is Stop.ENDED and standing.terms.cameras_until is not None:
        advice = ASK_OPERATOR if may_change else TELL_ADMIN
        return [Notice("danger", ENDED, advice, {"day": _day(standing.terms.cameras_until)})]
    if not standing.stopped:
        return []
    values: dict[str, object] = {
        "limit": standing.limit.cameras,
        "used": len(standing.cameras),
        "num": len(standing.stopped),
    }
    advice = DELETE_OR_ASK if may_change else TELL_ADMIN
    return [Notice("danger", EXCESS, advice, values, _names_of(standing.stopped))]


def _coming(standing: Standing, coming: Announcement, *, may_change: bool) -> Notice:
    last_good = coming.day - timedelta(days=1)
    if coming.what is Coming.CAMERAS_FEWER:
        advice = DELETE_OR_ASK if may_change else TELL_ADMIN
        affected = [standing.cameras[place] for place in coming.cameras]
        values: dict[str, object] = {
            "day": _day(coming.day),
            "limit": coming.limit,
            "num": len(affected),
        }
        return Notice("warning", CAMERAS_FEWER, advice, values, _names_of(affected))
    advice = ASK_OPERATOR if may_change else TELL_ADMIN
    message = CAMERAS_END if coming.what is Coming.CAMERAS_END else PACKS_END
    return Notice("warning", message, advice, {"day": _day(last_good)})


def _names_of(cameras: Sequence[UsedCamera]) -> tuple[str, ...]:
    return tuple(camera.name for camera in cameras)


def _names(names: Sequence[str], locale: Locale) -> str:
    gap = "、" if locale.language == "ja" else ", "
    told = gap.join(names[:MOST_NAMES])
    more = len(names) - MOST_NAMES
    return locale.text(AND_MORE, {"names": told, "num": more}) if more > 0 else told


def _day(day: object) -> str:
    return f"{day:%Y/%m/%d}"
