"""What ``plugins.toml`` says of the model: its file, its head and what it was trained on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nigiwai_engine_api import EngineUnusable

HEADS = ("yolox", "nanodet", "detr")

# What published models of each kind expect, unless an option says otherwise.
# mean and deviation are those of the channels in the order of ``colours``, 0..255.
DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "yolox": {
        "colours": "bgr",
        "mean": [0, 0, 0],
        "deviation": [1, 1, 1],
        "fit": "letterbox",
        "padding": 114,
        "class_index": 0,
        "scores": "plain",
    },
    "nanodet": {
        "colours": "bgr",
        "mean": [103.53, 116.28, 123.675],
        "deviation": [57.375, 57.12, 58.395],
        "fit": "letterbox",
        "padding": 0,
        "class_index": 0,
        "scores": "plain",
    },
    "detr": {
        "colours": "rgb",
        "mean": [123.675, 116.28, 103.53],
        "deviation": [58.395, 57.12, 57.375],
        "fit": "squeeze",
        "padding": 0,
        "class_index": 1,
        "scores": "softmax",
    },
}


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its JSON schema, and whether a value makes sense."""

    schema: Mapping[str, Any]
    accepts: Callable[[Any], bool]
    default: Any = None  # None: it depends on the head, or on the model


def _choice(description: str, *values: str, default: str | None = None) -> Option:
    schema = {"enum": list(values), "description": description}
    return Option(schema, lambda value: value in values, default)


def _whole(description: str, least: int, most: int, default: int | None = None) -> Option:
    schema = {"type": "integer", "minimum": least, "maximum": most, "description": description}
    return Option(schema, lambda value: type(value) is int and least <= value <= most, default)


def _share(description: str, default: float) -> Option:
    schema = {"type": "number", "minimum": 0, "maximum": 1, "description": description}
    return Option(schema, lambda value: type(value) in (int, float) and 0 <= value <= 1, default)


def _three(description: str, *, above_nought: bool) -> Option:
    item = {"type": "number", "exclusiveMinimum": 0} if above_nought else {"type": "number"}
    schema = {
        "type": "array", "items": item, "minItems": 3, "maxItems": 3, "description": description,
    }  # fmt: skip

    def accepts(value: Any) -> bool:
        numbers = isinstance(value, list) and all(type(v) in (int, float) for v in value)
        return numbers and len(value) == 3 and not (above_nought and min(value) <= 0)

    return Option(schema, accepts)


def _text(description: str) -> Option:
    schema = {"type": "string", "minLength": 1, "description": description}
    return Option(schema, lambda value: isinstance(value, str) and bool(value.strip()))


OPTIONS: Mapping[str, Option] = {
    "model": _text("Path of the ONNX file. Required."),
    "head": _choice("How the model's output is read. Required.", *HEADS),
    "title_ja": _text("What users call it, in Japanese."),
    "title_en": _text("What users call it, in English."),
    "style": _choice("How people are drawn.", "figure", "mark", default="figure"),
    "input_width": _whole("Pixels across, where the model leaves it open.", 16, 4096),
    "input_height": _whole("Pixels down, where the model leaves it open.", 16, 4096),
    "fit": _choice("How a picture is brought to that size.", "letterbox", "squeeze"),
    "padding": _whole("Level 0..255 of the letterbox's rest.", 0, 255),
    "colours": _choice("Order of the channels.", "bgr", "rgb"),
    "mean": _three("Subtracted from each channel's 0..255.", above_nought=False),
    "deviation": _three("What each channel is divided by then.", above_nought=True),
    "classes": _whole("How many classes a NanoDet head tells apart.", 1, 10_000, 80),
    "class_index": _whole("Which class is a person, from 0.", 0, 9_999),
    "scores": _choice("What makes the outputs scores.", "plain", "sigmoid", "softmax"),
    "decoded": _choice("Whether a YOLOX head gives pixels already.", "yes", "no", default="no"),
    "cell_offset": _share("Centre of a NanoDet cell; 0.5, but 0 for NanoDet-Plus.", 0.5),
    "least_score": _share("Score from which a find is a person.", 0.4),
    "same_person": _share("Share of the union from which two boxes are one person.", 0.55),
    "threads": _whole("Processor cores that one picture may use.", 1, 64, 1),
}


def _with_default(option: Option) -> dict[str, Any]:
    default = {} if option.default is None else {"default": option.default}
    return {**option.schema, **default}


REQUIRED = ("model", "head")
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {name: _with_default(option) for name, option in OPTIONS.items()},
    "required": list(REQUIRED),
    "additionalProperties": False,
}


def read_options(given: Mapping[str, object]) -> dict[str, Any]:
    """Fill in what is not given; raises ``EngineUnusable`` for what makes no sense."""
    for name in REQUIRED:
        if name not in given:
            raise EngineUnusable(f"it needs the option {name}")
    for name, value in given.items():
        if name not in OPTIONS:
            raise EngineUnusable(f"it has no option {name}; it knows {', '.join(OPTIONS)}")
        if not OPTIONS[name].accepts(value):
            words = OPTIONS[name].schema["description"]
            raise EngineUnusable(f"its option {name} is {value!r}, which makes no sense: {words}")
    defaults = {name: option.default for name, option in OPTIONS.items()}
    return {**defaults, **DEFAULTS[str(given["head"])], **given}
