"""Which backend Keras is imported with, and what is said of one that cannot be; without Keras."""

import os
import sys
from types import SimpleNamespace

import pytest

from optframe import UsageError
from optframe_plugins.keras_optimizer.backend import choose


def imported_with(monkeypatch, backend):
    config = SimpleNamespace(backend=lambda: backend)
    monkeypatch.setitem(sys.modules, "keras", SimpleNamespace(config=config))


@pytest.mark.parametrize(
    ("wanted", "used", "expected"),
    [
        ("jax", "torch", "KERAS_BACKEND is 'jax', but keras was imported before it was set"),
        ("", "tensorflow", "keras was imported with the backend 'tensorflow'"),
        ("tensorflow", "tensorflow", "keras was imported with the backend 'tensorflow'"),
    ],
)
def test_a_backend_that_is_set_too_late_or_is_no_backend(monkeypatch, wanted, used, expected):
    imported_with(monkeypatch, used)
    monkeypatch.setenv("KERAS_BACKEND", wanted)
    with pytest.raises(UsageError, match=expected):
        choose()


def test_workers_get_the_backend_that_keras_was_imported_with(monkeypatch):
    imported_with(monkeypatch, "torch")
    monkeypatch.setenv("KERAS_BACKEND", "")
    choose()
    assert os.environ["KERAS_BACKEND"] == "torch"


@pytest.mark.parametrize(
    ("wanted", "installed", "expected"),
    [
        ("", {"keras", "jax", "torch"}, "jax"),
        ("", {"keras", "torch"}, "torch"),
        ("torch", {"keras", "jax", "torch"}, "torch"),
        ("", {"jax"}, ""),
    ],
)
def test_the_backend_that_is_chosen(monkeypatch, wanted, installed, expected):
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.setenv("KERAS_BACKEND", wanted)
    monkeypatch.setattr(
        "optframe_plugins.keras_optimizer.backend.find_spec",
        lambda name: name if name in installed else None,
    )
    choose()
    assert os.environ["KERAS_BACKEND"] == expected


@pytest.mark.parametrize(
    ("wanted", "installed", "expected"),
    [
        ("tensorflow", {"keras", "jax"}, "KERAS_BACKEND is 'tensorflow'; Keras's optimizers run"),
        ("torch", {"keras", "jax"}, "KERAS_BACKEND is 'torch', which is not installed"),
        ("", {"keras"}, "keras needs JAX or PyTorch, and neither is installed"),
    ],
)
def test_a_backend_that_cannot_be(monkeypatch, wanted, installed, expected):
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.setenv("KERAS_BACKEND", wanted)
    monkeypatch.setattr(
        "optframe_plugins.keras_optimizer.backend.find_spec",
        lambda name: name if name in installed else None,
    )
    with pytest.raises(UsageError, match=expected):
        choose()
