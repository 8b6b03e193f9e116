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

    Numbers are rounded to 6 significant digits (of 1 − v for ``one-minus-log``).

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
        The name of another field: the number is multiplied by that field's value.
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
        if isinstance(self.values, list):
            object.__setattr__(self, "values", tuple(self.values))
        if self.values is None and self.scale is None:
            wide = self.low is not None and self.high is not None and self.low > 0
            wide = wide and self.high >= SPAN * self.low  # type: ignore[operator]
            normal = self.mean is not None or self.deviation is not None
            chosen = "log-normal" if normal else "log" if wide else "linear"
            object.__setattr__(self, "scale", chosen)
        mistake = self._mistake()
        if mistake:
            raise ValueError(mistake)

    def _mistake(self) -> str | None:
        """Return what is wrong with the parameters; None if they make a space."""
        if self.values is not None:
            names = ("low", "high", "scale", "step", "times", "mean", "deviation")
            given = [name for name in names if getattr(self, name) is not None]
            if given:
                return f"found values with {', '.join(given)}, expected values alone"
            return None if self.values else "values is empty, expected at least one value"
        if self.scale not in SCALES:
            return f"scale: found {self.scale!r}, expected one of {', '.join(SCALES)}"
        ranged, normal = ("low", "high"), ("mean", "deviation")
        own, others = (normal, ranged) if self.scale == "log-normal" else (ranged, normal)
        for name in others:
            if getattr(self, name) is not None:
                return f"found {name}, which the scale {self.scale} does not use"
        for name in (*own, *(("step",) if self.step is not None else ())):
            value = getattr(self, name)
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not (number and math.isfinite(value)):
                found = "nothing" if value is None else repr(value)
                return f"{name}: found {found}, expected a finite number"
        low, high = self.low, self.high
        positive = ("step",) if self.step is not None else ()
        for name in (*positive, *(("deviation",) if own is normal else ())):
            if getattr(self, name) <= 0:
                return f"{name}: found {getattr(self, name)}, expected a number > 0"
        if own is ranged and not low < high:  # type: ignore[operator]
            return f"found low {low} and high {high}, expected low < high"
        if self.scale == "log" and low <= 0:  # type: ignore[operator]
            return f"low: found {low}, expected a number > 0 for the scale log"
        if self.scale == "one-minus-log" and high >= 1:  # type: ignore[operator]
            return f"high: found {high}, expected a number < 1 for the scale one-minus-log"
        return None

    @property
    def bounded(self) -> bool:
        """Whether it is a range of numbers with two ends."""
        return self.values is None and self.scale != "log-normal"

    @property
    def ends(self) -> tuple[Any, ...]:
        """The values whose acceptance shows that all are: both ends, or every value."""
        if self.values is not None:
            return self.values
        return (self.at(0.0), self.at(1.0)) if self.bounded else (10.0**self.mean,)  # type: ignore[operator]

    def at(self, u: float) -> Any:
        """Return the value at u in [0, 1], without the factor of ``times``."""
        if self.values is not None:
            return self.values[min(int(u * len(self.values)), len(self.values) - 1)]
        if self.scale == "log-normal":
            inner = min(max(u, 2.0**-53), 1 - 2.0**-53)
            value = 10.0 ** (self.mean + self.deviation * NormalDist().inv_cdf(inner))  # type: ignore[operator]
            return self._finished(value)
        low, high = float(self.low), float(self.high)  # type: ignore[arg-type]
        if self.scale == "log":
            value = low * (high / low) ** u
        elif self.scale == "one-minus-log":
            value = 1 - rounded((1 - low) * ((1 - high) / (1 - low)) ** u)
            return min(max(self._finished(value, digits=15), low), high)
        else:
            value = low + u * (high - low)
        if self.step is not None:
            count = round((value - low) / self.step)
            value = low + min(count, math.floor((high - low) / self.step + 1e-9)) * self.step
        return self._finished(min(max(rounded(value), low), high))

    def u_of(self, value: Any) -> float:
        """Return a u whose value this is, in [0, 1]; of values the middle of its share."""
        if self.values is not None:
            return (self.values.index(value) + 0.5) / len(self.values)
        if self.scale == "log-normal":
            u = NormalDist(self.mean, self.deviation).cdf(math.log10(value))  # type: ignore[arg-type]
            return min(max(u, 0.0), 1.0)
        low, high = float(self.low), float(self.high)  # type: ignore[arg-type]
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
        """Return the space of a table; raise `ValueError` for keys that a space does not have."""
        known = [f.name for f in fields(cls)]
        for name in table:
            if name not in known:
                raise ValueError(f"found {name!r} in a space, expected {', '.join(known)}")
        return cls(**table)

    def __str__(self) -> str:
        if self.values is not None:
            return "one of " + ", ".join(map(str, self.values))
        if self.scale == "log-normal":
            return f"10^N({self.mean:g}, {self.deviation:g})"
        text = f"{self.low:g}..{self.high:g}, {self.scale}"
        text += f", step {self.step:g}" if self.step is not None else ""
        return text + (f", times {self.times}" if self.times else "")

    def _finished(self, value: float, digits: int = DIGITS) -> float | int:
        return round(value) if self.whole else rounded(value, digits)


def rounded(value: float, digits: int = DIGITS) -> float:
    """Return a number with this many significant digits."""
    return float(f"{value:.{digits}g}")
