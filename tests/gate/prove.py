"""Prove what a race claims: the same code against itself, and a step that takes 5 % longer.

::

    python tests/gate/prove.py races.jsonl --minutes 12

A race has two trials, with one optimizer's code under two names. ``same`` is the same on both
sides, so that each regression of it is a false alarm. ``slowed`` counts to some number in each
step, further in head; how far makes `--planted` of the step's time is measured, by a short race,
before the first one. The file gets a line for each race; a further call adds races to it, and
whatever it holds is summed up at the end.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from collections import Counter
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any

from scipy.stats import binomtest

from optframe.gate.racing.race import Field, Race, Rule, Side

STUDY = """
[study]
name = "proof"
budget = { steps = 500 }
[run]
backend = "numpy"
[[optimizer]]
name = "same"
[[optimizer]]
name = "slowed"
[[problem]]
name = "rosenbrock"
"""

PLUGIN = '''"""Gradient descent, which counts to some number in each step."""
from dataclasses import dataclass
from itertools import repeat
from optframe import Optimizer, hookimpl
optframe_api = 1
@dataclass(frozen=True)
class Counting(Optimizer):
    """Gradient descent that counts."""
    number: int = 100
    def step(self, theta, state, oracle):
        for _ in repeat(None, self.number):  # range would make integers above 256
            pass
        return theta - 1e-4 * oracle.gradient(theta), state
@dataclass(frozen=True)
class Slowed(Counting):
    """The one that counts further in head."""
    number: int = {number}
@hookimpl
def optframe_optimizers():
    return {{"same": Counting, "slowed": Slowed}}
'''
LEAST, TRIED = 100, 300
"""How far the base counts, and the head of the race that measures what that costs."""


def race(folder: Path, number: int, seed: int, rule: Rule, only: str = "*") -> Race:
    """Return a race of which head counts to ``number``."""
    sides = []
    for role, counted in (("base", LEAST), ("head", number)):
        (folder / role).mkdir(exist_ok=True)
        file = folder / role / "counting.py"
        file.write_text(PLUGIN.format(number=counted), encoding="utf-8")
        sides.append(Side(role, role, Path(sys.executable), (str(file),)))
    study = folder / "proof.toml"
    study.write_text(STUDY, encoding="utf-8")
    return Race(Field(sides[0], sides[1], study, only), rule, seed=seed)


def calibrated(folder: Path, planted: float) -> int:
    """Return how far head counts for its step to take longer by this share."""
    measuring = race(folder, TRIED, 0, Rule(looks=(10,)), "slowed on *")
    measuring.run(float("inf"))
    (row,) = measuring.comparison().rows
    assert row.change is not None
    return LEAST + round((TRIED - LEAST) * planted / row.change)


def raced(folder: Path, number: int, seed: int) -> dict[str, Any]:
    """Run a race by the rule that the command has, and return what is kept of it."""
    one = race(folder, number, seed, Rule())
    one.run(float("inf"))
    rows = {row.subject.optimizer: row for row in one.comparison().rows}
    verdicts = {name: str(row.verdict) for name, row in rows.items()}
    changes = {name: row.change for name, row in rows.items()}
    return {"verdicts": verdicts, "changes": changes, "heats": one.heats, "seconds": one.seconds}


def summary(first: dict[str, Any], races: list[dict[str, Any]]) -> str:
    """Return a line on all races, and one on each of their trials."""
    heats = sum(one["heats"] for one in races) / len(races)
    seconds = sum(one["seconds"] for one in races)
    lines = [f"{len(races)} races of {heats:.0f} heats on {first['machine']}, {seconds:.0f} s"]
    titles = {"same": "the same code", "slowed": f"{100 * first['planted']:g} % planted"}
    for name, title in titles.items():
        found = Counter(one["verdicts"][name] for one in races)
        red = binomtest(found["regression"], len(races)).proportion_ci(method="exact")
        measured = [100 * one["changes"][name] for one in races]
        verdicts = ", ".join(f"{count} {verdict}" for verdict, count in found.most_common())
        lines.append(
            f"{title}: {verdicts}; red in {100 * red.low:.1f} to {100 * red.high:.1f} % (95 %); "
            f"measured {min(measured):+.2f}, {median(measured):+.2f}, {max(measured):+.2f} %"
        )
    return "\n".join(lines)


def main() -> None:
    """Race until the minutes are over, and sum up."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    asked.add_argument("file", type=Path, help="where each race becomes a line")
    asked.add_argument("--minutes", type=float, default=12.0, help="how long; 0 sums up only")
    asked.add_argument("--planted", type=float, default=0.05, help="of a new file: the share")
    words = asked.parse_args()
    ends = monotonic() + 60 * words.minutes
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if not words.file.exists():
            number = calibrated(folder, words.planted)
            first = {"planted": words.planted, "number": number, "machine": platform.node()}
            words.file.write_text(json.dumps(first) + "\n", encoding="utf-8")
        lines = words.file.read_text(encoding="utf-8").splitlines()
        first, *races = [json.loads(line) for line in lines]
        while monotonic() < ends:
            races.append(raced(folder, first["number"], len(races)))
            with words.file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(races[-1]) + "\n")
    if races:
        print(summary(first, races))


if __name__ == "__main__":
    main()
