"""Chooses the backend of Keras, which it reads when it is imported; imports nothing of it."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import Any

from optframe import UsageError

__all__ = ["choose"]

BACKENDS = ("jax", "torch")
"""The backends on which its optimizers run here; the first that is installed is chosen."""

_VARIABLE = "KERAS_BACKEND"


def choose() -> None:
    """Set ``KERAS_BACKEND`` if it is not set, so that worker processes have the same backend.

    Raises
    ------
    UsageError
        If it names no backend that can be used, or was set after keras had been imported.
    """
    wanted = os.environ.get(_VARIABLE, "")
    keras: Any = sys.modules.get("keras")
    if keras is not None:
        used = keras.config.backend()
        if wanted and wanted != used:
            raise UsageError(
                f"{_VARIABLE} is {wanted!r}, but keras was imported before it was set, with the "
                f"backend {used!r}; set it before the first import of keras"
            )
        if used not in BACKENDS:
            raise UsageError(
                f"keras was imported with the backend {used!r}; its optimizers run here on jax or "
                f"torch: set {_VARIABLE} before the first import of keras"
            )
        os.environ[_VARIABLE] = used
    elif find_spec("keras") is None:
        return
    elif wanted and wanted not in BACKENDS:
        raise UsageError(
            f"{_VARIABLE} is {wanted!r}; Keras's optimizers run here on jax or torch: set it to "
            "one of these, or unset it"
        )
    elif wanted and find_spec(wanted) is None:
        raise UsageError(
            f"{_VARIABLE} is {wanted!r}, which is not installed; install it, or unset the variable"
        )
    elif not wanted:
        installed = [name for name in BACKENDS if find_spec(name) is not None]
        if not installed:
            raise UsageError(
                "keras needs JAX or PyTorch, and neither is installed; "
                'pip install "optframe-bench[keras]"'
            )
        os.environ[_VARIABLE] = installed[0]
