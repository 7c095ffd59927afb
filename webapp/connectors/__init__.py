"""Everything that goes out to the network: where stills come from.

A connector turns a camera's source (a small dict, see each module) into one still, or
raises ``CameraUnreachable`` which says in which phase it failed. Connectors are plugins
(``nigiwai_connector_api``); those in this folder come with the app, by the same hooks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network, IPv6Network

import nigiwai_connector_api as api
import nigiwai_connector_api.hookspecs as hookspecs
import pluggy
from nigiwai_connector_api import (
    CameraUnreachable,
    Connector,
    ConnectorInfo,
    ConnectorUnusable,
    Grants,
    Limits,
    Network,
    Phase,
    Step,
    Still,
    Surroundings,
)
from nigiwai_connector_api.network import UNICAST

from webapp.errors import StartRefused
from webapp.plugin_host import ANY, PluginKind, Section, hook_of, sentence
from webapp.settings import Settings

__all__ = [
    "CameraUnreachable",
    "Connector",
    "ConnectorInfo",
    "Connectors",
    "Limits",
    "Network",
    "OpenConnectors",
    "Phase",
    "Step",
    "Still",
    "Surroundings",
    "build_connectors",
    "surroundings_of",
]

CONNECTORS = PluginKind(
    noun="connector",
    table="connectors",
    project=api.PROJECT_NAME,
    group=api.ENTRY_POINT_GROUP,
    hookspecs=hookspecs,
    hooks=frozenset({"connector_info", "create_connector"}),
)

# What is on when ``plugins.toml`` has no table of connectors.
BUILT_IN = ("http_snapshot", "rtsp", "onvif", "file", "camera_cloud")

CAMERA_CLOUD = "camera_cloud"

Connectors = Mapping[str, Connector]


@dataclass(frozen=True)
class OpenConnectors(Mapping[str, Connector]):
    """The connectors that are on, by name, in the order of ``plugins.toml``."""

    infos: tuple[ConnectorInfo, ...]
    built: Mapping[str, Connector] = field(repr=False)

    def __getitem__(self, name: str) -> Connector:
        return self.built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.built)

    def __len__(self) -> int:
        return len(self.built)

    def info(self, name: str) -> ConnectorInfo:
        """Look up what the connector says of itself; raises KeyError for one that is not on."""
        return {info.name: info for info in self.infos}[name]


def build_connectors(
    settings: Settings, surroundings: Surroundings | None = None, grants: Grants | None = None
) -> OpenConnectors:
    """Build the connectors that are on; ``grants`` are the consents of the camera cloud.

    Raises ``StartRefused`` with a sentence that names the connector and what is wrong.
    """
    file = settings.plugins_file
    sections = CONNECTORS.read(file)
    if sections is None:
        sections = tuple(Section(name, {}) for name in BUILT_IN)
    if settings.footage_dir is None:
        # Whatever lies there is for the admins of every organisation: the operator asks for it.
        sections = tuple(section for section in sections if section.name != "file")
    if not settings.camera_cloud_url:
        sections = tuple(section for section in sections if section.name != CAMERA_CLOUD)
    if not sections:
        raise StartRefused(f"The plugins file {file} has no connector that is on.")
    manager = CONNECTORS.manager(sections, file)
    infos = tuple(
        CONNECTORS.describe(manager, section, "connector_info", ConnectorInfo)
        for section in sections
    )
    around = surroundings or surroundings_of(settings)
    # The cloud is where the operator says, and cameras are nowhere near: each has its own door.
    doors = {
        CAMERA_CLOUD: replace(
            around,
            network=Network(cloud_networks(settings)),
            service=settings.camera_cloud_url,
            grants=grants,
        )
    }
    built = {s.name: _build(manager, s, doors.get(s.name, around)) for s in sections}
    return OpenConnectors(infos, built)


def surroundings_of(settings: Settings, network: Network | None = None) -> Surroundings:
    """What connectors may use, by these settings."""
    return Surroundings(
        network=network or Network(settings.camera_networks),
        limits=Limits(settings.max_upload_bytes, settings.max_picture_pixels),
        footage=settings.footage_dir or settings.data_dir / "none",
        interval=settings.capture_interval,
    )


def cloud_networks(settings: Settings) -> Sequence[IPv4Network | IPv6Network]:
    """Where the camera cloud may be asked: not on this machine, unless the settings say so."""
    return settings.camera_cloud_networks or UNICAST


def _build(
    manager: pluggy.PluginManager, section: Section, surroundings: Surroundings
) -> Connector:
    name = section.name
    try:
        connector = hook_of(manager, name, "create_connector")(
            name=name, options=section.options, surroundings=surroundings
        )
        if connector is None:
            raise ConnectorUnusable("it builds nothing under its own name")
        if not callable(getattr(connector, "fetch", None)):
            raise ConnectorUnusable("what it builds cannot fetch")
    except ANY as error:
        raise StartRefused(f"The connector {name} cannot be used: {sentence(error)}") from error
    built: Connector = connector
    return built
