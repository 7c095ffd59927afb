"""The cloud's REST interface: cameras and stills for whoever brings an access token."""

from __future__ import annotations

import asyncio

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from webapp.cloud_simulator.protocol import posted
from webapp.cloud_simulator.world import CAMERA_SWITCHES, OWNER_BY_ID, Cloud, CloudCamera

HANG_STEP = 0.2  # seconds after which it is looked whether anybody still waits
HANGS = 120.0


async def token(request: Request) -> Response:
    """Codes and refresh tokens become tokens."""
    if (refusal := await _trouble(request)) is not None:
        return refusal
    answer: Response = request.app.state.server.create_token_response(await posted(request))
    return answer


async def revoke(request: Request) -> Response:
    """A token, and the consent with it, is given up."""
    if (refusal := await _trouble(request)) is not None:
        return refusal
    answer: Response = request.app.state.server.create_endpoint_response(
        "revocation", await posted(request)
    )
    return answer


async def cameras(request: Request) -> Response:
    """List the owner's cameras."""
    if (refusal := await _trouble(request)) is not None:
        return refusal
    cloud: Cloud = request.app.state.cloud
    owner = cloud.owner_of(_bearer(request))
    if owner is None:
        return _not_allowed()
    found = [
        {
            "id": camera.id,
            "name": camera.name,
            "model": camera.model,
            "option": cloud.has_option(camera),
            "recording": camera.recording,
        }
        for camera in cloud.cameras_of(owner)
    ]
    return JSONResponse({"owner": {"id": owner, "name": OWNER_BY_ID[owner].name}, "cameras": found})


async def still(request: Request) -> Response:
    """Answer the newest still of a camera, with the time at which it was taken."""
    cloud: Cloud = request.app.state.cloud
    name = request.path_params["camera"]
    if (refusal := await _trouble(request, name)) is not None:
        return refusal
    owner = cloud.owner_of(_bearer(request))
    if owner is None:
        return _not_allowed()
    camera = next((one for one in cloud.cameras_of(owner) if one.id == name), None)
    if camera is None:
        return JSONResponse({"error": "camera_not_found"}, 404)
    if not cloud.has_option(camera):
        return JSONResponse({"error": "option_required"}, 403)
    if camera.recording != "recording":
        return JSONResponse({"error": "not_recording"}, 409)
    return await _picture(request, cloud, camera)


async def _picture(request: Request, cloud: Cloud, camera: CloudCamera) -> Response:
    on = {name for name in CAMERA_SWITCHES if cloud.is_on(name, camera.id)}
    seconds = cloud.since("freeze", camera.id)
    data = await anyio.to_thread.run_sync(request.app.state.footage.still, camera, seconds, on)
    headers = {"Captured-At": cloud.clock().isoformat(timespec="milliseconds")}
    return Response(data, media_type="image/jpeg", headers=headers)


async def _trouble(request: Request, camera: str = "") -> Response | None:
    """Hang or fail where a switch says so; None when nothing is the matter."""
    cloud: Cloud = request.app.state.cloud
    if cloud.is_on("hang") or cloud.is_on("hang", camera):
        waited = 0.0
        while waited < HANGS and not await request.is_disconnected():
            await asyncio.sleep(HANG_STEP)
            waited += HANG_STEP
        return JSONResponse({"error": "slow"}, 504)
    if cloud.is_on("fail") or cloud.is_on("fail", camera):
        return JSONResponse({"error": "broken"}, 500)
    return None


def _bearer(request: Request) -> str:
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def _not_allowed() -> Response:
    headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return JSONResponse({"error": "invalid_token"}, 401, headers)
