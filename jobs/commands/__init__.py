"""Commands that run or measure jobs."""
