"""``optframe race``: compares the time of a step in base and head, measured side by side."""

from __future__ import annotations

import re
from pathlib import Path

import click

from optframe.cli.commands.compare import FORMAT, OUT, tell
from optframe.cli.options import name_broken, with_plugins
from optframe.components.registry import Registry
from optframe.errors import OptframeError, UsageError
from optframe.given_files import expanded

__all__ = ["command"]


@click.command("race")
@click.argument("words", nargs=-1, metavar="[BASE HEAD] STUDY")
@click.option("--base", metavar="SIDE", help="BASE, if it is not the first word.")
@click.option("--head", metavar="SIDE", help="HEAD, if it is not the second word.")
@click.option("--budget", default="5min", help="Time limit: 90s, 5min, 1h.  [5min]")
@click.option("--threshold", help="Increase that is a regression.  [2%; of instructions 5%]")
@click.option("--alpha", default="1%", help="Probability of a false regression.  [1%]")
@click.option("--only", default="*", metavar="GLOB", help="Trials to race: 'adam* on lasso*'.")
@click.option("--seed", default=0, help="Seed of the random orders.")
@click.option("--instructions", is_flag=True, help="Count instructions with valgrind, not time.")
@FORMAT
@OUT
@with_plugins
def command(
    registry: Registry,
    words: tuple[str, ...],
    base: str | None,
    head: str | None,
    budget: str,
    threshold: str | None,
    alpha: str,
    only: str,
    seed: int,
    instructions: bool,
    format: str,
    out: Path | None,
) -> int:
    """Time a step of each trial of STUDY in BASE and HEAD, in turns, until a test decides.

    BASE and HEAD are each a git revision of the present folder's repository, a wheel, a Python
    executable, or versions of libraries ('scipy==1.14.1', 'scipy==1.14.1 numpy==2.1.3'), which this
    optframe then uses. An environment is built once. A plugin's file (-P) that is in the repository
    is used as it was at the revision.

    Exit codes: 0 pass; 1 regression, or a trial is missing; 2 usage error; 3 inconclusive; 4 an
    environment cannot be built, a worker died, or valgrind is missing; 130 stopped by Ctrl-C. What
    was measured before an error or Ctrl-C is shown.
    """
    from optframe.gate.racing.instructions import THRESHOLD, InstructionRace, find_valgrind
    from optframe.gate.racing.race import Field, Race, Rule, open_side

    name_broken(registry)
    study, texts = _named(words, base, head)
    seconds = _seconds(budget)
    try:
        usual = THRESHOLD if instructions else Rule().threshold
        more = usual if threshold is None else _share(threshold, "--threshold")
        rule = Rule(more, _share(alpha, "--alpha"))
    except ValueError as error:
        raise UsageError(f"--{error}") from error
    file = expanded(study)
    if file.suffix != ".toml":
        file = Path(registry.entry("studies", study).target)
    if not file.is_file():
        raise UsageError(f"{study}: no such study; see `optframe list studies`")
    if out is not None and not out.absolute().parent.is_dir():
        raise UsageError(f"--out {out}: there is no folder {out.parent}; create it first")
    if instructions:
        find_valgrind()
    sides = [
        open_side(role, text, registry.paths, _progress)
        for role, text in zip(("base", "head"), texts, strict=True)
    ]
    field = Field(sides[0], sides[1], file, only)
    race: Race | InstructionRace = Race(field, rule, seed=seed)
    if instructions:
        race = InstructionRace(field, rule.threshold)
    try:
        race.run(seconds, _progress)
    except (KeyboardInterrupt, OptframeError):
        if race.heats:
            tell(race.comparison(), format, out)
        raise
    return tell(race.comparison(), format, out)


def _named(
    words: tuple[str, ...], base: str | None, head: str | None
) -> tuple[str, tuple[str, str]]:
    """Return the study, and the two sides."""
    if base is None and head is None and len(words) == 3:
        return words[2], (words[0], words[1])
    if base is not None and head is not None and len(words) == 1:
        return words[0], (base, head)
    found = ["STUDY" if len(words) == 1 else f"{len(words)} words"]
    found += [name for name, side in (("--base", base), ("--head", head)) if side is not None]
    raise UsageError(
        "race: expected BASE HEAD STUDY, or STUDY --base SIDE --head SIDE; found "
        + " and ".join(found)
    )


def _progress(line: str) -> None:
    click.echo(f"race: {line}", err=True)


def _seconds(text: str) -> float:
    from optframe.study.settings import seconds_in

    given = text.strip()
    found = seconds_in(f"{given}s" if given[-1:].isdigit() else given)
    if found is None:
        raise UsageError(f"--budget: expected 90s, 5min or 1h, found {text!r}")
    return found


def _share(text: str, option: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?) *(%?)", text.strip())
    if not found:
        raise UsageError(f"{option}: expected a share such as 2% or 0.02, found {text!r}")
    return float(found[1]) / (100 if found[2] else 1)
