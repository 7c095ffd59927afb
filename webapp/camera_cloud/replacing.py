"""差し替え: a camera of the cloud in a camera's place (S9, C1)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from webapp.access import camera_of, organisation_of
from webapp.camera_cloud import queries
from webapp.camera_cloud.adding import NOT_THERE, chosen_of
from webapp.camera_cloud.routes import cloud_of
from webapp.cameras.forms import EDIT_FIELDS
from webapp.cameras.replacing import NewSource, replace_source
from webapp.cameras.routes import kept_in_words
from webapp.connectors.camera_cloud import NAME
from webapp.errors import UserError
from webapp.form_fields import text_field
from webapp.http import form_of, page, redirect, services_of
from webapp.models import Camera, CloudConsent
from webapp.versions import ChangedMeanwhile, version_of_row


async def choose(request: Request) -> Response:
    """Show the cameras that could take this one's place, by consent."""
    camera = await camera_of(request)
    return await _page(request, camera, await _offers(request))


async def save(request: Request) -> Response:
    """Put the camera that was chosen in this one's place."""
    camera = await camera_of(request)
    form, offers = await form_of(request), await _offers(request)
    key = text_field(form, "cameras")
    try:
        pair = _chosen(key, offers)
        sealed = services_of(request).sealer.seal({"consent": pair[0], "camera": pair[1]})
        source = NewSource(NAME, sealed)
        await replace_source(request, camera, source, form, partial(_hold, request, pair))
    except UserError as error:
        return await _page(request, camera, await _offers(request), key=key, error=error)
    except ChangedMeanwhile as meanwhile:
        theirs = kept_in_words(request, meanwhile.row)
        return await _page(request, meanwhile.row, offers, key=key, theirs=theirs)
    return redirect(f"/cameras/{camera.public_id}/background", done="camera_replaced")


def _chosen(key: str, offers: list[queries.Offer]) -> tuple[str, str]:
    """The public id of the consent and the camera's id in the cloud."""
    for consent, choice in chosen_of([key] if key else [], offers):
        return consent.public_id, choice.cloud.id
    raise UserError(NOT_THERE, field="cameras")


async def _hold(request: Request, pair: tuple[str, str]) -> None:
    """Hold the consents, so that two who choose the same camera do not both get it."""
    organisation = organisation_of(request)
    await CloudConsent.filter(organisation_id=organisation.id).select_for_update().order_by("id")
    used = await queries.used_by_consent(services_of(request).sealer, organisation.id)
    if pair in used:
        raise UserError(NOT_THERE, field="cameras")


async def _offers(request: Request) -> list[queries.Offer]:
    cloud, services = cloud_of(request), services_of(request)
    return await queries.offers_of(cloud, services.sealer, organisation_of(request).id)


async def _page(
    request: Request,
    camera: Camera,
    offers: list[queries.Offer],
    *,
    key: str = "",
    error: UserError | None = None,
    theirs: Mapping[str, str] | None = None,
) -> Response:
    return page(
        request,
        "camera_cloud/replace.html",
        409 if theirs else 422 if error else 200,
        camera=camera,
        version=version_of_row(camera, EDIT_FIELDS),
        offers=offers,
        chosen=frozenset({key}),
        error=error,
        theirs=theirs,
        key_of=queries.key_of,
    )
