"""A still by way of a camera cloud, with the consent of the cameras' owner.

The source: ``{"consent": …, "camera": …}``, chosen on pages of their own: the public id of a
consent, and the camera's id in the cloud. The address of the cloud is the operator's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from nigiwai_connector_api import ConnectorInfo, ConnectorUnusable, Field, Grants, Kind, hookimpl

from webapp.connectors import CameraUnreachable, Connector, Phase, Still, Surroundings
from webapp.connectors.cloud_client import (
    CloudClient,
    CloudRefused,
    CloudStill,
    CloudUnreachable,
    Refused,
)
from webapp.connectors.http_snapshot import check_picture

NAME = "camera_cloud"

_PHASES = {
    Refused.CONSENT: Phase.CONSENT,
    Refused.OPTION: Phase.OPTION,
    Refused.GONE: Phase.GONE,
    Refused.NOT_RECORDING: Phase.GONE,
}


@hookimpl
def connector_info() -> ConnectorInfo:
    """Stills from a camera cloud."""
    return ConnectorInfo(
        name=NAME,
        titles={"ja": "カメラクラウド", "en": "Camera cloud"},
        descriptions={
            "ja": "カメラクラウドのオーナーアカウントで許可したカメラの画像を使います。",
            "en": "Cameras of a camera cloud, with the consent of their owner.",
        },
        version="1",
        fields=(
            Field("consent", Kind.CHOSEN, {"ja": "許可", "en": "Consent"}, required=True),
            Field("camera", Kind.CHOSEN, {"ja": "カメラ", "en": "Camera"}, required=True),
        ),
    )


@hookimpl
def create_connector(
    name: str,
    options: Mapping[str, object],  # noqa: ARG001 -- there are none
    surroundings: Surroundings,
) -> Connector | None:
    """Build it under its own name."""
    return CameraCloudConnector(surroundings) if name == NAME else None


class CameraCloudConnector:
    """Asks the cloud for a camera's newest still."""

    def __init__(self, surroundings: Surroundings) -> None:
        if not surroundings.service:
            raise ConnectorUnusable("no camera cloud is named (NIGIWAI_CAMERA_CLOUD_URL)")
        self._grants = surroundings.grants
        self._max_bytes = surroundings.limits.max_bytes
        # Stills are asked for by token alone: name and secret are for tokens themselves.
        self._client = CloudClient(surroundings.service, "", "", surroundings.network)

    async def fetch(
        self,
        source: Mapping[str, Any],
        at: datetime,
        timeout: float,  # noqa: ASYNC109 -- one deadline over all steps
    ) -> Still:
        """One still; a token that the cloud refuses is renewed once."""
        consent, camera = source.get("consent"), source.get("camera")
        if not isinstance(consent, str) or not isinstance(camera, str) or not consent or not camera:
            raise CameraUnreachable(Phase.SETTINGS, "The source names no camera of a cloud.")
        if self._grants is None:
            raise CameraUnreachable(Phase.CONSENT, "There are no consents here.")
        try:
            async with asyncio.timeout(timeout):
                still = await self._still(self._grants, consent, camera, at, timeout)
        except TimeoutError:
            message = "The camera cloud did not answer in time."
            raise CameraUnreachable(Phase.SERVICE, message) from None
        except CloudUnreachable as error:
            raise CameraUnreachable(Phase.SERVICE, str(error)) from None
        except CloudRefused as refused:
            phase = _PHASES.get(refused.why, Phase.SERVICE)
            raise CameraUnreachable(phase, str(refused)) from None
        check_picture(still.data)
        return Still(still.data, still.captured_at)

    async def _still(
        self, grants: Grants, consent: str, camera: str, at: datetime, within: float
    ) -> CloudStill:
        token = await grants.token(consent)
        try:
            return await self._client.still(token, camera, at, self._max_bytes, within)
        except CloudRefused as refused:
            if refused.why is not Refused.CONSENT:
                raise
        token = await grants.token(consent, refused=token)
        return await self._client.still(token, camera, at, self._max_bytes, within)
