from __future__ import annotations

import json

from click.testing import CliRunner

from nigiwai import cli


def test_engines_are_listed_with_titles_version_and_options() -> None:
    result = CliRunner().invoke(cli, ["engines"])
    assert result.exit_code == 0
    assert "標準 / Standard" in result.stdout
    assert "threads = 1" in result.stdout


def test_engines_as_json() -> None:
    engines = json.loads(CliRunner().invoke(cli, ["engines", "--json"]).stdout)
    named = {engine["name"]: engine for engine in engines}
    engine = named["standard"]
    assert engine["titles"] == {"ja": "標準", "en": "Standard"}
    assert engine["style"] == "figure"
    assert engine["options"] == {"threads": 1}
    assert not engine["uses_level"]
    assert named["detailed"]["uses_level"]
    assert named["detailed"]["style"] == "pose"
