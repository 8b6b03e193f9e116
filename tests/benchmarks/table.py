"""``python tests/benchmarks/table.py``: what optframe costs, compared with the alternatives.

It runs the benchmarks in this folder in a process of their own and prints a table in Markdown. Each
benchmark is one row, whose text comes from the benchmark's mark. What is measured is the optframe
that is installed.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import math
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import click

from optframe.errors import OptframeError, UnavailableError, UsageError

__all__ = ["Row", "main", "table"]

ROOT = Path(__file__).resolve().parents[2]
"""The checkout."""

LIBRARIES = (
    "scipy",
    "torch",
    "jax",
    "optax",
    "numba",
    "cupy",
    "scikit-learn",
    "benchopt",
    "optuna",
)
NOTHING_SELECTED = 5
"""pytest's exit code where there is no such test; 0 and 1 are passed and failed ones."""

_REACH = re.compile(r"(?P<sign>[≤≥]) (?P<limit>[\d.]+)(?P<unit>×| [^ ]+)")


@dataclass(frozen=True)
class Row:
    """A row of the table.

    ``reach`` is ``≥ 2× faster``, ``≤ 1.3×``, ``≤ 20 µs``, or ``–`` where it is only to know.
    ``ratio`` is the median over ``pairs`` of them with its 95 % interval: what theirs takes over
    what ours does, or, where it should be small, ours over theirs; or, with a unit, a value.
    ``place`` is the line of the numbers to reach that it belongs to; ``why`` says why there are no
    numbers; ``ours`` and ``theirs`` are the medians of what was compared, mostly seconds.
    """

    test: str
    what: str
    against: str = "–"
    reach: str = "–"
    place: int | None = None
    ratio: float = math.nan
    low: float = math.nan
    high: float = math.nan
    pairs: int = 0
    why: str | None = "not run"
    ours: float = math.nan
    theirs: float = math.nan

    def __post_init__(self) -> None:
        if self.reach != "–" and not _REACH.match(self.reach):
            raise ValueError(f"{self.what}: reach is {self.reach!r}; expected e.g. '≤ 1.3×'")

    @cached_property
    def _words(self) -> dict[str, str]:
        found = _REACH.match(self.reach)
        return found.groupdict() if found else {"sign": "", "limit": "", "unit": "×"}

    @property
    def smaller_is_better(self) -> bool:
        """Whether the ratio is ours over theirs, and should stay below a limit."""
        return self._words["sign"] == "≤"

    @property
    def reached(self) -> bool | None:
        """Whether the whole interval is where it should be; None where it lies on both sides."""
        if self.why or not self._words["sign"]:
            return None
        limit = float(self._words["limit"])
        ends = (self.low, self.high)
        inside = [end <= limit if self.smaller_is_better else end >= limit for end in ends]
        return inside[0] if inside[0] == inside[1] else None

    @property
    def title(self) -> str:
        """What is compared with what."""
        return self.what if self.against == "–" else f"{self.what}, against {self.against}"

    @property
    def measured(self) -> str:
        """The ratio or value with its interval, or why there is none."""
        if self.why:
            return self.why
        text = f"{_three(self.ratio)}{self._words['unit']}"
        if self.low == self.high:
            return text
        return f"{text} [{_three(self.low)}, {_three(self.high)}]"

    @property
    def failed(self) -> bool:
        """Whether the benchmark ended by an error, as where results differ."""
        return (self.why or "").startswith("failed")

    @property
    def verdict(self) -> str:
        """What the interval says of the limit."""
        if self.why:
            return "failed" if self.failed else "not run"
        if not self._words["sign"]:
            return "–"
        return {True: "reached", False: "not reached", None: "within noise"}[self.reached]

    @property
    def kept(self) -> dict[str, Any]:
        """What a file keeps of it: all but the numbers that there are not."""
        return {name: value for name, value in asdict(self).items() if value == value}

    @property
    def line(self) -> str:
        """All of it, as a line of text."""
        goal = "" if self.reach == "–" else f" (to reach: {self.reach}; {self.verdict})"
        return f"{self.title}: {self.measured}{goal}"


def ordered(rows: Sequence[Row]) -> list[Row]:
    """Return the rows as the table has them: the numbers to reach by place, then the others."""
    return sorted(rows, key=lambda row: math.inf if row.place is None else row.place)


