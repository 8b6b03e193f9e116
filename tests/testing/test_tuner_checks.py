"""Each check of a tuner is failed by tuners that are broken in just that way."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from optframe import Tuner, UnavailableError, UsageError
from optframe.testing import check_tuner
from optframe.testing.tuners import SPACES, TRIALS


@dataclass(frozen=True)
class Drawn(Tuner):
    """Draws, one setting after another."""

    exchangeable = True

    def ask(self, space, history, trials, seed):
        return [self.setting(space, i, seed) for i in range(len(history), trials)]

    def setting(self, space, number, seed):
        generator = np.random.default_rng([seed, number])
        return {name: one.at(generator.random()) for name, one in space.items()}


@dataclass(frozen=True)
class Near(Drawn):
    """Draws once, and then near the best so far, two at a time."""

    adaptive = True
    exchangeable = False

    def ask(self, space, history, trials, seed):
        if not history:
            return super().ask(space, [], min(4, trials), seed)
        best = min(history, key=lambda tried: tried.value).setting
        size = min(2, trials - len(history))
        return [
            {
                name: self.moved(one, best[name], [seed, len(history), i])
                for name, one in space.items()
            }
            for i in range(size)
        ]

    def moved(self, space, value, seed):
        shift = 0.1 * np.random.default_rng(seed).random()
        return space.at((space.u_of(value) + shift) % 1.0)


@dataclass(frozen=True)
class Changed(Drawn):
    """Its settings are changed by ``change(space, settings)``."""

    change: Callable[[Any, Any], Any] = lambda space, settings: settings
    exchangeable = False

    def ask(self, space, history, trials, seed):
        return self.change(space, super().ask(space, history, trials, seed))


def each(change):
    """Change each setting by ``change(space, setting)``."""
    return Changed(lambda space, settings: [change(space, one) for one in settings])


def numbers(change):
    """Change each number of a range by ``change(space, value)``."""

    def changed(space, setting):
        return {k: change(space[k], v) if space[k].bounded else v for k, v in setting.items()}

    return each(changed)


class Unrounded(Drawn):
    def setting(self, space, number, seed):
        setting = super().setting(space, number, seed)
        wide = [name for name, one in space.items() if one.scale == "log" and not one.whole]
        return {k: min(v * (1 + 1e-12), 1.0) if k in wide else v for k, v in setting.items()}


class WholeAsFloats(Drawn):
    def setting(self, space, number, seed):
        return {
            name: float(value) if space[name].whole else value
            for name, value in super().setting(space, number, seed).items()
        }


class Forever(Drawn):
    def ask(self, space, history, trials, seed):
        return [self.setting(space, len(history), seed)]


class OneMore(Drawn):
    def ask(self, space, history, trials, seed):
        return super().ask(space, history, trials + 1, seed)


class AtLeastFour(Drawn):
    def ask(self, space, history, trials, seed):
        return super().ask(space, history, max(trials, 4), seed)


class DrawsByItself(Drawn):
    def setting(self, space, number, seed):
        return {name: one.at(random.random()) for name, one in space.items()}


class DrawsFromTheSharedGenerator(Drawn):
    def setting(self, space, number, seed):
        return {name: one.at(np.random.random()) for name, one in space.items()}


class Counts(Drawn):
    def ask(self, space, history, trials, seed):
        count = self.__dict__["count"] = self.__dict__.get("count", 0) + 1
        return super().ask(space, history, trials, seed + count)


class SortsHistory(Near):
    def ask(self, space, history, trials, seed):
        history.sort(key=lambda tried: tried.value)
        return super().ask(space, history, trials, seed)


class PopsSpace(Drawn):
    def ask(self, space, history, trials, seed):
        asked = super().ask(space, history, trials, seed)
        if history and len(space) > 1:
            space.pop(next(iter(space)))
        return asked


class EditsSettings(Near):
    def ask(self, space, history, trials, seed):
        for tried in history:
            tried.setting["lr"] = 0.1
        return super().ask(space, history, trials, seed) if "lr" in space else []


class Stretches(Drawn):
    """Spreads its draws over the trials."""

    def setting(self, space, number, seed):
        raise NotImplementedError

    def ask(self, space, history, trials, seed):
        us = [(i + 0.5) / trials for i in range(len(history), trials)]
        return [{name: one.at((u + seed / 10) % 1) for name, one in space.items()} for u in us]


class BeginsAgain(Drawn):
    def ask(self, space, history, trials, seed):
        left = trials - len(history)
        return [self.setting(space, i, seed) for i in range(left)]


class Indexes(Near):
    """Believes that the first of its history is what it proposed first."""

    def ask(self, space, history, trials, seed):
        if history:
            expected = super().ask(space, [], trials, seed)[0]
            assert expected == history[0].setting
        return super().ask(space, history, trials, seed)


class Averages(Near):
    def ask(self, space, history, trials, seed):
        if history:
            round(sum(tried.value for tried in history) / len(history))
        return super().ask(space, history, trials, seed)


class IgnoresTheSeed(Drawn):
    def setting(self, space, number, seed):
        return super().setting(space, number, 0)


class Alternates(Drawn):
    """Two neighbours are never in the same half."""

    def setting(self, space, number, seed):
        u = np.random.default_rng([seed, number]).random() / 2 + (number % 2) / 2
        return {name: one.at(u) for name, one in space.items()}


class Creeps(Drawn):
    def setting(self, space, number, seed):
        u = (np.random.default_rng([seed, number]).random() + number / 100) % 1
        u = u / 10 + min(0.9, number / 500)
        return {name: one.at(u) for name, one in space.items()}


class FewColumns(Drawn):
    def setting(self, space, number, seed):
        u = np.random.default_rng([seed, number]).random(8)
        return {name: one.at(u[i]) for i, (name, one) in enumerate(space.items())}


class LeavesOut(Drawn):
    def setting(self, space, number, seed):
        u = np.random.default_rng([seed, number]).random(8)
        return {name: one.at(v) for (name, one), v in zip(space.items(), u, strict=False)}


class Verbose(Drawn):
    def ask(self, space, history, trials, seed):
        if len(space) > 10:
            raise ValueError("too many fields:\n" + "\n".join(space))
        return super().ask(space, history, trials, seed)


def a_tuple(space, settings):
    return tuple(settings)


BROKEN = {
    "settings-have-the-fields-of-the-space": {
        "a further field": each(lambda space, one: {**one, "other": 1.0}),
        "a field less": each(lambda space, one: dict(list(one.items())[1:])),
        "values alone": each(lambda space, one: list(one.values())),
        "a tuple": Changed(a_tuple),
        "nothing": Changed(lambda space, settings: []),
    },
    "values-are-of-their-spaces": {
        "twice as large": numbers(lambda space, value: 2 * value),
        "unrounded": Unrounded(),
        "whole numbers as floats": WholeAsFloats(),
        "arrays": numbers(lambda space, value: np.float64(value)),
        "half a step": each(lambda space, one: {k: 0.15 if k == "size" else one[k] for k in one}),
        "places of values": each(
            lambda space, one: {k: 0 if space[k].values else one[k] for k in one}
        ),
        "no number": numbers(lambda space, value: math.nan),
    },
    "ends-after-its-trials": {
        "forever": Forever(),
        "one more": OneMore(),
        "at least four": AtLeastFour(),
    },
    "depends-on-its-arguments-alone": {
        "draws by itself": DrawsByItself(),
        "draws from the shared generator": DrawsFromTheSharedGenerator(),
        "counts": Counts(),
    },
    "leaves-its-arguments-as-they-are": {
        "sorts the history": SortsHistory(),
        "pops a field": PopsSpace(),
        "edits settings": EditsSettings(),
    },
    "a-shorter-search-is-the-beginning-of-a-longer-one": {
        "stretches": Stretches(),
        "begins again": BeginsAgain(),
    },
    "says-whether-it-adapts": {
        "says that it does": type("SaysAdaptive", (Drawn,), {"adaptive": True})(),
        "hides that it does": type("HidesThatItAdapts", (Near,), {"adaptive": False})(),
    },
    "takes-its-history-in-any-order": {"knows the first": Indexes()},
    "takes-infinite-values": {"averages": Averages()},
    "says-whether-it-draws": {
        "ignores the seed": IgnoresTheSeed(),
        "says that it does not": type("SaysDeterministic", (Drawn,), {"deterministic": True})(),
    },
    "settings-are-independent-where-it-says-so": {"alternates": Alternates(), "creeps": Creeps()},
    "refuses-in-one-line": {
        "few columns": FewColumns(),
        "leaves out": LeavesOut(),
        "verbose": Verbose(),
    },
    "pickles": {"holds a function": Changed()},
}


@pytest.mark.parametrize("tuner", [Drawn, Near])
def test_the_healthy_fail_nothing(tuner, ends):
    checks = check_tuner(tuner, seed=None)
    assert set(ends(checks).values()) <= {"passed", "not applicable"}, checks.run()


@pytest.mark.parametrize(
    ("check", "tuner"),
    [
        pytest.param(check, tuner, id=f"{check}-{name}")
        for check, cases in BROKEN.items()
        for name, tuner in cases.items()
    ],
)
def test_the_broken_are_found(check, tuner, status):
    assert status(check_tuner(tuner), check) == "failed"


def test_every_check_can_fail(ends):
    tested_elsewhere = {"imports-nothing-heavy", "enough-checks-apply"}
    assert set(ends(check_tuner(Drawn))) == {*BROKEN, *tested_elsewhere}


def test_a_tuner_that_refuses_everything_has_not_been_checked():
    class Picky(Drawn):
        def ask(self, space, history, trials, seed):
            raise ValueError("picky: no")

    outcomes = check_tuner(Picky).run()
    assert outcomes[-1].status == "failed"
    assert f"it accepts none of the spaces with {TRIALS[-1]} trials" in outcomes[-1].reason


def test_a_tuner_whose_library_is_missing_has_not_been_checked(ends):
    class Elsewhere(Drawn):
        def ask(self, space, history, trials, seed):
            raise UnavailableError("tuner 'elsewhere': pip install elsewhere")

    checks = check_tuner(Elsewhere)
    asking = set(ends(checks)) - {"pickles", "imports-nothing-heavy", "enough-checks-apply"}
    assert {ends(checks)[name] for name in asking} == {"not applicable"}
    assert ends(checks)["enough-checks-apply"] == "failed"


def test_what_is_no_tuner_is_refused():
    with pytest.raises(UsageError, match="check_tuner: "):
        check_tuner(dict)


def test_the_spaces_are_of_all_sorts():
    ones = [one for space in SPACES.values() for one in space.values()]
    scales = {one.scale for one in ones}
    assert scales >= {"linear", "log", "one-minus-log", "log-normal", None}
    assert all(any(getattr(one, what) for one in ones) for what in ("whole", "step", "times"))
