"""What the demonstration sets: where its footage lies."""

from __future__ import annotations

from pathlib import Path

from webapp.settings import Settings

FOLDER = Path(__file__).resolve().parent


def demo_settings(settings: Settings) -> Settings:
    """Take these settings, with the footage of the demonstration in place of any other.

    The data folder stays, so that `nigiwai operator` finds the running demonstration.
    """
    return settings.model_copy(update={"footage_dir": FOLDER})
