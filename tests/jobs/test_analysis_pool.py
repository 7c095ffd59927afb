"""Threads with deadlines."""

import asyncio
import threading

import pytest

from webapp.analysis_pool import MOST_WRITTEN_OFF, AnalysisPool, AnalysisTimeout


async def test_results_and_errors_come_back() -> None:
    pool = AnalysisPool(2)
    assert await asyncio.gather(*(pool.run(lambda n=n: n * n, 30) for n in range(20))) == [
        n * n for n in range(20)
    ]
    with pytest.raises(ZeroDivisionError):
        await pool.run(lambda: 1 // 0, 30)
    pool.close()


async def test_a_thread_that_hangs_is_replaced_until_there_are_too_many() -> None:
    pool, let_go = AnalysisPool(1), threading.Event()
    for _ in range(MOST_WRITTEN_OFF + 1):
        assert not pool.is_stuck
        with pytest.raises(AnalysisTimeout):
            await pool.run(lambda: let_go.wait(120), 0.02)
        assert await pool.run(lambda: "on", 30) == "on"
    assert pool.is_stuck
    let_go.set()
    for _ in range(1000):
        await asyncio.sleep(0.02)
        if not pool.is_stuck:
            break
    assert not pool.is_stuck
    pool.close()


async def test_an_owner_that_hangs_too_often_gets_no_more_threads() -> None:
    pool, let_go = AnalysisPool(1), threading.Event()
    hang = lambda: let_go.wait(120)  # noqa: E731 - the same work again and again
    before = threading.active_count()
    waiting = [pool.run(hang, 0.02, "bad") for _ in range(3 * MOST_WRITTEN_OFF)]
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(result) for result in results] == [AnalysisTimeout] * len(results)
    assert threading.active_count() <= before + MOST_WRITTEN_OFF + 1
    with pytest.raises(AnalysisTimeout, match="bad still hangs"):
        await pool.run(lambda: "never begun", 1, "bad")
    assert await pool.run(lambda: "on", 30, "good") == "on"
    assert pool.is_stuck
    let_go.set()
    for _ in range(1000):
        await asyncio.sleep(0.02)
        if not pool.is_stuck:
            break
    assert await pool.run(lambda: "again", 30, "bad") == "again"
    pool.close()


async def test_the_deadline_does_not_count_the_wait_for_a_thread() -> None:
    pool = AnalysisPool(1)
    slow = threading.Event()
    results = await asyncio.gather(*(pool.run(lambda: slow.wait(0.4), 3) for _ in range(8)))
    assert results == [False] * 8
    pool.close()


async def test_work_nobody_waits_for_is_not_done() -> None:
    pool, done = AnalysisPool(1), []
    block = threading.Event()
    first = asyncio.create_task(pool.run(lambda: block.wait(60), 60))
    await asyncio.sleep(0.05)
    second = asyncio.create_task(pool.run(lambda: done.append(1), 60))
    await asyncio.sleep(0.05)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    block.set()
    await first
    await pool.run(lambda: None, 30)
    assert done == []
    pool.close()