def table(rows: Sequence[Row]) -> str:
    """Return the Markdown table."""
    lines = ["| what | against | measured | pairs | reach | verdict |", "|---|---|---|---|---|---|"]
    for row in ordered(rows):
        pairs = "–" if row.why else str(row.pairs)
        cells = (row.what, row.against, row.measured, pairs, row.reach, row.verdict)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def machine(folder: Path) -> dict[str, Any]:
    """Return what the numbers depend on: machine, versions, threads, commit, load."""
    from threadpoolctl import threadpool_info

    from optframe.components.loading import load_plugins
    from optframe.execution.environment import describe

    registry = load_plugins()
    about = describe(registry, registry.make("backends", "numpy"), 1, folder)
    about["blas_threads"] = max(
        (pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"), default=1
    )
    cupy = registry.make("backends", "cupy")
    about["gpu"] = cupy.device if cupy.is_available() else None
    found = {name: _version(name) for name in ("numpy", *LIBRARIES)}
    about["libraries"] = {name: version for name, version in found.items() if version}
    about["load"] = os.getloadavg()[0] if hasattr(os, "getloadavg") else math.nan
    return about


def heading(about: dict[str, Any]) -> str:
    """Return the lines over the table."""
    libraries = ", ".join(f"{name} {version}" for name, version in about["libraries"].items())
    gpu = f", {about['gpu']}" if about["gpu"] else ""
    busy = about["load"] > about["cores"] / 4
    lines = [
        f"{about['cpu']}, {about['cores']} cores{gpu}; {about['platform']}; "
        f"Python {about['python']}; {libraries}; BLAS {about['blas']}, "
        f"{about['blas_threads']} threads by itself; "
        f"optframe {about['optframe']}, commit {_short(about['git'])}; "
        f"load average before the run {about['load']:.2f}.",
    ]
    if busy:
        lines.append("**The machine was busy with something else before the run.**")
    lines.append(
        "Medians of pairs that ran one right after the other, in random order, with 95 % "
        "intervals: where the aim is ≤, our time over theirs; elsewhere, how many times faster."
    )
    return "\n\n".join(lines)


def measure(folder: Path, only: str | None, gpu: bool, collect: bool = False) -> list[Row]:
    """Run the benchmarks of a checkout and return their rows.

    Raises
    ------
    UnavailableError
        Where pytest or pytest-benchmark is not installed, or they could not run.
    UsageError
        Where no benchmark fits ``only``.
    """
    for name in ("pytest", "pytest_benchmark"):
        if importlib.util.find_spec(name) is None:
            raise UnavailableError(
                f"table.py: {name.replace('_', '-')} is not installed; "
                "pip install 'optframe-bench[test]'"
            )
    try:
        re.compile(only or "")
    except re.error as error:
        raise UsageError(f"table.py: --only {only!r} is no regular expression: {error}") from None
    with tempfile.TemporaryDirectory() as place:
        kept = Path(place) / "rows.json"
        # -P: what is measured is what is installed, not what lies in this folder.
        command = [sys.executable, "-P", "-m", "pytest", str(folder / "tests" / "benchmarks")]
        command += ["--benchmark-enable", "--benchmark-only", "--benchmark-quiet"]
        command += ["-q", "--no-header", "-rN", "--rows", str(kept)]
        command += ["--only", only] if only else []
        command += ["-m", "gpu"] if gpu else []
        command += ["--collect-only"] if collect else []
        output: Any = subprocess.PIPE if collect else sys.stderr
        # Under pytest-xdist, whose variables pytest-benchmark obeys, nothing would be measured.
        alone = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_XDIST")}
        done = subprocess.run(command, cwd=folder, stdout=output, text=True, check=False, env=alone)
        if done.returncode == NOTHING_SELECTED:
            raise UsageError(f"table.py: no benchmark fits {only!r}; --list shows what there is")
        if done.returncode not in (0, 1) or not kept.exists():
            print(done.stdout or "", file=sys.stderr)
            raise UnavailableError(f"table.py: pytest ended with exit code {done.returncode}")
        return [Row(**found) for found in json.loads(kept.read_text(encoding="utf-8"))]


@click.command("table.py")
@click.option("--only", metavar="PATTERN", help="The rows whose words or test fit this.")
@click.option("--gpu", is_flag=True, help="The rows that need a CUDA device, and no others.")
@click.option("--list", "listing", is_flag=True, help="Show what rows there are; run nothing.")
@click.option(
    "--json", "file", type=click.Path(path_type=Path), metavar="FILE", help="Keep the numbers."
)
def main(only: str | None, gpu: bool, listing: bool, file: Path | None) -> None:
    """Measure what optframe costs beside others, and print a table in Markdown.

    Rows that cannot run say why. Exit codes: 0 done, whatever was reached; 1 a benchmark failed,
    as when results differ; 2 usage error; 4 infrastructure.
    """
    try:
        if listing:
            for row in ordered(measure(ROOT, only, gpu, collect=True)):
                click.echo(f"{row.title}" + (f": {row.reach}" if row.reach != "–" else ""))
            return
        about = machine(ROOT)
        rows = measure(ROOT, only, gpu)
    except OptframeError as error:
        click.echo(str(error), err=True)
        sys.exit(error.exit_code)
    if file:
        found = {"machine": about, "rows": [row.kept for row in rows]}
        file.write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")
    click.echo(f"{heading(about)}\n\n{table(rows)}")
    sys.exit(1 if any(row.failed for row in rows) else 0)


def _version(name: str) -> str | None:
    """Return the version of a library, which CuPy has under the name of its wheel."""
    names = ("cupy-cuda12x", "cupy-cuda13x") if name == "cupy" else (name,)
    for one in names:
        try:
            return importlib.metadata.version(one)
        except importlib.metadata.PackageNotFoundError:
            pass
    return None


def _short(commit: str | None) -> str:
    """Return a commit in twelve digits, with its + where there are changes."""
    return f"{commit[:12]}{commit[40:]}" if commit else "unknown"


def _three(value: float) -> str:
    """Write a number with three digits."""
    return f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:#.3g}".rstrip(".")


if __name__ == "__main__":
    main()
