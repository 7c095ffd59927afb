"""The camera cloud of this installation, as screens and jobs have it at hand."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.camera_cloud.grants import CloudGrants
from webapp.cloud_secret import cloud_callback, cloud_client_secret
from webapp.connectors import Network, cloud_networks
from webapp.connectors.cloud_client import CloudClient
from webapp.sealing import Sealer
from webapp.settings import Settings

TOKENS = "tokens of the camera cloud"


@dataclass(frozen=True, slots=True)
class CameraCloud:
    """How it is asked, what was allowed there, and what seals an attempt under way."""

    client: CloudClient
    grants: CloudGrants
    attempts: Sealer
    callback: str

    @property
    def sealer(self) -> Sealer:
        """What tokens are sealed with."""
        return self.grants.sealer


def open_cloud(settings: Settings) -> CameraCloud | None:
    """Build it; None where no cloud is named."""
    if not settings.camera_cloud_url:
        return None
    client = CloudClient(
        settings.camera_cloud_url,
        settings.camera_cloud_client_id,
        cloud_client_secret(settings),
        Network(cloud_networks(settings)),
    )
    secret, old = settings.secret(), settings.old_secret()
    return CameraCloud(
        client=client,
        grants=CloudGrants(client, Sealer(secret, TOKENS, old)),
        attempts=Sealer(secret, "consents under way"),
        callback=cloud_callback(settings),
    )
