"""Writes the tables of a study in LaTeX, for a paper."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from optframe import Registry, Reporter, Results
from optframe_reports.tables.latex import escaped, latex_table
from optframe_reports.tables.of_problem import tables_of_problems
from optframe_reports.tables.overall import overall_table
from optframe_reports.tables.pairwise import pairwise_table
from optframe_reports.tables.winners import winners_table

__all__ = ["Latex"]

_HEAD = r"""% Tables of the study {name}; the best rows are bold.
% In the preamble: \usepackage[T1]{{fontenc}} \usepackage{{booktabs}}
"""


@dataclass(frozen=True)
class Latex(Reporter):
    r"""Write ``tables.tex``: floating tables over all problems, of pairs and of each problem.

    They need booktabs. Include them by ``\input{tables}``. Labels are ``tab:all``, ``tab:pairs``,
    ``tab:tuning``, and ``tab:1``, ``tab:2``, in the study's order. The same store gives the same
    bytes.
    """

    def write(self, results: Results, folder: Path, registry: Registry) -> Path:
        """Write the file into the folder and return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "tables.tex"
        trials = results.trials
        parts = [_HEAD.format(name=escaped(str(results.study.get("name", "study"))))]
        if len(trials):
            found = results.standings()
            first = {
                "tab:all": overall_table(found),
                "tab:pairs": pairwise_table(found),
                "tab:tuning": winners_table(found),
            }
            parts += [latex_table(table, label) for label, table in first.items() if table]
            for number, table in enumerate(tables_of_problems(found), start=1):
                parts.append(latex_table(table, f"tab:{number}"))
        path.write_text("\n".join(parts), "utf-8", "backslashreplace")
        return path
