"""What the screens of the camera cloud read: consents, and the cameras behind them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import structlog
from nigiwai_connector_api import CameraUnreachable, Phase

from webapp.camera_cloud.cloud import CameraCloud
from webapp.connectors.camera_cloud import NAME
from webapp.connectors.cloud_client import (
    CloudCamera,
    CloudRefused,
    CloudUnreachable,
    OwnersCameras,
    Refused,
)
from webapp.errors import PermanentFailure
from webapp.models import Camera, CloudConsent, ConsentState, Latest
from webapp.sealing import Sealer

PATIENCE = 5.0  # seconds for a page; the owners are asked side by side

log = structlog.get_logger()


class Trouble(StrEnum):
    """Why a consent's cameras cannot be listed."""

    CONSENT = "consent"  # it is over: ask again
    SERVICE = "service"  # the cloud does not answer


@dataclass(frozen=True, slots=True)
class Choice:
    """A camera that may be chosen; ``used`` is the camera here that shows it already."""

    cloud: CloudCamera
    used: Camera | None

    @property
    def is_free(self) -> bool:
        """Whether it can be added: with the option, and not there yet."""
        return self.cloud.has_option and self.used is None


@dataclass(frozen=True, slots=True)
class Offer:
    """A consent with what it offers; ``trouble`` when that could not be asked."""

    consent: CloudConsent
    choices: tuple[Choice, ...] = ()
    trouble: Trouble | None = None
    feeds: int = 0

    @property
    def free(self) -> int:
        """How many cameras can be added."""
        return sum(choice.is_free for choice in self.choices)


async def consents_of(organisation_id: int) -> list[CloudConsent]:
    """The organisation's consents, those given up left out unless they feed cameras still."""
    return await CloudConsent.filter(organisation_id=organisation_id).order_by("id")


async def offers_of(cloud: CameraCloud, sealer: Sealer, organisation_id: int) -> list[Offer]:
    """Every consent with its cameras, as the cloud tells now."""
    consents = await consents_of(organisation_id)
    used = await used_by_consent(sealer, organisation_id)
    feeds = Counter(consent for consent, _ in used)
    offers = await asyncio.gather(*(_offer(cloud, one, used, feeds) for one in consents))
    return [one for one in offers if _is_of_interest(one)]


async def used_by_consent(sealer: Sealer, organisation_id: int) -> dict[tuple[str, str], Camera]:
    """The organisation's cloud cameras by consent and id in the cloud."""
    cameras = await Camera.filter(organisation_id=organisation_id, connector=NAME).order_by("id")
    used: dict[tuple[str, str], Camera] = {}
    for camera in cameras:
        source = source_of(sealer, camera)
        if source is not None:
            used[source] = camera
    return used


def source_of(sealer: Sealer, camera: Camera) -> tuple[str, str] | None:
    """A cloud camera's consent and id in the cloud; None when it is none or cannot be read."""
    if camera.connector != NAME:
        return None
    try:
        source = sealer.unseal(camera.source)
        return str(source["consent"]), str(source["camera"])
    except (PermanentFailure, KeyError):
        return None


async def consent_of(sealer: Sealer, camera: Camera) -> CloudConsent | None:
    """The consent that feeds a camera, if it is one of its own organisation."""
    source = source_of(sealer, camera)
    if source is None:
        return None
    return await CloudConsent.get_or_none(
        public_id=source[0], organisation_id=camera.organisation_id
    )


async def ask_no_more(sealer: Sealer, consent: CloudConsent) -> None:
    """Take the question for this consent from the cameras it feeds: it was given just now.

    What else is known of them stays until their next picture.
    """
    used = await used_by_consent(sealer, consent.organisation_id)
    fed = [camera.id for (public_id, _), camera in used.items() if public_id == consent.public_id]
    asking = Latest.filter(camera_id__in=fed, detail=Phase.CONSENT.value)
    await asking.update(detail="")


def by_key(offers: Iterable[Offer]) -> dict[str, tuple[CloudConsent, Choice]]:
    """Every choice by the value that a form sends for it."""
    return {
        key_of(offer.consent, choice.cloud): (offer.consent, choice)
        for offer in offers
        for choice in offer.choices
    }


def key_of(consent: CloudConsent, camera: CloudCamera) -> str:
    """The value of a form that stands for a camera behind a consent."""
    return f"{consent.public_id}/{camera.id}"


async def _offer(
    cloud: CameraCloud,
    consent: CloudConsent,
    used: dict[tuple[str, str], Camera],
    feeds: Counter[str],
) -> Offer:
    fed = feeds[consent.public_id]
    if consent.state is not ConsentState.GIVEN:
        return Offer(consent, trouble=Trouble.CONSENT, feeds=fed)
    try:
        async with asyncio.timeout(PATIENCE):
            owners = await _cameras(cloud, consent)
    except CameraUnreachable as error:
        is_over = error.phase is Phase.CONSENT
        return Offer(consent, trouble=Trouble.CONSENT if is_over else Trouble.SERVICE, feeds=fed)
    except (CloudUnreachable, TimeoutError) as error:
        log.warning("camera_cloud.unreachable", error=str(error) or type(error).__name__)
        return Offer(consent, trouble=Trouble.SERVICE, feeds=fed)
    except CloudRefused as refused:
        is_over = refused.why is Refused.CONSENT
        return Offer(consent, trouble=Trouble.CONSENT if is_over else Trouble.SERVICE, feeds=fed)
    return Offer(consent, _choices(consent, owners.cameras, used), feeds=fed)


async def _cameras(cloud: CameraCloud, consent: CloudConsent) -> OwnersCameras:
    token = await cloud.grants.token(consent.public_id)
    try:
        return await cloud.client.cameras(token, PATIENCE)
    except CloudRefused as refused:
        if refused.why is not Refused.CONSENT:
            raise
    token = await cloud.grants.token(consent.public_id, refused=token)
    return await cloud.client.cameras(token, PATIENCE)


def _choices(
    consent: CloudConsent,
    cameras: Sequence[CloudCamera],
    used: dict[tuple[str, str], Camera],
) -> tuple[Choice, ...]:
    found = [Choice(one, used.get((consent.public_id, one.id))) for one in cameras]
    # Those that can be had come first, in the order of the cloud.
    return tuple(sorted(found, key=lambda choice: not choice.cloud.has_option))


def _is_of_interest(offer: Offer) -> bool:
    return offer.consent.state is not ConsentState.GIVEN_UP or offer.feeds > 0
