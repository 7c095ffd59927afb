"""What `nigiwai bench` measures: one module a benchmark, each with ``async def run() -> dict``."""
