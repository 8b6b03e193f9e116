"""An executor that runs the trials in another order."""

from dataclasses import dataclass

import numpy as np

from optframe import Executor, hookimpl

optframe_api = 1


@dataclass(frozen=True)
class Shuffling(Executor):
    """Shuffling: one trial after another, in a random order."""

    def run(self, run_trial, trials):
        for i in np.random.default_rng(1).permutation(len(trials)):
            yield run_trial(trials[i])


@hookimpl
def optframe_executors():
    return {"shuffling": Shuffling}
