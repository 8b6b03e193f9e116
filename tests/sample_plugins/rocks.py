"""Two data sets of a stranger, one of them in files."""

from dataclasses import dataclass

import numpy as np

from optframe import DataFile, Dataset, DatasetLoader, Part, UsageError, hookimpl

optframe_api = 1

STONES = DataFile(
    "stones",
    "rocks",
    ("http://127.0.0.1:9/stones",),  # the port at which nothing answers
    "1def07dbe06eeb097aafec8a40329937cd20c93a83634b8221ea2b41a894310c",
    6,
)


@dataclass(frozen=True)
class Stones(DatasetLoader):
    """Stones by weight, in a file, and in a second one, if it is named."""

    more: str = ""

    def files(self):
        return (STONES, DataFile(self.more, "rocks")) if self.more else (STONES,)

    def load(self):
        for file in self.files():
            if b"?" in file.fetch().read_bytes():
                raise UsageError(f"{file.name}: found a question mark")
        part = Part(np.ones((3, 1)), np.arange(3.0))
        return Dataset("stones", part, part, part, 0)


@dataclass(frozen=True)
class Clouds(DatasetLoader):
    """Clouds, made up."""

    def load(self):
        part = Part(np.ones((3, 1)), np.arange(3.0))
        return Dataset("clouds", part, part, part, 0)


@hookimpl
def optframe_datasets():
    return {"stones": Stones, "clouds": Clouds}
