"""A data set that takes no time to load."""

from dataclasses import dataclass

import numpy as np

from optframe import Count, Dataset, DatasetLoader, Part, hookimpl

optframe_api = 1


@dataclass(frozen=True)
class Tiny(DatasetLoader):
    """Tiny: a few records with two features, in two overlapping classes."""

    records: Count = 20

    def load(self):
        targets = np.arange(self.records) % 2
        inputs = np.random.default_rng(0).standard_normal((self.records, 2)) + targets[:, None]
        part = Part(inputs, targets)
        return Dataset("tiny", part, part, part, 2)


@hookimpl
def optframe_datasets():
    return {"tiny": Tiny}
