import asyncio
import contextlib

from webapp.database import transaction
from webapp.models import Organisation
from webapp.settings import Settings


async def test_both_databases_keep_what_is_written(any_database: Settings) -> None:
    await Organisation.create(name="駅前商店街")
    assert await Organisation.get(name="駅前商店街")
    assert await Organisation.all().count() == 1


async def test_each_test_starts_empty(any_database: Settings) -> None:
    assert await Organisation.all().count() == 0


async def test_a_task_cancelled_while_its_transaction_begins_blocks_nobody(
    any_database: Settings,
) -> None:
    async def work() -> None:
        async with transaction():
            await Organisation.create(name="一時")

    # However far it came, and more often than the pool has connections.
    for steps in [*range(12)] * 3:
        task = asyncio.create_task(work())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    async with asyncio.timeout(20):
        async with transaction():
            await Organisation.create(name="駅前商店街")
        assert await Organisation.filter(name="駅前商店街").count() == 1
