"""Adding the cameras that were chosen from the cloud."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from starlette.requests import Request

from webapp.access import organisation_of
from webapp.audit.actions import Action
from webapp.audit.log import record
from webapp.camera_cloud.queries import Choice, Offer, by_key, used_by_consent
from webapp.connectors.camera_cloud import NAME
from webapp.database import transaction
from webapp.errors import UserError
from webapp.http import services_of
from webapp.i18n import N_
from webapp.models import Camera, CloudConsent, Latest

NOTHING_CHOSEN = N_("カメラを選んでください。")
NOT_THERE = N_(
    "選んだカメラの一部は、いまは追加できません。一覧を確認して、もう一度選んでください。"
)
MOST_AT_ONCE = 100
LONGEST_NAME = 60


def chosen_of(keys: Sequence[str], offers: Iterable[Offer]) -> list[tuple[CloudConsent, Choice]]:
    """What was chosen, as far as it is on offer.

    Raises ``UserError`` when nothing was, or when something is not there any more, or has lost
    its option. One that was added meanwhile (in another tab) is left out.
    """
    if not keys:
        raise UserError(NOTHING_CHOSEN, field="cameras")
    offered = by_key(offers)
    found = [offered[key] for key in dict.fromkeys(keys[:MOST_AT_ONCE]) if key in offered]
    if len(found) < len(set(keys)) or not all(choice.cloud.has_option for _, choice in found):
        raise UserError(NOT_THERE, field="cameras")
    return [(consent, choice) for consent, choice in found if choice.is_free]


async def add(request: Request, chosen: Iterable[tuple[CloudConsent, Choice]]) -> list[Camera]:
    """Add cameras, each with the row for what will be seen of it; returns the new ones.

    The consents are held meanwhile, so that two who choose the same camera add it once.
    """
    services = services_of(request)
    organisation = organisation_of(request)
    engine = next(iter(services.engines.names), "")
    added: list[Camera] = []
    async with transaction():
        held = CloudConsent.filter(organisation_id=organisation.id).select_for_update()
        await held.order_by("id")
        used = await used_by_consent(services.sealer, organisation.id)
        for consent, choice in chosen:
            if (consent.public_id, choice.cloud.id) in used:
                continue
            source = {"consent": consent.public_id, "camera": choice.cloud.id}
            camera = await Camera.create(
                organisation_id=organisation.id,
                name=choice.cloud.name[:LONGEST_NAME],
                connector=NAME,
                engine=engine,
                source=services.sealer.seal(source),
            )
            await Latest.create(organisation_id=organisation.id, camera_id=camera.id)
            await record(
                request, Action.CAMERA_ADDED, target=camera.public_id, target_name=camera.name
            )
            added.append(camera)
    return added
