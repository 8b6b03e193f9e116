"""Checks of a tuner's contract."""

from __future__ import annotations

import copy
import math
import pickle
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from optframe.contracts import Space, Tried, Tuner
from optframe.errors import UnavailableError
from optframe.testing import shared
from optframe.testing.kit import (
    Checks,
    NotApplicable,
    Suite,
    check,
    require,
)
from optframe.testing.making import made

__all__ = ["check_tuner"]

TRIALS = (24, 1000)
"""How many settings a search may try, the first that the tuner accepts with a space."""

SEED = 7

DRAWS = 400
SIGMAS = 6.0
"""How many standard errors a statistic may differ; about 2 in 10⁹ correct ones differ by more."""

LR, BETA = Space(1e-4, 1.0), Space(0.5, 0.999, "one-minus-log")
SPACES: dict[str, dict[str, Space]] = {
    "a range": {"lr": LR},
    "whole numbers": {"memory": Space(2, 20, whole=True)},
    "steps": {"size": Space(0.0, 1.0, step=0.3)},
    "values": {"form": Space(values=("a", {"name": "b", "factor": 0.5}, True))},
    "a space without ends": {"lr": Space(mean=-2.0, deviation=1.0)},
    "one value": {"lr": Space(values=(0.1,))},
    "two fields": {"lr": LR, "clip-norm.max": Space(0.5, 2.0)},
    "many fields": {
        "lr": LR,
        "beta": BETA,
        "memory": Space(2, 20, whole=True),
        "nesterov": Space(values=(True, False)),
        "eps": Space(mean=-8.0, deviation=2.0),
        "alpha": Space(0.1, 10.0, times="eps"),
    },
}
"""Spaces of every sort, by what is in them."""

Value = Callable[[Mapping[str, Any]], float]


def check_tuner(tuner: Tuner | type, *, seed: int | None = 0, strict: bool = False) -> Checks:
    """Return the checks of a tuner.

    It may refuse spaces that do not fit its parameters, as a large grid does, by `ValueError`.
    Arguments, ``known_failures`` and exceptions are as for `check_optimizer`.
    """
    component = made(tuner, "tuners", "check_tuner")
    suite = Suite((sys.modules[__name__],), least=10)
    return Checks(suite, component, lambda random: Subject(component, random), seed, strict)


@dataclass(frozen=True)
class Subject:
    """The subject of a check: the tuner, and a random generator for the check."""

    component: Tuner
    random: np.random.Generator

    def ask(
        self, space: Mapping[str, Space], history: list[Tried], trials: int, seed: int = SEED
    ) -> list[dict[str, Any]]:
        """Return what it proposes; where its library is missing, the check does not apply."""
        try:
            return self.component.ask(dict(space), copy.deepcopy(history), trials, seed)
        except UnavailableError as error:
            raise NotApplicable(str(error)) from error

    def accepted(self) -> dict[str, tuple[dict[str, Space], int]]:
        """Return the spaces that it accepts, and the number of trials, by what is in them."""
        found: dict[str, tuple[dict[str, Space], int]] = {}
        for name, space in SPACES.items():
            for trials in TRIALS:
                try:
                    self.ask(space, [], trials)
                except ValueError:
                    continue
                found[name] = (dict(space), trials)
                break
        if not found:
            raise NotApplicable(f"it accepts none of the spaces with {TRIALS[-1]} trials")
        return found

    def search(
        self, space: Mapping[str, Space], trials: int, value: Value, seed: int = SEED
    ) -> list[Tried]:
        """Return all that it tries, in order."""
        history: list[Tried] = []
        while len(history) <= trials:
            asked = self.ask(space, history, trials, seed)
            if not asked:
                return history
            history += [Tried(copy.deepcopy(one), value(one)) for one in asked]
        require(False, f"it proposes {len(history)} settings in all, expected at most {trials}")
        return history


def near(u: float) -> Value:
    """Return a function of settings that is least where each field's u is this one."""

    def value(setting: Mapping[str, Any]) -> float:
        space = next(one for one in SPACES.values() if set(one) == set(setting))
        try:
            return sum((one.u_of(setting[name]) - u) ** 2 for name, one in space.items())
        except (ValueError, TypeError):  # a value that its space does not have
            return 1.0

    return value


