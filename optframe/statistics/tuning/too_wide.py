"""Says whether a space is too wide for the number of settings that were tried in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from optframe.statistics.grouped import Flags
from optframe.statistics.tuning.search import DEVIATIONS, Search
from optframe.statistics.tuning.width import near
from optframe.statistics.wording import number, plural

__all__ = ["stands_alone", "too_wide"]


def too_wide(search: Search) -> str | None:
    """Return a sentence if the space is too wide for the number of trials.

    It is if half of the settings or more broke down in every run; or if no other setting is within
    10 % of the best one, or within two deviations over seeds of it. Then the median best of N/2
    trials, which is the second best setting, is that much worse than that of N trials: the curve
    still falls.

    It is said about as often as it is true that the best setting found is more than 10 % worse than
    the best of its space. In simulated searches of 10 to 100 trials in 240 spaces it was said of
    0 % where that was true of less than 2 % of searches, of 21 % where it was true of 10 to 30 %,
    of 54 % where it was true of 50 to 70 %, and of 86 % where it was true of more than 90 %.

    There is none for adaptive tuners, whose settings do not say how wide the space is, and for
    spaces that are lists of values.
    """
    rows = search.searched
    values = np.sort(rows["value"].to_numpy(np.float64))
    ranges = any(space.values is None for space in search.space.values())
    if search.adaptive or not ranges or values.size < 2 or not np.isfinite(values[0]):
        return None
    broke = rows["broken"].to_numpy(np.float64) == 1
    if 2 * broke.sum() >= broke.size:
        return (
            f"{broke.sum()} of {plural(broke.size, 'setting')} of {search.name} broke down: the "
            f"space is wide for so few trials{_sound_part(search, broke)}."
        )
    slack = DEVIATIONS * search.seed_deviation
    if not stands_alone(values, slack):
        return None
    best, second = (number(float(value), 3) for value in values[:2])
    return (
        f"None of the other {values.size - 1} settings of {search.name} came within 10 % of the "
        f"best ({search.measure} {best}; the second best has {second}): more trials, or a "
        "narrower space, would probably find a better one."
    )


def stands_alone(values: ArrayLike, slack: float = 0.0) -> bool:
    """Return whether no value is within 10 % of the best one, or within the slack."""
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    return not near(ordered[1:], float(ordered[0]), slack).any()


def _sound_part(search: Search, broke: Flags) -> str:
    """Return where settings did not break down, if an end of a field explains 80 % of those."""
    numbers = search.searched["number"].to_numpy()[~broke]
    most, text = 0.8 * broke.sum(), ""
    for name, space in search.space.items():
        if space.values is not None:
            continue
        for side, which in ((search.u(name), "above"), (-search.u(name), "below")):
            last = int(np.argmax(side[~broke]))
            count = int((broke & (side > side[~broke][last])).sum())
            if count > most:
                inner = search.value_of(name, int(numbers[last]))
                most, text = (
                    count,
                    f"; every one with {name} {which} {inner:g} did ({count} of them)",
                )
    return text
