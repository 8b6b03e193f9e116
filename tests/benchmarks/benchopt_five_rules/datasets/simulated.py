import numpy as np
from benchopt import BaseDataset


class Dataset(BaseDataset):
    """100 normal records of 50 features, and other ones in every repetition."""

    name = "simulated"

    def get_data(self):
        random = np.random.default_rng(self.get_seed(use_dataset=True, use_repetition=True))
        X = random.standard_normal((100, 50))
        y = X @ random.standard_normal(50) + 0.1 * random.standard_normal(100)
        return {"X": X, "y": y}
