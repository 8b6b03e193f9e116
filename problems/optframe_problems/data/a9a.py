"""Adult: who earns more than 50,000 dollars a year."""

from __future__ import annotations

from dataclasses import dataclass

from optframe import Dataset, DatasetLoader
from optframe_problems.data.libsvm import load_libsvm

__all__ = ["A9a"]


@dataclass(frozen=True)
class A9a(DatasetLoader):
    """32,561 people with 123 sparse features of 0 and 1, income ≤ 50,000 (0) or more (1).

    The 16,281 test records are their own file, ``a9a.t``.

    References
    ----------
    J. C. Platt, "Fast training of support vector machines using sequential minimal optimization",
    in Advances in Kernel Methods (1998), from B. Becker and R. Kohavi's Adult, UCI Machine
    Learning Repository (1996).
    """

    def load(self) -> Dataset:
        """Read both files."""
        return load_libsvm("a9a", "a9a", "a9a.t")
