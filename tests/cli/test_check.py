"""``optframe check``."""

import re
import sys
from functools import partial

import pytest

PLUGIN = """
from dataclasses import dataclass
from optframe import Optimizer, Positive, Sampler, elementwise, hookimpl, sign

optframe_api = 1

@elementwise
def update(theta, g, lr):
    return theta - lr * sign(g)

@dataclass(frozen=True)
class SignSGD(Optimizer):
    lr: Positive = 0.01
    def step(self, theta, state, oracle):
        return update(theta, oracle.gradient(theta), self.lr), state

@dataclass(frozen=True)
class Talks(SignSGD):
    known_failures = {"prints-nothing": "it likes to talk"}
    def step(self, theta, state, oracle):
        print("step")
        return super().step(theta, state, oracle)

@dataclass(frozen=True)
class Broken(SignSGD):
    def step(self, theta, state, oracle):
        raise ValueError("no step")

@dataclass(frozen=True)
class Backwards(Sampler):
    def steps_per_epoch(self, records):
        return records
    def epoch(self, epoch, records, seeds):
        return [slice(i, i + 1) for i in reversed(range(records))]

@hookimpl
def optframe_optimizers():
    return {"signsgd": SignSGD, "talks": Talks, "broken": Broken}

@hookimpl
def optframe_samplers():
    return {"backwards": Backwards}
"""


@pytest.fixture
def check(optframe, tmp_path):
    """Run ``optframe check`` on a plugin file of its own, forgotten afterwards."""
    (tmp_path / "plugin_to_check.py").write_text(PLUGIN)
    yield partial(optframe, "check")
    sys.modules.pop("plugin_to_check", None)


def test_what_is_right_passes(check):
    found = check("sgd")
    assert found.code == 0
    assert found.out.startswith("optimizer sgd  from optframe_plugins, checks of version 1\n")
    assert "  passed           keeps-shape-and-precision\n" in found.out
    assert re.search(r"^\d+ checks: \d+ passed, 0 failed$", found.out, re.M)


def test_what_does_not_apply_says_why(check):
    found = check("adam")
    reason = "invariances() names none for these hyperparameters"
    assert f"  not applicable   is-invariant-as-declared: {reason}\n" in found.out


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("clip-norm:max=1", "wrapper clip-norm:max=1 around Descent(lr=0.1)"),
        ("adam:lr=0.01+clip-norm:max=1", "optimizer adam:lr=0.01+clip-norm:max=1"),
        ("rosenbrock", "problem rosenbrock"),
        ("shuffled:batch_size=7", "sampler shuffled:batch_size=7"),
        ("cosine:start=1,steps=10", "schedule cosine:start=1,steps=10"),
        ("numpy", "backend numpy"),
    ],
)
def test_every_kind_that_has_checks(check, words, title):
    found = check(words)
    assert found.code == 0, found.out
    assert found.out.startswith(f"{title}  from ")
    assert "FAILED" not in found.out


def test_all_that_a_plugin_registers(check):
    found = check("-P", "plugin_to_check.py")
    assert found.code == 1
    titles = re.findall(r"^(\w+ [\w-]+)  from plugin_to_check", found.out, re.M)
    assert titles == [
        "optimizer broken",
        "optimizer signsgd",
        "optimizer talks",
        "sampler backwards",
    ]
    assert "  expected failure prints-nothing: it likes to talk\n" in found.out
    assert "keeps-shape-and-precision: raised ValueError: no step (plugin_to_check.py:" in found.out
    assert "\nstep" not in found.out
    together = found.out.splitlines()[-1]
    numbers = [int(n) for n in re.findall(r"\d+", together)]
    assert together.startswith("together: ")
    assert numbers[0] == sum(numbers[1:])


def test_an_expected_failure_is_no_failure(check):
    found = check("-P", "plugin_to_check.py", "talks")
    assert found.code == 0
    assert re.search(r"passed, 0 failed, \d+ not applicable, 1 expected failure$", found.out, re.M)


def test_what_needs_parameters_is_named_and_the_rest_is_checked(check, tmp_path):
    needing = PLUGIN.replace("    lr: Positive = 0.01\n", "    lr: Positive\n", 1)
    (tmp_path / "plugin_to_check.py").write_text(needing)
    found = check("-P", "plugin_to_check.py")
    assert found.code == 1
    assert "optimizer signsgd was not checked: optimizer signsgd: lr is missing" in found.out
    assert "sampler backwards  from plugin_to_check" in found.out


def test_tracebacks_on_request(check):
    found = check("-P", "plugin_to_check.py", "broken", "--verbose")
    assert found.code == 1
    assert 'raise ValueError("no step")' in found.out
    assert "Traceback (most recent call last):" in found.out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["adamm"], "optframe: unknown component 'adamm'; did you mean 'adam'?"),
        (
            ["strong-wolfe"],
            "optframe: 'strong-wolfe' is a search, which has no checks; expected one of "
            "optimizers, wrappers, problems, transforms, samplers, schedules, backends, tuners, "
            "protocols",
        ),
        ([], "optframe: nothing to check: name a component, or a plugin with components (-P)"),
        (
            ["adam", "--seed", "-1"],
            "optframe: Invalid value for '--seed': -1 is not in the range x>=0.",
        ),
        (["sgd:lr=-1"], "optframe: optimizer sgd: lr: expected a number > 0, found -1"),
    ],
)
def test_wrong_words(check, words, line):
    found = check(*words)
    assert (found.code, found.err.strip()) == (2, line)
