"""The errors an engine may raise; each says what its caller should do."""


class EngineError(Exception):
    """Base of all errors of an engine. The message is a sentence for the operator's log."""


class EngineUnusable(EngineError):
    """Give up: the engine cannot work here (no weights, wrong options). Stops the start."""


class EngineFailure(EngineError):
    """Skip this frame: the engine failed on it. The next frame is tried as usual."""
