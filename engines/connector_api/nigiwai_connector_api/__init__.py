"""What a connector is to Nigiwai: two hooks, some value types, two errors, a guarded network.

A connector is a distribution with one entry point in the group ``nigiwai.connectors``
that names a module implementing the hooks of :mod:`nigiwai_connector_api.hookspecs`.
It is switched on by a section of that name in ``plugins.toml``. Whatever it asks, it asks
through the ``Network`` it is given: names are resolved once, every address is checked
against the allowed networks, and the connection goes to that very address.
"""

import pluggy

from nigiwai_connector_api.deadline import Deadline
from nigiwai_connector_api.errors import CameraUnreachable, ConnectorError, ConnectorUnusable
from nigiwai_connector_api.network import Network, is_allowed, literal
from nigiwai_connector_api.types import (
    Connector,
    ConnectorInfo,
    Field,
    Grants,
    Kind,
    Limits,
    Phase,
    Step,
    Still,
    Surroundings,
)

ENTRY_POINT_GROUP = "nigiwai.connectors"
PROJECT_NAME = "nigiwai_connector"

hookimpl = pluggy.HookimplMarker(PROJECT_NAME)

__all__ = [
    "ENTRY_POINT_GROUP",
    "PROJECT_NAME",
    "CameraUnreachable",
    "Connector",
    "ConnectorError",
    "ConnectorInfo",
    "ConnectorUnusable",
    "Deadline",
    "Field",
    "Grants",
    "Kind",
    "Limits",
    "Network",
    "Phase",
    "Step",
    "Still",
    "Surroundings",
    "hookimpl",
    "is_allowed",
    "literal",
]
