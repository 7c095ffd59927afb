"""The example engine is not installed here: its own tests run in tests/engines/test_third_party."""

collect_ignore = ["example"]
