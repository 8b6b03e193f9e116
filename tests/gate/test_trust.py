"""What a trial of a store needs of its reader's trust: each import, file and address."""

import dataclasses

import pytest

from optframe import Study, load_plugins
from optframe.contracts.trial import Component, canonical
from optframe.gate.trust import asked_of

REGISTRY = load_plugins()
(TRIAL,) = Study("s", {"steps": 3}, "sgd", "sphere").trials(REGISTRY)


@pytest.mark.parametrize(
    ("name", "values", "asked"),
    [
        ("adam", {"lr": 0.1, "beta1": 0.9}, []),
        ("helper:X", {}, ["import helper:X"]),
        ("torch.optim.AdamW", {"lr": 0.1}, ["import torch.optim.AdamW"]),
        ("adam", {"lr": {"schedule": "a.b.C", "x": 1}}, ["import a.b.C"]),
        ("adam", {"wrap": [{"name": "clip-norm"}, {"name": "a.b"}]}, ["import a.b"]),
        ("bfgs", {"search": {"name": "a.b"}}, ["import a.b"]),
        ("split", {"hidden": "torch.optim.Muon:lr=0.02"}, ["import torch.optim.Muon"]),
        ("split", {"rest": "a.b+clip-norm"}, ["import a.b"]),
        ("split", {"rest": "adamw:lr=1e-3"}, []),
        ("adam", {"x": "0.5"}, []),
        ("adam", {"x": "a/b.c"}, ["open 'a/b.c'"]),
    ],
)
def test_an_import_path_is_an_import_wherever_it_stands(name, values, asked):
    optimizer = Component(name, canonical(values), name)
    assert asked_of(dataclasses.replace(TRIAL, optimizer=optimizer), REGISTRY) == asked
