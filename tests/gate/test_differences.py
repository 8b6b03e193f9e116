"""Which differences of two machines decide, and that the description of one tells them."""

import platform

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from optframe import load_plugins
from optframe.execution.environment import describe
from optframe.gate.differences import DECIDING, differences, flat, lasting
from optframe_plugins.backends.numpy import NumpyBackend


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    return describe(load_plugins(), NumpyBackend(), 1, folder)


def test_a_description_names_the_kernel_the_features_and_the_versions(described):
    kernels = {one.get("architecture") for one in threadpool_info() if one["user_api"] == "blas"}
    assert described["blas_kernel"] in kernels or not kernels
    assert described["architecture"] == platform.machine()
    assert described["versions"]["numpy"] == np.__version__
    assert described["versions"]["pluggy"]
    assert "numba" in described["versions"]
    extensions = np.show_config(mode="dicts")["SIMD Extensions"]
    assert described["cpu_features"].split() == [
        *extensions.get("baseline", []),
        *extensions.get("found", []),
    ]


def test_the_same_place_differs_in_nothing(described):
    one = flat(described, "numpy", 1)
    assert differences(one, dict(one)) == ()
    assert set(one) >= {"numpy", "scipy", "python", "cpu_features", "backend", "threads"}
    assert "numba" not in one
    assert flat(described, "numba", 1).get("numba") == described["versions"]["numba"]
    assert one["python"] == ".".join(platform.python_version_tuple()[:2])


@pytest.mark.parametrize("name", DECIDING)
def test_each_deciding_thing_decides_also_where_one_side_does_not_know_it(name):
    (told,) = differences({name: "a"}, {name: "b"})
    assert (str(told), told.decides) == (f"{name.replace('_', ' ')} a → b", True)
    (told,) = differences({}, {name: "b"})
    assert (str(told), told.decides) == (f"{name.replace('_', ' ')} unknown → b", True)


def test_the_machine_is_told_and_decides_nothing():
    one, other = {"machine": "a", "git": "1", "cpu": "x"}, {"machine": "b", "git": "2", "cpu": "x"}
    found = differences(one, other)
    assert [(d.name, d.decides) for d in found] == [("machine", False), ("git", False)]
    assert differences({"machine": "a"}, {}) == ()


def test_a_baseline_keeps_no_name_of_a_machine(described):
    kept = lasting(flat(described, "numpy", 1))
    assert "machine" not in kept
    assert "git" not in kept
    assert differences(kept, flat(described, "numpy", 1)) == ()
