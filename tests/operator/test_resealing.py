"""After a change of the secret key: the old one is read until everything is sealed anew."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from tests.builders import make_camera
from webapp.camera_cloud.cloud import TOKENS
from webapp.errors import NigiwaiError, PermanentFailure
from webapp.models import Camera, CloudConsent, Organisation
from webapp.operator.actions import handlers
from webapp.sealing import Sealer
from webapp.settings import Settings

OLD, NEW = b"o" * 40, b"n" * 40
SOURCE = {"url": "http://10.0.0.5/", "password": "hush"}
AT = datetime(2026, 4, 1, tzinfo=UTC)


def changed(settings: Settings) -> Settings:
    keys = {"secret_key": SecretStr(NEW.decode()), "secret_key_old": SecretStr(OLD.decode())}
    return settings.model_copy(update=keys)


async def test_everything_kept_is_sealed_anew(database: Settings) -> None:
    organisation = await Organisation.create(name="みなと商店街")
    await make_camera(organisation, sealed=Sealer(OLD).seal(SOURCE))
    await make_camera(organisation, sealed=Sealer(b"x" * 40).seal(SOURCE))
    await CloudConsent.create(
        organisation=organisation,
        owner_id="o",
        owner_name="o",
        given_at=AT,
        sealed_tokens=Sealer(OLD, TOKENS).seal({"access": "a"}),
    )
    settings = changed(database)
    assert Sealer(NEW, old=OLD).unseal((await Camera.first()).source) == SOURCE
    made = await handlers(settings)["keys-reseal"]()
    assert made == {"resealed": 2, "unreadable": 1}
    assert Sealer(NEW).unseal((await Camera.first()).source) == SOURCE
    assert Sealer(NEW, TOKENS).unseal((await CloudConsent.get()).sealed_tokens) == {"access": "a"}
    with pytest.raises(PermanentFailure):
        Sealer(OLD).unseal((await Camera.first()).source)


async def test_without_an_old_key_there_is_nothing_to_do(database: Settings) -> None:
    with pytest.raises(NigiwaiError, match="NIGIWAI_SECRET_KEY_OLD"):
        await handlers(database)["keys-reseal"]()
    (database.data_dir / "secret_key.old").write_bytes(OLD)
    assert database.old_secret() == OLD
    assert await handlers(database)["keys-reseal"]() == {"resealed": 0, "unreadable": 0}
