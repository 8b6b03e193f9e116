"""Gradient descent that takes its time, to be killed in the middle of a study."""

import os
import time
from dataclasses import dataclass

from optframe import Optimizer, Positive, hookimpl

optframe_api = 1


@dataclass(frozen=True)
class Slow(Optimizer):
    """Slow: gradient descent that sleeps at every step.

    From the fifth seed on, a step waits until the file ``gate`` exists.
    """

    lr: Positive = 0.001
    seconds: Positive = 0.02
    gate: str = ""
    random = True  # so that every seed is run

    def step(self, theta, state, oracle):
        time.sleep(self.seconds)
        if self.gate and oracle.random.bit_generator.seed_seq.spawn_key[1] >= 4:
            while not os.path.exists(self.gate):
                time.sleep(0.01)
        noise = oracle.random.standard_normal(theta.shape)
        return theta - self.lr * (oracle.gradient(theta) + noise), state


@hookimpl
def optframe_optimizers():
    return {"slow": Slow}
