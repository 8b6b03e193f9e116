"""A space: the values that one hyperparameter may take, as a function of u in [0, 1)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from statistics import NormalDist
from typing import Any

__all__ = ["SCALES", "Space", "rounded"]

SCALES = ("linear", "log", "one-minus-log", "log-normal")
"""How values are spread between ``low`` and ``high``."""

DIGITS = 6
"""The significant digits of a drawn number. Powers differ in their last bits between C libraries,
and a value is hashed."""

HALF_STEP = 2.0**-53
"""The least u of a normal draw, half the distance of the numbers that generators return."""

NUMBERS = ("low", "high", "step", "mean", "deviation")

MOST_VALUES = 100_000
"""The most values of a space that lists them."""

SPAN = 10.0
"""The ratio of ``high`` to ``low`` from which a space without a scale is logarithmic."""


@dataclass(frozen=True)
class Space:
    """The values that a hyperparameter may take while it is tuned.

    ::

        linear          v(u) = low + u·(high − low)
        log             v(u) = low·(high/low)ᵘ
        one-minus-log   v(u) = 1 − (1 − low)·((1 − high)/(1 − low))ᵘ
        log-normal      v(u) = 10^(mean + deviation·Φ⁻¹(u))
        values          v(u) = values[⌊u·n⌋]

    Numbers are rounded to 6 significant digits (of 1 − v for ``one-minus-log``), so that they have
    the same bits whatever C library computed the power. The ends keep the digits that were given.

    Parameters
    ----------
    low, high
        The ends of the range.
    scale
        One of the above; by default ``log`` if low > 0 and high/low ≥ 10, else ``linear``.
    step
        Numbers are rounded to low + k·step, k = 0, 1, ...
    values
        The values themselves: numbers, texts, truth values or tables.
    times
        The name of another field of the same component: the number is multiplied by its value,
        and the product is rounded, too. It is tuned as well, or given as a number.
    mean, deviation
        Of the decimal logarithm, for ``log-normal``, which has no ends.
    whole
        Whether numbers are rounded to whole ones, as a field of whole numbers needs.
    source
        Where the space is from; it is shown, and is no part of the space.

    Raises
    ------
    ValueError
        If the parameters do not make a space; the message says what was found and expected.

    Examples
    --------
    >>> import optframe
    >>> optframe.Space(1e-4, 1e-1).at(0.5)
    0.00316228
    """

    low: float | None = None
    high: float | None = None
    scale: str | None = None
    step: float | None = None
    values: tuple[Any, ...] | None = None
    times: str | None = None
    mean: float | None = None
    deviation: float | None = None
    whole: bool = False
    source: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        for name in NUMBERS:
            object.__setattr__(self, name, _float(getattr(self, name)))
        listed: Any = self.values
        if isinstance(listed, (list, tuple, range)) or getattr(listed, "shape", None):
            if len(listed) > MOST_VALUES:
                found = f"found {len(listed):,} of them, expected at most {MOST_VALUES:,}"
                raise ValueError(f"values: {found}")
            object.__setattr__(self, "values", tuple(map(_plain, listed)))
        if self.values is None and self.scale is None:
            normal = self.mean is not None or self.deviation is not None
            low, high = self.low, self.high
            wide = isinstance(low, float) and isinstance(high, float) and 0 < low * SPAN <= high
            chosen = "log-normal" if normal else "log" if wide else "linear"
            object.__setattr__(self, "scale", chosen)
        mistake = self._mistake() or self._mistake_of_range()
        if mistake:
            raise ValueError(mistake)

    def _mistake(self) -> str | None:
        """Return which parameters are no numbers or do not belong together; None if all do."""
        for name in ("times", "source"):
            if not isinstance(getattr(self, name), (str, type(None))):
                return f"{name}: found {getattr(self, name)!r}, expected a text"
        if not isinstance(self.whole, bool):
            return f"whole: found {self.whole!r}, expected true or false"
        if self.values is not None:
            given = [n for n in ("scale", "times", *NUMBERS) if getattr(self, n) is not None]
            if given:
                return f"found values with {', '.join(given)}, expected values alone"
            if not isinstance(self.values, tuple) or not self.values:
                shown: Any = [] if isinstance(self.values, tuple) else self.values
                return f"values: found {shown!r}, expected a list of at least one value"
            endless = [v for v in self.values if isinstance(v, float) and not math.isfinite(v)]
            return f"values: found {endless[0]}, expected finite numbers" if endless else None
        if self.scale not in SCALES:
            return f"scale: found {self.scale!r}, expected one of {', '.join(SCALES)}"
        ranged, normal = NUMBERS[:3], NUMBERS[3:]
        own = normal if self.scale == "log-normal" else ranged
        for name in NUMBERS:
            if name not in own and getattr(self, name) is not None:
                return f"found {name}, which the scale {self.scale} does not use"
        for name in own:
            value = getattr(self, name)
            if value is None and name == "step":
                continue
            if not (isinstance(value, float) and math.isfinite(value)):
                found = "nothing" if value is None else repr(value)
                return f"{name}: found {found}, expected a finite number"
        return None

    def _mistake_of_range(self) -> str | None:
        """Return what is wrong with the numbers of a range; None if nothing is."""
        if self.values is not None:
            return None
        if self.scale == "log-normal":
            if not self.deviation > 0:  # type: ignore[operator]
                return f"deviation: found {self.deviation:g}, expected a number > 0"
            if abs(self.mean) + 9 * self.deviation > 300:  # type: ignore[operator,arg-type]
                found = f"mean {self.mean:g} and deviation {self.deviation:g}"
                return f"found {found}, expected |mean| + 9·deviation ≤ 300: 10^300 is the largest"
            return None
        low, high = self._range
        found = f"low {low!r} and high {high!r}"
        if not low < high:
            return f"found {found}, expected low < high"
        if self.scale == "log" and low <= 0:
            return f"low: found {low!r}, expected a number > 0 for the scale log"
        if self.scale == "one-minus-log" and high >= 1:
            return f"high: found {high!r}, expected a number < 1 for the scale one-minus-log"
        if not math.isfinite(high - low) or (self.scale == "log" and not math.isfinite(high / low)):
            return f"found {found}, expected a difference and a ratio that are finite"
        if self.step is not None and not 0 < self.step <= high - low:
            return f"step: found {self.step:g}, expected a number > 0, at most high − low"
        if self.whole and math.ceil(low) > math.floor(high):
            return f"found {found}, expected a whole number between them"
        return None

    @property
    def _range(self) -> tuple[float, float]:
        return self.low, self.high  # type: ignore[return-value]

    @property
    def bounded(self) -> bool:
        """Whether it is a range of numbers with two ends."""
        return self.values is None and self.scale != "log-normal"

    @property
    def numeric(self) -> bool:
        """Whether all its values are numbers."""
        return self.values is None or all(
            isinstance(v, (int, float)) and not isinstance(v, bool) for v in self.values
        )

    @property
    def ends(self) -> tuple[Any, ...]:
        """The values whose acceptance shows that all are: the two outermost, or every one."""
        return self.values if self.values is not None else (self.at(0.0), self.at(1.0))

    def at(self, u: float) -> Any:
        """Return the value at u in [0, 1], without the factor of ``times``.

        At 0 and 1 it is the outermost value (for ``log-normal`` 8.2 deviations from the mean).
        """
        if self.values is not None:
            return self.values[min(int(u * len(self.values)), len(self.values) - 1)]
        if self.scale == "log-normal":
            inner = min(max(u, HALF_STEP), 1 - HALF_STEP)
            value = self.mean + self.deviation * NormalDist().inv_cdf(inner)  # type: ignore[operator]
            value = rounded(10.0**value)
            return round(value) if self.whole else value
        low, high = self._range
        if u <= 0 or u >= 1:
            value = low if u <= 0 else high
        elif self.scale == "log":
            value = rounded(low * (high / low) ** u)
        elif self.scale == "one-minus-log":
            # The difference of two decimal numbers is decimal but for its last bits.
            value = rounded(1 - rounded((1 - low) * ((1 - high) / (1 - low)) ** u), 15)
        else:
            value = rounded(low + u * (high - low))
        if self.step is not None:
            most = math.floor((high - low) / self.step * (1 + 1e-12))
            count = min(max(round((value - low) / self.step), 0), most)
            value = rounded(low + count * self.step, 15)
        if self.whole:
            return min(max(round(value), math.ceil(low)), math.floor(high))
        return min(max(value, low), high)  # the ends are as they were given, with all their digits

    def u_of(self, value: Any) -> float:
        """Return a u in [0, 1] at which this is the value; of ``values`` the middle of its share.

        A number beyond the ends gives 0 or 1.

        Raises
        ------
        ValueError
            If it is none of the values, or no number where the space is a range.
        """
        if self.values is not None:
            alike = [v == value and type(v) is type(value) for v in self.values]
            place = alike.index(True) if True in alike else self.values.index(value)
            return (place + 0.5) / len(self.values)
        value = _plain(value)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or math.isnan(value):
            raise ValueError(f"found {value!r}, expected a number")
        if self.scale == "log-normal":
            if value <= 0:
                return 0.0
            return NormalDist(self.mean, self.deviation).cdf(math.log10(value))  # type: ignore[arg-type]
        low, high = self._range
        if value <= low or value >= high:
            return 0.0 if value <= low else 1.0
        if self.scale == "log":
            u = math.log(value / low) / math.log(high / low)
        elif self.scale == "one-minus-log":
            u = math.log((1 - value) / (1 - low)) / math.log((1 - high) / (1 - low))
        else:
            u = (value - low) / (high - low)
        return min(max(u, 0.0), 1.0)

    @property
    def table(self) -> dict[str, Any]:
        """The space as a table of a study file: what differs from the defaults."""
        given = {f.name: getattr(self, f.name) for f in fields(self) if f.compare}
        table = {k: v for k, v in given.items() if v is not None and v is not False}
        if self.values is not None:
            table["values"] = list(self.values)
        return table

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Space:
        """Return the space of a table; raise `ValueError` if it is none, or has other keys."""
        if not isinstance(table, Mapping):
            raise ValueError(f"found {table!r}, expected the table of a space")
        known = [f.name for f in fields(cls)]
        for name in table:
            if name not in known:
                raise ValueError(f"found {name!r} in a space, expected {', '.join(known)}")
        return cls(**table)

    def __repr__(self) -> str:
        return f"Space({', '.join(f'{name}={value!r}' for name, value in self.table.items())})"

    def __str__(self) -> str:
        if self.values is not None:
            return "one of " + ", ".join(_shown(value) for value in self.values)
        if self.scale == "log-normal":
            return f"10^N({self.mean:g}, {self.deviation:g})"
        text = f"{self.low:g}..{self.high:g}, {self.scale}"
        text += f", step {self.step:g}" if self.step is not None else ""
        text += ", whole" if self.whole else ""
        return text + (f", times {self.times}" if self.times else "")


def rounded(value: float, digits: int = DIGITS) -> float:
    """Return a number with this many significant digits."""
    return float(f"{value:.{digits}g}")


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _plain(value: Any) -> Any:
    """Return a number of NumPy's as one of Python's, and tuples as the lists that files have."""
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return value.item() if getattr(value, "shape", None) == () else value


def _float(value: Any) -> Any:
    """Return a number as a float, and anything else as it is."""
    value = _plain(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value) if abs(value) < 10**308 else math.inf
    return value
