"""The screens of the camera cloud: asking for a consent, choosing cameras, giving up."""

from __future__ import annotations

import hmac
import secrets
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from webapp.access import camera_of, member_of, organisation_of
from webapp.audit.actions import Action
from webapp.audit.log import record
from webapp.camera_cloud import adding, consents, queries
from webapp.camera_cloud.attempt import Attempt, forget, recall, remember
from webapp.camera_cloud.cloud import CameraCloud
from webapp.camera_cloud.refusals import Refusal
from webapp.connectors.cloud_client import (
    CloudRefused,
    CloudTokens,
    CloudUnreachable,
    OwnersCameras,
    Refused,
)
from webapp.database import transaction
from webapp.errors import TemporaryFailure, UserError
from webapp.http import form_of, locale_of, page, redirect, services_of
from webapp.models import CloudConsent
from webapp.signin.next_page import local_page

PAGE = "/camera-cloud"
CHOOSE = "/cameras/new/cloud"
PATIENCE = 8.0  # seconds for each question when the owner comes back
LONGEST_CODE = 2_000

log = structlog.get_logger()


async def overview(request: Request) -> Response:
    """カメラクラウド連携: whose cameras may be used, and how many are."""
    cloud = cloud_of(request)
    services = services_of(request)
    offers = await queries.offers_of(cloud, services.sealer, organisation_of(request).id)
    return page(request, "camera_cloud/page.html", offers=offers)


async def authorise(request: Request) -> Response:
    """Send the browser to the cloud, where the owner says yes or no. Nothing is written here."""
    cloud = cloud_of(request)
    attempt = Attempt(
        state=secrets.token_urlsafe(24),
        verifier=secrets.token_urlsafe(48),
        member=member_of(request).public_id,
        consent=request.query_params.get("consent", "")[:16],
        next_page=local_page(request.query_params.get("next", CHOOSE)).partition("?")[0],
    )
    language = locale_of(request).language
    way = cloud.client.way_to_consent(attempt.state, attempt.verifier, cloud.callback, language)
    response = RedirectResponse(way, 303)
    remember(response, attempt, cloud.attempts, datetime.now(UTC))
    return response


async def ask_again(request: Request) -> Response:
    """Lead from a camera whose consent is over to where its owner can give it again."""
    camera = await camera_of(request)
    consent = await queries.consent_of(services_of(request).sealer, camera)
    if consent is None:  # what fed it is gone: another consent may be given
        return RedirectResponse(PAGE, 303)
    back = f"/cameras/{camera.public_id}"
    query = urlencode({"consent": consent.public_id, "next": back})
    return RedirectResponse(f"{PAGE}/authorise?{query}", 303)


async def callback(request: Request) -> Response:
    """Come back from the cloud: the one GET here that writes, as the protocol has it.

    It does so only for the browser, and the member, that went there.
    """
    at, cloud = datetime.now(UTC), cloud_of(request)
    attempt = recall(request, cloud.attempts, at)
    if attempt is None or attempt.member != member_of(request).public_id:
        return _refused(request, Refusal.STALE, PAGE)
    response = await _come_back(request, cloud, attempt, at)
    forget(response)
    return response


async def choose(request: Request) -> Response:
    """Show the cameras that can be added, by consent."""
    return await choose_page(request)


async def add_chosen(request: Request) -> Response:
    """Add the cameras that were chosen."""
    form = await form_of(request)
    keys = [key for key in form.getlist("cameras") if isinstance(key, str)]
    cloud, services = cloud_of(request), services_of(request)
    offers = await queries.offers_of(cloud, services.sealer, organisation_of(request).id)
    try:
        added = await adding.add(request, adding.chosen_of(keys, offers))
    except UserError as error:
        return await choose_page(request, keys=keys, error=error, offers=offers)
    if len(added) == 1:
        return redirect(f"/cameras/{added[0].public_id}", done="camera_added")
    return redirect("/cameras", done="cameras_added")


async def give_up(request: Request) -> Response:
    """End a consent, here and at the cloud."""
    await form_of(request)
    cloud_of(request)
    consent = await consent_in(request)
    async with transaction():
        if await consents.give_up(consent, datetime.now(UTC)):
            await record(request, Action.CLOUD_GIVEN_UP, target_name=consent.owner_name)
    return redirect(PAGE, done="cloud_given_up")


