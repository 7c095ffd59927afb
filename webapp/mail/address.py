"""Mail addresses that a letter can be sent to, as they stand in its header."""

from __future__ import annotations

import re
from email.errors import MessageError
from email.headerregistry import Address

# What the standard library says of an address that is none.
NO_ADDRESS = (ValueError, IndexError, MessageError)
_MOST_OF_LOCAL, _MOST_OF_HOST = 64, 253
_LABEL = "[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*", re.IGNORECASE)


def address_of(text: str, name: str = "") -> Address:
    """The address with its domain as computers know it; one of ``NO_ADDRESS`` when it is none."""
    local, at, domain = text.rpartition("@")
    host = domain.encode("idna").decode()
    if not (at and local and local.isascii() and _HOST.fullmatch(host)):
        raise ValueError("no address")
    if len(local) > _MOST_OF_LOCAL or len(host) > _MOST_OF_HOST:
        raise ValueError("too long")
    return Address(name, addr_spec=f"{local}@{host}")
