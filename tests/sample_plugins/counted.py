"""Gradient descent that writes down that it runs, in a file that all processes share."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from annotated_types import Gt

from optframe import Optimizer, Oracle, hookimpl

optframe_api = 1


@dataclass(frozen=True)
class Counted(Optimizer):
    """Gradient descent, slowly: the file ``where`` gets a line with ``lr`` at each third step.

    What comes before a run, to warm up or to measure, is one step at most. Where the file ``limit``
    holds a number, a run that writes a later line than that waits until its process is killed.
    """

    lr: Annotated[float, Gt(0)] = 0.001
    where: str = ""
    pause: float = 0.0
    limit: str = ""

    def init(self, theta, oracle: Oracle):
        return 0

    def step(self, theta, state, oracle: Oracle):
        if state == 2:
            file = os.open(self.where, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(file, f"{self.lr!r}\n".encode())
            os.close(file)
            while self.limit and self._beyond():
                time.sleep(0.01)
        time.sleep(self.pause)
        return theta - self.lr * oracle.gradient(theta), state + 1

    def _beyond(self):
        """Whether there are more lines than there may be."""
        limit = Path(self.limit)
        lines = Path(self.where).read_bytes().count(b"\n")
        return limit.exists() and lines > int(limit.read_text())


@hookimpl
def optframe_optimizers():
    return {"counted": Counted}
