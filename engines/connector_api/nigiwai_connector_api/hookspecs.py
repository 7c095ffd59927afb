"""The hooks a connector implements, both of them."""

from collections.abc import Mapping

import pluggy

from nigiwai_connector_api.types import Connector, ConnectorInfo, Surroundings

hookspec = pluggy.HookspecMarker("nigiwai_connector")


@hookspec
def connector_info() -> ConnectorInfo:  # type: ignore[empty-body]
    """Say what this connector is and which fields a source of it has."""


@hookspec(firstresult=True)
def create_connector(
    name: str, options: Mapping[str, object], surroundings: Surroundings
) -> Connector | None:
    """Build the connector called ``name``, or answer None for another's name.

    ``options`` are those of its section in ``plugins.toml``. It reaches cameras through
    ``surroundings.network`` alone. Raises ``ConnectorUnusable`` with a sentence when an
    option makes no sense.
    """
