"""How checks end: expected failures are strict, new checks warn, pytest understands them."""

import subprocess
import sys
import types
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from optframe import Optimizer, UsageError
from optframe.testing import Checks, ConformanceWarning, check_optimizer, kit
from optframe.testing.kit import NotApplicable, Suite, check, require


@check(since=1)
def is_good(subject):
    """Good."""
    require(subject != "bad", "it is bad")


@check(since=2)
def is_fashionable(subject):
    """New in version 2 of the kit."""
    require(subject != "plain", "it is plain")


@check(since=1)
def is_tall(subject):
    """For those that have a height."""
    if subject != "tall":
        raise NotApplicable("it has no height")


@check(since=1)
def draws(subject):
    """Raise something else."""
    assert isinstance(subject, str)
    if subject == "broken":
        raise ZeroDivisionError("division\nby zero")


module = types.ModuleType("module")
vars(module).update(
    is_good=is_good, is_fashionable=is_fashionable, is_tall=is_tall, draws=draws, other=print
)


class Component:
    known_failures: dict[str, str] = {}  # noqa: RUF012


def checks(subject, least=1, strict=False, **known):
    component = Component()
    component.known_failures = {name.replace("_", "-"): reason for name, reason in known.items()}
    return Checks(Suite((module,), least), component, lambda random: subject, 0, strict)


def ends(suite):
    return {o.check: (o.status, o.reason) for o in suite.run()}


def test_the_checks_of_a_module_in_their_order():
    names = ["is-good", "is-fashionable", "is-tall", "draws", "enough-checks-apply"]
    assert [check.__name__ for check in checks("fine")] == names
    assert [repr(check) for check in checks("fine")[:2]] == names[:2]
    assert len(checks("fine")) == 5


def test_what_passes_and_what_does_not_apply():
    found = ends(checks("fine"))
    assert found["is-good"] == ("passed", "")
    assert found["is-tall"] == ("not applicable", "it has no height")
    assert found["enough-checks-apply"] == ("passed", "")


def test_what_fails_says_why():
    assert ends(checks("bad"))["is-good"] == ("failed", "it is bad")
    status, reason = ends(checks("broken"))["draws"]
    assert status == "failed"
    assert reason.startswith("raised ZeroDivisionError: division by zero (test_kit.py:")


def test_a_known_failure_is_expected():
    assert ends(checks("bad", is_good="who is?"))["is-good"] == ("expected failure", "who is?")


def test_a_known_failure_that_passes_fails():
    status, reason = ends(checks("fine", is_good="who is?"))["is-good"]
    assert status == "failed"
    assert reason == "it passes, but known_failures expects it to fail (who is?); remove it there"


def test_a_known_failure_of_no_check_is_refused():
    with pytest.raises(UsageError, match=r"unknown check 'is-god'; did you mean 'is-good'\?"):
        checks("fine", is_god="typo")


def test_known_failures_that_are_no_mapping_are_refused():
    component = Component()
    component.known_failures = ["is-good"]
    with pytest.raises(UsageError, match="expected a mapping from check to reason, found"):
        Checks(Suite((module,), 1), component, lambda random: "fine")


class Abort(BaseException):
    pass


def test_whatever_is_raised_is_a_failure_but_ctrl_c():
    for error, status in ((Abort("no"), "failed"), (SystemExit(3), "failed")):
        suite = Checks(Suite((module,), 1), Component(), raising(error))
        assert suite[0].outcome.status == status
    with pytest.raises(KeyboardInterrupt):
        _ = Checks(Suite((module,), 1), Component(), raising(KeyboardInterrupt()))[0].outcome


def raising(error):
    def subject(random):
        raise error

    return subject


def test_too_few_checks_are_no_check():
    status, reason = ends(checks("fine", least=4))["enough-checks-apply"]
    assert status == "failed"
    assert reason == ("3 of 4 checks applied, expected at least 4; the others: it has no height")


@pytest.mark.parametrize(
    ("version", "strict", "status"),
    [(1, False, "warned"), (2, False, "warned"), (2, True, "failed"), (3, False, "failed")],
)
def test_a_new_check_warns_for_one_version(monkeypatch, version, strict, status):
    monkeypatch.setattr(kit, "KIT_VERSION", version)
    assert ends(checks("plain", strict=strict))["is-fashionable"] == (status, "it is plain")


def test_checks_of_the_first_version_never_warned(monkeypatch):
    monkeypatch.setattr(kit, "KIT_VERSION", 1)
    assert ends(checks("bad"))["is-good"][0] == "failed"


def test_calling_a_check_is_a_test(monkeypatch):
    monkeypatch.setattr(kit, "KIT_VERSION", 2)
    good, fashionable, tall, draws, enough = checks("plain")
    good()
    draws()
    enough()
    with pytest.warns(ConformanceWarning, match="is-fashionable, new in this version: it is plain"):
        fashionable()
    with pytest.raises(pytest.skip.Exception, match="is-tall: it has no height"):
        tall()
    with pytest.raises(AssertionError, match="it is bad"):
        checks("bad")[0]()
    with pytest.raises(ZeroDivisionError):
        checks("broken")[3]()
    with pytest.raises(pytest.xfail.Exception, match="who is"):
        checks("bad", is_good="who is?")[0]()


def test_every_check_runs_once():
    asked = []
    component = Component()
    suite = Checks(Suite((module,), 1), component, lambda random: asked.append(0) or "fine")
    suite.run()
    for one in suite:
        assert one.outcome is one.outcome
    assert len(asked) == 4


def test_draws_repeat_with_their_seed_and_are_fresh_without(capsys):
    drawn = []
    for seed in (0, 0, 1, None, None):
        suite = Checks(
            Suite((module,), 1),
            Component(),
            lambda random: drawn.append(random.random()) or "fine",
            seed,
        )
        _ = suite[0].outcome
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) == 4
    assert "is-good: drawn with seed=" in capsys.readouterr().out


@dataclass(frozen=True)
class Slow(Optimizer):
    """It never gets anywhere, as its author knows."""

    known_failures: ClassVar = {"lowers-the-loss": "this one never does"}

    def step(self, theta, state, oracle):
        oracle.gradient(theta)
        return theta, state


def test_the_class_declares_what_fails():
    (outcome,) = [o for o in check_optimizer(Slow).run() if o.check == "lowers-the-loss"]
    assert (outcome.status, outcome.reason) == ("expected failure", "this one never does")


AUTHORS_TESTS = """
from dataclasses import dataclass
from typing import ClassVar
import pytest
from optframe import Optimizer
from optframe.testing import check_optimizer

@dataclass(frozen=True)
class Mine(Optimizer):
    lr: float = 0.1
    known_failures = {"prints-nothing": "it likes to talk"}
    def step(self, theta, state, oracle):
        print("step")
        return theta - self.lr * oracle.gradient(theta), state

@pytest.mark.parametrize("check", check_optimizer(Mine))
def test_conformance(check):
    check()
"""


def test_an_authors_test_file(tmp_path):
    (tmp_path / "test_mine.py").write_text(AUTHORS_TESTS)
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rsx", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    said = finished.stdout
    assert finished.returncode == 0, said
    assert "test_conformance[prints-nothing] - prints-nothing: it likes to talk" in said
    assert "invariances() is optional and not defined" in said
    assert "17 passed, 6 skipped, 1 xfailed" in said


def test_checks_do_not_leave_numpy_changed():
    with np.errstate(all="raise"):
        checks("fine").run()
        assert np.geterr()["divide"] == "raise"
