"""Chooses the groups' styles: colour and marker for one property, the line style for the other."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from optframe.drawing.palette import color_of_each
from optframe_reports.plotting.palette import line_style, marker, sequence

__all__ = ["Looks", "colors_of_samplers"]


@dataclass(frozen=True)
class Looks:
    """The colours of one property's values, and the values that line styles stand for."""

    colors: Mapping[str, Any]
    styled: Sequence[str]

    def of(self, colored: str, styled: str) -> tuple[Any, str, Any]:
        """Return the colour, the marker and the line style of one of each."""
        place = list(self.colors).index(colored)
        return self.colors[colored], marker(place), line_style(self.styled.index(styled))


def colors_of_samplers(trials: pd.DataFrame) -> dict[str, str]:
    """Return each sampler's colour: from dark to light if they differ only in one number."""
    samplers = list(trials["sampler"].unique())
    numbers = _numbers(trials)
    if numbers is None:
        return color_of_each(samplers)
    ranked = sorted(samplers, key=lambda sampler: numbers[sampler])
    return dict(zip(ranked, sequence(len(ranked)), strict=True))


def _numbers(trials: pd.DataFrame) -> dict[str, float] | None:
    """Return the only number in which the samplers differ, such as the batch size."""
    if not {"sampler_name", "sampler_parameters"} <= set(trials):
        return None  # frames made by hand
    each = trials.drop_duplicates("sampler")
    if each["sampler_name"].nunique() > 1:
        return None
    tables = {
        label: json.loads(text)
        for label, text in zip(each["sampler"], each["sampler_parameters"], strict=True)
    }
    keys = dict.fromkeys(key for table in tables.values() for key in table)
    differing = [key for key in keys if len({str(t.get(key)) for t in tables.values()}) > 1]
    if len(differing) != 1:
        return None
    numbers = {label: table.get(differing[0]) for label, table in tables.items()}
    if not all(type(number) in (int, float) for number in numbers.values()):
        return None
    return numbers