def with_losses(setting: Mapping[str, Any]) -> float:
    """Return infinity for about the half of all settings."""
    value = near(0.2)(setting)
    return value if value < 0.2 else math.inf


@check(since=1)
def settings_have_the_fields_of_the_space(subject: Subject) -> None:
    """Every setting is a dictionary with a value for each field, and for no other."""
    for name, (space, trials) in subject.accepted().items():
        asked = subject.ask(space, [], trials)
        require(isinstance(asked, list), f"ask returns a {type(asked).__name__}, expected a list")
        require(asked, f"of {name} it proposes nothing")
        for setting in asked:
            require(
                isinstance(setting, dict),
                f"a setting is a {type(setting).__name__}, expected a dict",
            )
            require(
                set(setting) == set(space),
                f"a setting has the fields {', '.join(setting) or 'none'}, expected "
                f"{', '.join(space)}",
            )


@check(since=1)
def values_are_of_their_spaces(subject: Subject) -> None:
    """Every value is one that its space gives: within it, rounded, and of its type."""
    for name, (space, trials) in subject.accepted().items():
        for tried in subject.search(space, trials, near(0.3)):
            for field, one in space.items():
                value = tried.setting[field]
                require(
                    _is_of(one, value),
                    f"of {name} it proposes {field} = {value!r}; expected a value that Space.at "
                    f"returns for {one}",
                )


@check(since=1)
def ends_after_its_trials(subject: Subject) -> None:
    """A search proposes at most as many settings as trials, also one, and then nothing."""
    for space, trials in subject.accepted().values():
        history = subject.search(space, trials, near(0.3))
        again = subject.ask(space, history, len(history))
        require(not again, f"after all {len(history)} settings it proposes {len(again)} more")
        one = {name: space[name].at(0.5) for name in space}
        full = [Tried(one, 1.0)] * trials
        more = subject.ask(space, full, trials)
        require(not more, f"after {trials} of {trials} settings it proposes {len(more)} more")
        try:
            subject.search(space, 1, near(0.3))
        except ValueError:  # it does not fit
            continue


@check(since=1)
def depends_on_its_arguments_alone(subject: Subject) -> None:
    """The same arguments give the same settings, whatever was asked before, and when pickled."""
    for name, (space, trials) in subject.accepted().items():
        history = subject.search(space, trials, near(0.3))
        again = pickle.loads(pickle.dumps(subject.component))
        np.random.seed(int(subject.random.integers(2**31)))
        again.ask(space, [], trials, SEED + 1)
        same = Subject(again, subject.random).search(space, trials, near(0.3))
        require(
            [tried.setting for tried in same] == [tried.setting for tried in history],
            f"of {name} it proposes other settings when it is asked again",
        )


@check(since=1)
def leaves_its_arguments_as_they_are(subject: Subject) -> None:
    """It changes neither the space nor the history."""
    for space, trials in subject.accepted().values():
        history = subject.search(space, trials, near(0.3))
        for count in range(0, len(history) + 1, 8):
            given, fields = copy.deepcopy(history[:count]), dict(space)
            subject.component.ask(fields, given, trials, SEED)
            require(given == history[:count], "it changes the history that it is given")
            same = list(fields.items()) == list(space.items())
            require(same, "it changes the space that it is given")


@check(since=1)
def a_shorter_search_is_the_beginning_of_a_longer_one(subject: Subject) -> None:
    """If it does not adapt, raised trials add settings and change none."""
    if subject.component.adaptive:
        raise NotApplicable("it declares adaptive = True")
    for space, trials in subject.accepted().values():
        short = [tried.setting for tried in subject.search(space, trials, near(0.3))]
        long = [tried.setting for tried in subject.search(space, 2 * trials + 1, near(0.3))]
        require(
            long[: len(short)] == short,
            f"with {2 * trials + 1} trials its first {len(short)} settings are not those of "
            f"{trials} trials",
        )
        history = [Tried(one, 1.0) for one in short]
        rest = subject.ask(space, history, 2 * trials + 1)
        require(rest == long[len(short) :], "after a shorter search it does not go on behind it")


