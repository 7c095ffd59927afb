"""Bring your own ONNX: every head on graphs with known outputs, and on real weights."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import nigiwai_engine_onnx
import numpy as np
import pytest
from click.testing import CliRunner
from nigiwai_detectors import nanodet
from nigiwai_detectors.boxes import at_least, suppress
from nigiwai_detectors.weights import DATA, Model
from nigiwai_engine_api import Context, Engine, EngineUnusable, Frame, PictogramStyle
from nigiwai_engine_api.checks import noise, scene
from nigiwai_engine_api.testing import EngineConformance, create
from nigiwai_engine_onnx.options import OPTIONS, SCHEMA
from onnx import TensorProto

import webapp.demo
from nigiwai import cli
from tests.engines.onnx_graphs import SIDE, write_echo, write_model
from webapp.evaluation_set import read_manifest

DEMO = Path(webapp.demo.__file__).parent
NANODET = str(DATA / nanodet.WEIGHTS.file)
CELLS = 64 + 16 + 4
# A frame of twice the model's side: boxes come back at double size.
FRAME = Frame(np.full((2 * SIDE, 2 * SIDE, 3), 90, np.uint8))


def build(**options: Any) -> Engine:
    engine = create(
        nigiwai_engine_onnx, "onnx", {k: v for k, v in options.items() if v is not None}
    )
    engine.warm_up()
    return engine


def boxes(engine: Engine, frame: Frame = FRAME) -> list[list[float]]:
    return np.round(engine.find_people(frame, Context()).boxes, 2).tolist()


def refusal(**options: Any) -> str:
    with pytest.raises(EngineUnusable) as caught:
        build(**options)
    return str(caught.value)


# YOLOX: cell 9 of stride 8 stands at x = 8, y = 8; cell 64 + 5 of stride 16 at 16, 16.


def yolox_rows(classes: int = 3) -> np.ndarray:
    rows = np.zeros((1, CELLS, 5 + classes), np.float32)
    rows[0, 9] = [0.5, 1.0, np.log(2), np.log(3), 0.9, 0.9, 0, 0][: 5 + classes]
    rows[0, 69] = [1.0, 1.0, 0, np.log(1.5), 0.9, 0, 0.8, 0][: 5 + classes]
    return rows


def test_yolox_decodes_cells(tmp_path: Path) -> None:
    model = str(write_model(tmp_path / "m.onnx", {"out": yolox_rows()}))
    # Centre (8 + 0.5*8, 8 + 8), sides 16 x 24: x 4..20, y 4..28; doubled.
    engine = build(model=model, head="yolox")
    assert boxes(engine) == [[8, 8, 40, 56]]
    assert engine.find_people(FRAME, Context()).scores == pytest.approx([0.81])
    second = build(model=model, head="yolox", class_index=1)
    # Centre (32, 32), sides 16 x 24: x 24..40, y 20..44; doubled.
    assert boxes(second) == [[48, 40, 80, 88]]
    assert boxes(build(model=model, head="yolox", class_index=2)) == []
    assert boxes(build(model=model, head="yolox", least_score=0.85)) == []


def test_yolox_in_pixels_and_with_logits(tmp_path: Path) -> None:
    rows = np.full((1, 5, 6), -20, np.float32)
    rows[0, 2] = [32, 16, 20, 10, 20, 20]
    rows[0, :, 2:4] = np.abs(rows[0, :, 2:4])
    model = str(write_model(tmp_path / "m.onnx", {"out": rows}))
    engine = build(model=model, head="yolox", decoded="yes", scores="sigmoid")
    assert boxes(engine) == [[44, 22, 84, 42]]


def test_yolox_drops_repeats(tmp_path: Path) -> None:
    rows = np.zeros((1, 3, 6), np.float32)
    rows[0] = [[32, 32, 20, 40, 1, 0.9], [37, 32, 20, 40, 1, 0.8], [10, 32, 10, 40, 1, 0.7]]
    model = str(write_model(tmp_path / "m.onnx", {"out": rows}))
    assert len(boxes(build(model=model, head="yolox", decoded="yes"))) == 2
    assert len(boxes(build(model=model, head="yolox", decoded="yes", same_person=0.7))) == 3


# NanoDet: bins far above the others give whole distances.


def nanodet_parts(bins: int = 8, classes: int = 2) -> tuple[np.ndarray, np.ndarray]:
    scores = np.zeros((1, CELLS, classes), np.float32)
    sides = np.full((1, CELLS, 4, bins), -50, np.float32)
    sides[..., 1] = 50
    scores[0, 9, 0] = 0.9  # of stride 8, centre 12, 12
    for side, distance in enumerate((1, 1, 2, 5)):
        sides[0, 9, side] = -50
        sides[0, 9, side, distance] = 50
    return scores, sides.reshape(1, CELLS, 4 * bins)


NANODET_BOX = [8, 8, 56, 104]  # 12 - 8, 12 - 8, 12 + 16, 12 + 40; doubled


def test_nanodet_in_one_output(tmp_path: Path) -> None:
    whole = np.concatenate(nanodet_parts(), axis=2)
    model = str(write_model(tmp_path / "m.onnx", {"out": whole}))
    assert boxes(build(model=model, head="nanodet", classes=2)) == [NANODET_BOX]
    plus = boxes(build(model=model, head="nanodet", classes=2, cell_offset=0))
    assert plus == [[value - 8 if value > 8 else 0 for value in NANODET_BOX]]


def test_nanodet_in_several_outputs_of_any_order(tmp_path: Path) -> None:
    scores, sides = nanodet_parts()
    parts = {
        "b": sides[:, 64:80], "c": scores[:, 80:], "e": scores[:, :64],
        "a": sides[:, 80:], "f": scores[:, 64:80], "d": sides[:, :64],
    }  # fmt: skip
    model = str(write_model(tmp_path / "m.onnx", parts))
    assert boxes(build(model=model, head="nanodet", classes=2)) == [NANODET_BOX]


def test_nanodet_agrees_with_the_decoder_of_the_standard_engine() -> None:
    engine = build(model=NANODET, head="nanodet", least_score=0.3, same_person=0.55)
    ours = Model(nanodet.WEIGHTS, 1)
    found = 0
    for frame, _ in read_manifest(DEMO / "manifest.json")[0].frames(160):
        expected = suppress(at_least(nanodet.find(ours, frame), 0.3), 0.55, 0.9)
        people = engine.find_people(frame, Context())
        assert people.boxes == pytest.approx(expected.boxes, abs=0.01)
        assert people.scores == pytest.approx(expected.scores, abs=1e-5)
        found += len(people)
    assert found > 10


# DETR


def detr_outputs() -> dict[str, np.ndarray]:
    logits = np.full((1, 3, 4), -5, np.float32)
    logits[0, 0, 1] = 5
    logits[0, 1, 2] = 5
    logits[0, 2, 3] = 5  # nothing
    places = np.array([[[0.5, 0.5, 0.25, 0.5]] * 3], np.float32)
    return {"logits": logits, "pred_boxes": places}


@pytest.mark.parametrize("turned", [False, True])
def test_detr_in_either_order(tmp_path: Path, turned: bool) -> None:
    outputs = detr_outputs()
    outputs["logits"] = outputs["logits"][..., [0, 1, 2, 2, 3]]
    if turned:
        outputs = dict(reversed(outputs.items()))
    model = str(write_model(tmp_path / "m.onnx", outputs))
    wide = Frame(np.full((100, 400, 3), 90, np.uint8))  # squeezed, not letterboxed
    assert boxes(build(model=model, head="detr"), wide) == [[150, 25, 250, 75]]


def test_detr_with_four_classes_goes_by_the_order(tmp_path: Path) -> None:
    model = str(write_model(tmp_path / "m.onnx", detr_outputs()))
    engine = build(model=model, head="detr")
    assert boxes(engine) == [[48, 32, 80, 96]]
    assert engine.find_people(FRAME, Context()).scores[0] > 0.99


def test_detr_with_sigmoid_has_no_class_for_nothing(tmp_path: Path) -> None:
    outputs = detr_outputs()
    model = str(write_model(tmp_path / "m.onnx", outputs))
    assert len(boxes(build(model=model, head="detr", scores="sigmoid", class_index=3))) == 1
    assert "class_index is 3" in refusal(model=model, head="detr", class_index=3)


def test_colours_and_levels_reach_the_model_as_told(tmp_path: Path) -> None:
    """The echo's box is what its input's first channel holds in each quarter."""
    pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
    half = SIDE // 2
    for place, (blue, red) in {(0, 0): (128, 64), (0, 1): (128, 64), (1, 0): (64, 32),
                               (1, 1): (64, 32)}.items():  # fmt: skip
        rows, columns = (slice(p * half, (p + 1) * half) for p in place)
        pixels[rows, columns] = (blue, 0, red)
    plain = {"mean": [0, 0, 0], "deviation": [256, 256, 256], "class_index": 0}
    model = str(write_echo(tmp_path / "m.onnx"))
    blue_first = build(model=model, head="detr", colours="bgr", **plain)
    assert boxes(blue_first, Frame(pixels)) == [[24, 24, 40, 40]]
    red_first = build(model=model, head="detr", colours="rgb", **plain)
    assert boxes(red_first, Frame(pixels)) == [[12, 12, 20, 20]]
    moved = {**plain, "mean": [-64, 0, 0]}
    shifted = build(model=model, head="detr", colours="bgr", **moved)
    assert boxes(shifted, Frame(pixels)) == [[32, 32, 64, 64]]


def test_a_model_of_any_size_needs_its_size(tmp_path: Path) -> None:
    model = str(write_model(tmp_path / "m.onnx", {"out": yolox_rows()}, shape=("n", 3, "h", "w")))
    assert "needs the option input_height" in refusal(model=model, head="yolox")
    engine = build(model=model, head="yolox", input_width=SIDE, input_height=SIDE)
    assert boxes(engine) == [[8, 8, 40, 56]]
    assert "do not come of an input" in refusal(
        model=model, head="yolox", input_width=96, input_height=SIDE
    )


GOOD = {"head": "yolox"}


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"head": None}, "needs the option head"),
        ({"model": None}, "needs the option model"),
        ({"model": "/nowhere.onnx"}, "is not there"),
        ({"head": "ssd"}, "head is 'ssd'"),
        ({"speed": 1}, "no option speed"),
        ({"least_score": 1.5}, "least_score is 1.5"),
        ({"least_score": True}, "least_score is True"),
        ({"class_index": -1}, "class_index is -1"),
        ({"class_index": 7}, "class_index is 7, but the model tells 3"),
        ({"mean": [1, 2]}, "mean is [1, 2]"),
        ({"deviation": [1, 0, 1]}, "deviation is [1, 0, 1]"),
        ({"threads": 0}, "threads is 0"),
        ({"input_width": 32}, "input_width is 32, but its model takes 64"),
        ({"head": "nanodet"}, "no 4 sides"),
        ({"head": "detr"}, "two outputs"),
    ],
)
def test_options_that_make_no_sense_are_told(
    tmp_path: Path, options: dict[str, Any], why: str
) -> None:
    rows = yolox_rows()
    model = str(write_model(tmp_path / "m.onnx", {"out": rows}))
    assert why in refusal(**{"model": model, "head": "yolox", **options})


@pytest.mark.parametrize(
    "values",
    [
        {"shape": (1, 1, SIDE, SIDE)},
        {"shape": (4, 3, SIDE, SIDE)},
        {"shape": (1, SIDE, SIDE, 3)},
        {"shape": (1, 3 * SIDE * SIDE)},
        {"kind": TensorProto.UINT8},
        {"inputs": 2},
    ],
    ids=str,
)
def test_a_model_of_another_input_is_told(tmp_path: Path, values: dict[str, Any]) -> None:
    model = str(write_model(tmp_path / "m.onnx", {"out": yolox_rows()}, **values))
    assert "one float32 picture 1x3xHxW" in refusal(model=model, head="yolox")


def test_a_file_that_is_no_model_is_told(tmp_path: Path) -> None:
    file = tmp_path / "m.onnx"
    file.write_bytes(b"hello")
    assert "cannot be loaded" in refusal(model=str(file), head="yolox")


@pytest.mark.parametrize(
    "outputs",
    [
        {"a": np.zeros((1, 64, 2), np.float32), "b": np.zeros((1, 16, 32), np.float32)},
        {"a": np.zeros((1, 84, 32), np.float32), "b": np.zeros((1, 84, 32), np.float32)},
        {"a": np.zeros((84, 34), np.float32)},
        {
            "a": np.zeros((1, 64, 2), np.float32), "b": np.zeros((1, 20, 2), np.float32),
            "c": np.zeros((1, 64, 32), np.float32), "d": np.zeros((1, 20, 16), np.float32),
        },
    ],
)  # fmt: skip
def test_outputs_of_no_nanodet_are_told(tmp_path: Path, outputs: dict[str, np.ndarray]) -> None:
    model = str(write_model(tmp_path / "m.onnx", outputs))
    assert "does not fit its options" in refusal(model=model, head="nanodet", classes=2)


def test_outputs_of_no_detr_are_told(tmp_path: Path) -> None:
    odd = {"a": np.zeros((1, 3, 5), np.float32), "b": np.zeros((1, 3, 6), np.float32)}
    model = str(write_model(tmp_path / "m.onnx", odd))
    assert "no output holds a box" in refusal(model=model, head="detr")


@pytest.mark.parametrize(
    ("column", "value"),
    [(2, np.nan), (4, np.nan), (5, np.nan), (4, np.inf), (5, -np.inf)],
    ids=["side", "objectness", "class", "objectness-infinite", "class-infinite"],
)
def test_numbers_that_are_none_fail_the_frame(tmp_path: Path, column: int, value: float) -> None:
    rows = yolox_rows()
    rows[0, 9, column] = value
    model = str(write_model(tmp_path / "m.onnx", {"out": rows}))
    assert "not finite" in refusal(model=model, head="yolox")


def test_title_and_style_are_options(tmp_path: Path) -> None:
    info = nigiwai_engine_onnx.engine_info(
        {"title_ja": "駅前モデル", "title_en": "Station", "style": "mark"}
    )
    assert info.titles == {"ja": "駅前モデル", "en": "Station"}
    assert info.style is PictogramStyle.MARK
    assert nigiwai_engine_onnx.engine_info({}).titles["en"] == "Own model"


def test_every_option_is_described() -> None:
    assert set(SCHEMA["properties"]) == set(OPTIONS)
    assert all(option["description"] for option in SCHEMA["properties"].values())


def test_the_product_uses_it(tmp_path: Path) -> None:
    plugins = tmp_path / "plugins.toml"
    plugins.write_text(
        "[engines.onnx]\nenabled = true\n[engines.onnx.options]\n"
        f'model = "{NANODET}"\nhead = "nanodet"\ntitle_ja = "駅前"\ntitle_en = "Station"\n'
        "[connectors.file]\nenabled = true\n",
        "utf-8",
    )
    settings = {"NIGIWAI_PLUGINS_FILE": str(plugins), "NIGIWAI_DATA_DIR": str(tmp_path / "d")}
    listed = CliRunner(env=settings).invoke(cli, ["engines", "--json"])
    assert listed.exit_code == 0, listed.output
    assert json.loads(listed.stdout)[0]["titles"] == {"ja": "駅前", "en": "Station"}


class TestConformance(EngineConformance):
    """The whole kit, on real weights."""

    plugin = nigiwai_engine_onnx
    options: ClassVar[dict[str, object]] = {"model": NANODET, "head": "nanodet"}

    @pytest.fixture
    def frames(self) -> Sequence[Frame]:
        frame, _ = next(read_manifest(DEMO / "manifest.json")[0].frames(400))
        return [frame, scene(), noise(120, 160)]
