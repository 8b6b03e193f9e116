"""An executor that runs the trials in another order."""

from dataclasses import dataclass

import numpy as np

from optframe import Executor, hookimpl

optframe_api = 1


@dataclass(frozen=True)
class Shuffling(Executor):
    """Shuffling: one trial after another, in a random order."""

    def run(self, work, items, stop):
        for i in np.random.default_rng(1).permutation(len(items)):
            yield work(items[i])


@hookimpl
def optframe_executors():
    return {"shuffling": Shuffling}
