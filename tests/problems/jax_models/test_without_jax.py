"""What is said where JAX is not installed."""

import sys

import pytest

import optframe
from optframe import UnavailableError


def test_one_line_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(UnavailableError, match=r"pip install 'optframe-bench\[jax\]'") as refused:
        optframe.JaxProblem(lambda params: params, 1.0)
    assert "\n" not in str(refused.value)
