"""The guarded network of the connector API, under the name that the app knows it by."""

from nigiwai_connector_api.http import GuardedTransport
from nigiwai_connector_api.network import Address, LookUp, Network, Networks, is_allowed, literal

__all__ = [
    "Address",
    "GuardedTransport",
    "LookUp",
    "Network",
    "Networks",
    "is_allowed",
    "literal",
]
