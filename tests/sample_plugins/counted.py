"""Gradient descent that writes down that it runs, in a file that all processes share."""

import os
import time
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Gt

from optframe import Optimizer, Oracle, hookimpl

optframe_api = 1


@dataclass(frozen=True)
class Counted(Optimizer):
    """Gradient descent, slowly: the file ``where`` gets a line with ``lr`` at each third step.

    What comes before a run, to warm up or to measure, is one step at most.
    """

    lr: Annotated[float, Gt(0)] = 0.001
    where: str = ""
    pause: float = 0.0

    def init(self, theta, oracle: Oracle):
        return 0

    def step(self, theta, state, oracle: Oracle):
        if state == 2:
            file = os.open(self.where, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(file, f"{self.lr!r}\n".encode())
            os.close(file)
        time.sleep(self.pause)
        return theta - self.lr * oracle.gradient(theta), state + 1


@hookimpl
def optframe_optimizers():
    return {"counted": Counted}
