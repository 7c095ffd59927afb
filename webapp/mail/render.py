"""Writing a mail: subject, text and HTML of one folder of templates, in one language."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr
from functools import cache
from typing import Any

import jinja2
from babel.dates import format_datetime

from webapp.errors import PermanentFailure, StartRefused
from webapp.i18n import LANGUAGES, Locale
from webapp.mail.address import NO_ADDRESS, address_of
from webapp.mail.letters import Letter, Sender
from webapp.settings import Settings
from webapp.templating import environment_for

# Seven bits: not every server on the way takes eight.
_POLICY = policy.SMTP.clone(cte_type="7bit")
_TIME = {"ja": "y年M月d日(E) HH:mm（zzzz）", "en": "EEE, MMM d, y, HH:mm zzzz"}


def render(
    letter: Letter, settings: Settings, key: str, at: datetime, picture: bytes = b""
) -> EmailMessage:
    """Write the mail of a letter, the very same one each time it is asked for.

    ``key`` makes its Message-ID, by which a mail that is delivered twice is recognised; ``at``
    is when the letter was written. ``picture`` is a JPEG that its HTML shows as ``cid:picture``.
    Raises ``PermanentFailure`` for a letter that cannot be
    written, and ``StartRefused`` when the sender of the settings is no address.
    """
    sender = sender_of(settings, letter.sender)
    subject, text, html = _texts(letter, settings, at)
    sign = hashlib.sha256(key.encode()).hexdigest()[:32]
    message = EmailMessage(policy=_POLICY)
    message["From"] = sender
    message["To"] = _recipient(letter.to)
    message["Subject"] = subject
    message["Date"] = at
    message["Message-ID"] = f"<{sign}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    if picture:
        _add_picture(message, picture, sign)
    message.set_boundary(f"={sign}=")
    return message


def _add_picture(message: EmailMessage, picture: bytes, sign: str) -> None:
    """Put the picture beside the HTML that shows it."""
    _, html = message.iter_parts()
    assert isinstance(html, EmailMessage)
    html.add_related(
        picture, "image", "jpeg", cid="<picture>", disposition="inline", filename="picture.jpg"
    )
    html.set_boundary(f"=={sign}==")


def sender_of(settings: Settings, sender: Sender = Sender.NO_REPLY) -> Address:
    """The sender in the settings; ``StartRefused`` when it is no address."""
    given = settings.mail_alerts if sender is Sender.ALERTS else settings.mail_no_reply
    name, address = parseaddr(given)
    try:
        if not given.isprintable():
            raise ValueError("more than one line")
        return address_of(address, _one_line(name))
    except NO_ADDRESS:
        setting = f"NIGIWAI_MAIL_{sender.name}"
        raise StartRefused(f"{setting} is no name and address: Name <a@b>.") from None


def _recipient(to: str) -> Address:
    try:
        return address_of(to)
    except NO_ADDRESS:
        raise PermanentFailure("The recipient's address is none.") from None


def _texts(letter: Letter, settings: Settings, at: datetime) -> tuple[str, str, str]:
    language = letter.language if letter.language in LANGUAGES else LANGUAGES[0]
    locale = Locale(language, letter.time_zone)
    plain, markup = _plain_environment(locale.language), environment_for(locale.language)
    values = _values(letter.values, locale, settings, at)
    folder = f"email/{letter.event}"
    try:
        subject = _one_line(plain.get_template(f"{folder}/subject.txt").render(values))
        text = plain.get_template(f"{folder}/body.txt").render(values)
        html = markup.get_template(f"{folder}/body.html").render(values, subject=subject)
    except jinja2.TemplateError as error:
        raise PermanentFailure(
            f"The mail {letter.event!r} cannot be written ({type(error).__name__})."
        ) from error
    return subject, text.strip() + "\n", html


@cache
def _plain_environment(language: str) -> jinja2.Environment:
    """The templates for text, in which an ampersand stays one, in what messages name, too."""
    environment = environment_for(language).overlay(autoescape=False)
    locale = Locale(language)

    def gettext(message: str, /, **values: object) -> str:
        return locale.gettext(message) % values

    def ngettext(singular: str, plural: str, num: int, /, **values: object) -> str:
        return locale.ngettext(singular, plural, num) % {"num": num, **values}

    words = {"_": gettext, "gettext": gettext, "ngettext": ngettext}
    environment.globals = {**environment.globals, **words}
    return environment


def _values(
    values: Mapping[str, Any], locale: Locale, settings: Settings, at: datetime
) -> dict[str, Any]:
    """What templates may use: the letter's values, each on one line, and words for times."""

    def in_words(instant: str | datetime) -> str:
        return time_in_words(instant, locale)

    def after(**how: float) -> str:
        return time_in_words(at + timedelta(**how), locale)

    lines = {k: _one_line(v) if isinstance(v, str) else v for k, v in values.items()}
    return {
        **lines,
        "locale": locale,
        "in_words": in_words,
        "after": after,
        "identity_origin": settings.identity_origin,
    }


def time_in_words(instant: str | datetime, locale: Locale) -> str:
    """Day, time and zone, as the person reads them."""
    at = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
    words = format_datetime(locale.local(at), _TIME[locale.language], locale=locale.language)
    return str(words)


def _one_line(text: str) -> str:
    """What people named things, without line breaks and signs that nobody sees.

    A line break would make another header or paragraph, and signs that turn the direction of
    writing would show another text than is there.
    """
    seen = "".join(sign if sign.isprintable() else " " for sign in text)
    return re.sub(r" +", " ", seen).strip()
