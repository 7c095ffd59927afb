"""Tiny ONNX models whose outputs a test chooses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE = 64  # pixels of the input; strides 8, 16, 32 make 64 + 16 + 4 cells


def write_model(
    path: Path,
    outputs: Mapping[str, np.ndarray],
    *,
    shape: Sequence[int | str] = (1, 3, SIDE, SIDE),
    kind: int = TensorProto.FLOAT,
    inputs: int = 1,
) -> Path:
    """Write a model that gives these outputs for every picture."""
    nodes = [
        helper.make_node("Constant", [], [name], value=numpy_helper.from_array(value, name))
        for name, value in outputs.items()
    ]
    graph = helper.make_graph(
        nodes,
        "chosen",
        [helper.make_tensor_value_info(f"picture{n}", kind, shape) for n in range(inputs)],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape)
            for name, value in outputs.items()
        ],
    )
    return _save(path, graph)


def write_echo(path: Path) -> Path:
    """Write a model of a DETR head that finds one box: the mean of each half's first channel.

    Its box's centre x and y, and its sides, are the means of four quarters of the input:
    what reaches the model can be read from what it finds.
    """
    shape = (1, 3, SIDE, SIDE)
    half = SIDE // 2
    constants = {
        "logits": np.array([[[9.0, -9.0]]], np.float32),
        "shape": np.array([1, 1, 4], np.int64),
    }
    nodes = [
        helper.make_node("Constant", [], [name], value=numpy_helper.from_array(value, name))
        for name, value in constants.items()
    ]
    nodes += [
        helper.make_node("AveragePool", ["picture"], ["quarters"], kernel_shape=[half, half],
                         strides=[half, half]),
        helper.make_node("Split", ["quarters"], ["first", "second", "third"], axis=1,
                         num_outputs=3),
        helper.make_node("Reshape", ["first", "shape"], ["boxes"]),
        helper.make_node("Identity", ["logits"], ["scores"]),
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes,
        "echo",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, shape)],
        [
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, (1, 1, 2)),
            helper.make_tensor_value_info("boxes", TensorProto.FLOAT, (1, 1, 4)),
        ],
    )
    return _save(path, graph)


def _save(path: Path, graph: onnx.GraphProto) -> Path:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path
