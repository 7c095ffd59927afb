from webapp.models import Organisation
from webapp.settings import Settings


async def test_both_databases_keep_what_is_written(any_database: Settings) -> None:
    await Organisation.create(name="駅前商店街")
    assert await Organisation.get(name="駅前商店街")
    assert await Organisation.all().count() == 1


async def test_each_test_starts_empty(any_database: Settings) -> None:
    assert await Organisation.all().count() == 0
