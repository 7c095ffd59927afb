"""Weights that a distribution carries, checked before they are used and loaded once."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakValueDictionary

import numpy as np
import numpy.typing as npt
import onnxruntime
from nigiwai_engine_api import EngineFailure, EngineUnusable

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Weights:
    """One ONNX file of a ``data/`` folder and the SHA-256 that its card states."""

    file: str
    sha256: str
    input: str
    outputs: tuple[str, ...]


class Model:
    """A loaded network; ``run`` may be called from several threads at once.

    Models of the same weights and threads share one session, whichever engine made them.
    """

    def __init__(self, weights: Weights, threads: int, folder: Path = DATA) -> None:
        self._weights = weights
        self._session = _session(folder / weights.file, weights.sha256, threads)

    def run(self, tensor: npt.NDArray[np.generic]) -> list[npt.NDArray[np.float32]]:
        """Compute the outputs, in the order the weights name them; raises ``EngineFailure``."""
        try:
            outputs: list[npt.NDArray[np.float32]] = self._session.run(
                self._weights.outputs, {self._weights.input: tensor}
            )
        except Exception as error:
            raise EngineFailure(f"{self._weights.file} failed on a frame: {error}") from error
        # A score that is none is below every threshold: nobody would be there.
        if not all(np.isfinite(output).all() for output in outputs):
            raise EngineFailure(f"{self._weights.file} gives numbers that are not finite")
        return outputs


_Sessions = WeakValueDictionary[tuple[Path, str, int], onnxruntime.InferenceSession]
_sessions: _Sessions = WeakValueDictionary()
_loading = threading.Lock()


def _session(path: Path, sha256: str, threads: int) -> onnxruntime.InferenceSession:
    with _loading:
        key = (path, sha256, threads)
        session = _sessions.get(key)
        if session is None:
            session = _sessions[key] = _load(path, sha256, threads)
        return session


def _load(path: Path, sha256: str, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Waiting threads sleep: cameras are many and cores are few.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    data = _read(path, sha256)
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise EngineUnusable(f"{path.name} cannot be loaded: {error}") from error


def _read(path: Path, sha256: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise EngineUnusable(f"its weights {path.name} cannot be read: {error}") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise EngineUnusable(
            f"its weights {path.name} are damaged: their SHA-256 is not the one on their card"
        )
    return data