@check(since=1)
def says_whether_it_adapts(subject: Subject) -> None:
    """Its ``adaptive`` is true if and only if its settings depend on the values of earlier ones."""
    differ = False
    for space, least in subject.accepted().values():
        if differ:
            break
        first = subject.ask(space, [], TRIALS[-1])
        trials = max(least, 3 * len(first)) if subject.component.adaptive else least
        low, high = (subject.search(space, trials, near(u)) for u in (0.1, 0.9))
        differ |= [one.setting for one in low] != [one.setting for one in high]
    words = "depend" if differ else "do not depend"
    declared = subject.component.adaptive
    require(
        differ == declared,
        f"it declares adaptive = {declared}, but its settings {words} on the values of earlier "
        "ones",
    )


@check(since=1)
def takes_its_history_in_any_order(subject: Subject) -> None:
    """A history in another order may give another answer, and no error."""
    for space, trials in subject.accepted().values():
        history = subject.search(space, trials, near(0.3))[: max(1, trials // 2)]
        order = subject.random.permutation(len(history))
        subject.ask(space, [history[i] for i in order], trials)


@check(since=1)
def takes_infinite_values(subject: Subject) -> None:
    """Settings that broke down have infinite values: some of them, or all."""
    for space, trials in subject.accepted().values():
        subject.search(space, trials, with_losses)
        subject.search(space, trials, lambda setting: math.inf)


@check(since=1)
def says_whether_it_draws(subject: Subject) -> None:
    """Its ``deterministic`` is true if and only if the seed does not matter."""
    differ = False
    for space, trials in subject.accepted().values():
        first, *others = (
            [tried.setting for tried in subject.search(space, trials, near(0.3), seed)]
            for seed in range(4)
        )
        differ |= any(other != first for other in others)
    declared, words = subject.component.deterministic, "differ" if differ else "do not differ"
    require(
        differ != declared,
        f"it declares deterministic = {declared}, but its settings {words} between seeds",
    )


@check(since=1)
def settings_are_independent_where_it_says_so(subject: Subject) -> None:
    """If it declares exchangeable = True, a setting says nothing about the next one."""
    if not subject.component.exchangeable:
        raise NotApplicable("it declares exchangeable = False")
    asked = subject.ask({"u": Space(0.0, 1.0)}, [], DRAWS)
    u = np.array([setting["u"] for setting in asked])
    require(len(u) == DRAWS, f"it proposes {len(u)} settings at once, expected {DRAWS}")
    limit = SIGMAS / math.sqrt(DRAWS)
    pairs = {"the next one": (u[:-1], u[1:]), "its number": (u, np.arange(DRAWS))}
    for what, (one, other) in pairs.items():
        found = float(np.corrcoef(one, other)[0, 1])
        require(
            abs(found) <= limit,
            f"it declares exchangeable = True, but a setting and {what} have the correlation "
            f"{found:.2f} (at most {limit:.2f})",
        )


@check(since=1)
def refuses_in_one_line(subject: Subject) -> None:
    """A space with many fields is searched, or refused by a `ValueError` of one line."""
    for count in (12, 100):
        space = {f"x{i}": Space(0.0, 1.0) for i in range(count)}
        try:
            asked = subject.ask(space, [], 4)
        except ValueError as error:
            require(
                str(error) and len(str(error).splitlines()) == 1,
                f"its ValueError for {count} fields is {str(error)!r}; expected one line",
            )
        else:
            fit = all(set(setting) == set(space) for setting in asked)
            require(fit, f"of {count} fields it leaves some out; expected a ValueError")


pickles = shared.pickles
imports_nothing_heavy = shared.imports_nothing_heavy


def _is_of(space: Space, value: Any) -> bool:
    """Return whether a value is one that a space gives."""
    if space.values is not None:
        return any(type(one) is type(value) and one == value for one in space.values)
    expected = int if space.whole else float
    if type(value) is not expected or not math.isfinite(value):
        return False
    if space.bounded:
        if not float(space.low) <= value <= float(space.high):  # type: ignore[arg-type]
            return False
    elif value <= 0:
        return False
    return bool(space.at(space.u_of(value)) == value)
