"""What the provider seals for one purpose opens for no other."""

from __future__ import annotations

import pytest

from webapp.errors import PermanentFailure
from webapp.identity.parts import build_parts
from webapp.sealing import Sealer
from webapp.settings import Settings


def test_each_purpose_has_a_key_of_its_own(settings: Settings) -> None:
    parts = build_parts(settings)
    sealers = [Sealer(settings.secret()), parts.sealer, parts.keys, parts.marks]
    for mine in sealers:
        sealed = mine.seal({"x": 1})
        assert mine.unseal(sealed) == {"x": 1}
        for other in sealers:
            if other is not mine:
                with pytest.raises(PermanentFailure):
                    other.unseal(sealed)
    again = build_parts(settings)
    assert again.keys.unseal(parts.keys.seal({"x": 1})) == {"x": 1}