async def confirm_give_up(request: Request) -> Response:
    """Ask first, with the owner's name and what goes with it."""
    consent = await consent_in(request)
    organisation = organisation_of(request)
    used = await queries.used_by_consent(services_of(request).sealer, organisation.id)
    cameras = [camera for (grant, _), camera in used.items() if grant == consent.public_id]
    return page(request, "camera_cloud/give_up.html", consent=consent, cameras=cameras)


async def choose_page(
    request: Request,
    *,
    keys: list[str] | None = None,
    error: UserError | None = None,
    offers: list[queries.Offer] | None = None,
) -> Response:
    """The page on which cameras are chosen, as it was when something is wrong with it."""
    cloud, services = cloud_of(request), services_of(request)
    if offers is None:
        offers = await queries.offers_of(cloud, services.sealer, organisation_of(request).id)
    return page(
        request,
        "camera_cloud/choose.html",
        422 if error else 200,
        offers=offers,
        chosen=frozenset(keys or ()),
        error=error,
        key_of=queries.key_of,
    )


def cloud_of(request: Request) -> CameraCloud:
    """The camera cloud; 404 where none is named."""
    cloud = services_of(request).camera_cloud
    if cloud is None:
        raise HTTPException(404)
    return cloud


async def consent_in(request: Request) -> CloudConsent:
    """The consent named in the path, if it is the organisation's; 404 otherwise."""
    consent = await CloudConsent.get_or_none(
        public_id=request.path_params["consent"][:16],
        organisation_id=organisation_of(request).id,
    )
    if consent is None:
        raise HTTPException(404)
    return consent


async def _come_back(
    request: Request, cloud: CameraCloud, attempt: Attempt, at: datetime
) -> Response:
    """Redeem the code, ask whose cameras these are, and write the consent down."""
    said = request.query_params
    if not hmac.compare_digest(said.get("state", "").encode(), attempt.state.encode()):
        return _refused(request, Refusal.STALE, attempt.next_page)
    if "error" in said:
        denied = said["error"] == "access_denied"
        log.warning("camera_cloud.not_consented", denied=denied)
        refusal = Refusal.DENIED if denied else Refusal.FAILED
        return _refused(request, refusal, attempt.next_page)
    code = said.get("code", "")
    if not 0 < len(code) <= LONGEST_CODE:
        return _refused(request, Refusal.FAILED, attempt.next_page)
    try:
        tokens = await cloud.client.redeem(code, attempt.verifier, cloud.callback, at, PATIENCE)
        owners = await cloud.client.cameras(tokens.access, PATIENCE)
        consent = await _write(request, cloud, tokens, owners, at)
    except CloudUnreachable as error:
        log.warning("camera_cloud.unreachable", error=str(error))
        return _refused(request, Refusal.UNREACHABLE, attempt.next_page)
    except (CloudRefused, TemporaryFailure) as error:
        log.warning("camera_cloud.refused", error=str(error))
        is_ours = isinstance(error, CloudRefused) and error.why is Refused.CLIENT
        refusal = Refusal.CLIENT if is_ours else Refusal.FAILED
        return _refused(request, refusal, attempt.next_page)
    is_other = bool(attempt.consent) and consent.public_id != attempt.consent
    return redirect(attempt.next_page, "cloud_other_owner" if is_other else "cloud_consented")


async def _write(
    request: Request,
    cloud: CameraCloud,
    tokens: CloudTokens,
    owners: OwnersCameras,
    at: datetime,
) -> CloudConsent:
    organisation, member = organisation_of(request), member_of(request)
    async with transaction():
        consent = await consents.keep(cloud, organisation.id, owners, tokens, at, member.name)
        await queries.ask_no_more(services_of(request).sealer, consent)
        await record(
            request, Action.CLOUD_CONSENTED, target=consent.public_id, target_name=owners.owner_name
        )
    return consent


def _refused(request: Request, refusal: Refusal, next_page: str) -> Response:
    again: dict[str, Any] = {"next": next_page}
    return page(
        request,
        "camera_cloud/refused.html",
        refusal.status,
        refusal=refusal,
        again=f"{PAGE}/authorise?{urlencode(again)}",
        next_page=next_page,
    )
