"""Each check of a protocol is failed by protocols that are broken in just that way."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from optframe import Protocol, Space, UsageError, load_plugins
from optframe.testing import check_protocol

REGISTRY = load_plugins()
LR = Space(1e-4, 1.0)


@dataclass(frozen=True)
class Healthy(Protocol):
    """Three learning rates."""

    tuner = "grid:points=3"
    trials = 3
    source = "nobody, nowhere"

    def space(self, optimizer, given, fields):
        return {name: LR for name in ("lr",) if name in fields and name not in given}


@dataclass(frozen=True)
class Given(Healthy):
    """Its spaces are ``of(optimizer, given, fields)``."""

    of: Callable[..., Any] = dict

    def space(self, optimizer, given, fields):
        return self.of(optimizer, given, fields)


def but(**words):
    return type("Broken", (Healthy,), words)()


def of_sgd(**space):
    """Have these spaces for sgd alone."""
    return Given(of=lambda optimizer, given, fields: space if optimizer == "sgd" else None)


class Counts(Healthy):
    def space(self, optimizer, given, fields):
        count = self.__dict__["count"] = self.__dict__.get("count", 0) + 1
        return {"lr": Space(1e-4, count + 1.0)} if "lr" in fields and "lr" not in given else None


class PopsWrappers(Healthy):
    def space(self, optimizer, given, fields):
        space = super().space(optimizer, given, fields)
        given.pop("wrap", None)
        return space


BROKEN = {
    "names-its-source": {
        "none": but(source=""),
        "no text": but(source=None),
        "differs as one text": but(differs="in many ways"),
    },
    "numbers-are-at-least-one": {
        "no trials": but(trials=0),
        "half a seed": but(tuning_seeds=0.5),
        "no final seeds": but(final_seeds=0),
        "no number": but(trials=None),
    },
    "chooses-without-test-data": {
        "test accuracy": but(metric=("validation_loss", "test_accuracy")),
        "one text": but(metric="loss"),
        "in the middle": but(at="middle"),
    },
    "its-tuner-exists": {
        "no such tuner": but(tuner="gird"),
        "no such parameter": but(tuner="grid:pints=3"),
    },
    "spaces-are-of-fields-that-exist": {
        "no such field": of_sgd(rate=LR),
        "no such wrapper": of_sgd(**{"lr": LR, "clip-norm.max": LR}),
        "no such field of a wrapper": Given(
            of=lambda optimizer, given, fields: (
                {"weight-decay.decya": LR} if optimizer == "sgd" and "wrap" in given else None
            )
        ),
        "an end that the field refuses": of_sgd(lr=Space(-1.0, 1.0)),
        "a range as a pair": of_sgd(lr=(0.0, 1.0)),
        "times nothing": of_sgd(lr=Space(0.1, 1.0, times="eps")),
    },
    "leaves-given-fields-alone": {
        "a given one": of_sgd(lr=LR),
        "of nothing": Given(of=lambda optimizer, given, fields: {"lr": LR}),
    },
    "its-tuner-searches-its-spaces": {"too few trials": but(trials=2)},
    "depends-on-its-arguments-alone": {"counts": Counts(), "pops the wrappers": PopsWrappers()},
    "pickles": {"holds a function": Given(of=lambda optimizer, given, fields: None)},
}


def test_the_healthy_fail_nothing(ends):
    checks = check_protocol(Healthy, registry=REGISTRY, seed=None)
    assert set(ends(checks).values()) == {"passed"}, checks.run()


@pytest.mark.parametrize(
    ("check", "protocol"),
    [
        pytest.param(check, protocol, id=f"{check}-{name}")
        for check, cases in BROKEN.items()
        for name, protocol in cases.items()
    ],
)
def test_the_broken_are_found(check, protocol, status):
    assert status(check_protocol(protocol, registry=REGISTRY), check) == "failed"


def test_every_check_can_fail(ends):
    tested_elsewhere = {"imports-nothing-heavy", "enough-checks-apply"}
    assert set(ends(check_protocol(Healthy, registry=REGISTRY))) == {*BROKEN, *tested_elsewhere}


def test_a_protocol_without_any_space_is_not_checked_much(status):
    checks = check_protocol(but(space=lambda *words: None), registry=REGISTRY)
    assert status(checks, "spaces-are-of-fields-that-exist") == "not applicable"


def test_what_is_no_protocol_is_refused():
    with pytest.raises(UsageError, match="check_protocol: "):
        check_protocol(dict)
