"""Components that raise while they run."""

import sys
from dataclasses import dataclass

import numpy as np

from optframe import Count, Function, Optimizer, hookimpl

optframe_api = 1


@dataclass(frozen=True)
class Stumbles(Optimizer):
    """Stumbles: gradient descent that raises at one of its steps."""

    at: Count = 5

    def step(self, theta, state, oracle):
        if oracle.step + 1 == self.at:
            raise ArithmeticError("stumbled\nover two lines")
        return theta - 0.001 * oracle.gradient(theta), state


@dataclass(frozen=True)
class Leaves(Optimizer):
    """Leaves: an optimizer that ends the whole process."""

    def step(self, theta, state, oracle):
        sys.exit("the optimizer has left")


@dataclass(frozen=True)
class Abyss(Function):
    """Abyss: a problem whose loss cannot be computed anywhere."""

    size = 3

    def start(self, random):
        return np.zeros(3)

    def loss(self, theta):
        raise ZeroDivisionError("no loss here")

    def gradient(self, theta):
        return theta


@hookimpl
def optframe_optimizers():
    return {"stumbles": Stumbles, "leaves": Leaves}


@hookimpl
def optframe_problems():
    return {"abyss": Abyss}
