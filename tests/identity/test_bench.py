"""``nigiwai bench logins`` measures what it says."""

from jobs.benchmarks import logins


async def test_a_few_logins_are_measured() -> None:
    figures = await logins.run(3)
    assert figures["signed_in"] == 3
    assert figures["other_pages"] > 0
    assert figures["other_pages_p50_ms"] <= figures["other_pages_p99_ms"]
