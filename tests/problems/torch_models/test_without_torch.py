"""What is said where PyTorch is not installed."""

import sys

import numpy as np
import pytest

import optframe
from optframe import UnavailableError


def test_one_line_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(UnavailableError, match=r"pip install 'optframe-bench\[torch\]'") as refused:
        optframe.TorchProblem(list, sum, (np.ones((2, 1)), np.ones(2)))
    assert "\n" not in str(refused.value)
