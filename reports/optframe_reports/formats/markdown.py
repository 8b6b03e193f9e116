"""Writes a study's results in Markdown, for a pull request or the summary of a CI job."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from optframe import Registry, Reporter, Results
from optframe_reports.tables.beside import beside_table
from optframe_reports.tables.lost import lost_table
from optframe_reports.tables.markdown import escaped, markdown_table, sentence
from optframe_reports.tables.of_problem import tables_of_problems
from optframe_reports.tables.overall import overall_table
from optframe_reports.tables.pairwise import pairwise_table
from optframe_reports.tables.winners import winners_table

__all__ = ["Markdown"]


@dataclass(frozen=True)
class Markdown(Reporter):
    """Write ``report.md``: the answer, tables over all problems, of pairs, of tuning and of each.

    GitHub shows it without changes. It has no pictures. The same store gives the same bytes.
    """

    def write(self, results: Results, folder: Path, registry: Registry) -> Path:
        """Write the file into the folder and return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "report.md"
        path.write_text("\n".join(_parts(results)), "utf-8", "backslashreplace")
        return path


def _parts(results: Results) -> list[str]:
    trials = results.trials
    parts = [f"# {escaped(str(results.study.get('name', 'study')))}\n"]
    if trials.empty:
        return [*parts, "No trials.\n"]
    found = results.standings()
    parts += [f"{sentence(line)}\n" for line in found.headline]
    if "side" in trials:
        beside = beside_table(trials)
        parts += [f"## {beside.title}\n", f"{escaped(beside.note)}\n"]
        parts += [markdown_table(beside)] if beside.rows else []
    for table in (overall_table(found), pairwise_table(found), winners_table(found)):
        if table is not None:
            parts += [f"## {table.title}\n", f"{escaped(table.note)}\n", markdown_table(table)]
    if found.caveats:
        parts += ["".join(f"- {sentence(caveat)}\n" for caveat in found.caveats)]
    for table in tables_of_problems(found):
        parts += [f"## {escaped(table.title)}\n"]
        parts += [f"{escaped(table.note)}\n"] if table.note else []
        parts += [markdown_table(table)]
        lost = lost_table(trials[trials["problem"] == table.title])
        if lost.rows:
            parts += [f"{lost.title}:\n", markdown_table(lost)]
    return parts
