"""Writes the tables of a study in LaTeX, for a paper."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from optframe import Registry, Reporter, Results
from optframe_reports.tables.latex import escaped, latex_table
from optframe_reports.tables.of_problem import tables_of_problems
from optframe_reports.tables.overall import overall_table

__all__ = ["Latex"]

_HEAD = r"""% Tables of the study {name}; the best rows are bold.
% In the preamble: \usepackage[T1]{{fontenc}} \usepackage{{booktabs}}
"""


@dataclass(frozen=True)
class Latex(Reporter):
    r"""Write ``tables.tex``: a floating table over all problems and one for each, with booktabs.

    Include them by ``\input{tables}``. Labels are ``tab:all`` and ``tab:1``, ``tab:2``, in the
    study's order. The same store gives the same bytes.
    """

    def write(self, results: Results, folder: Path, registry: Registry) -> Path:
        """Write the file into the folder and return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "tables.tex"
        trials = results.trials
        parts = [_HEAD.format(name=escaped(str(results.study.get("name", "study"))))]
        if len(trials):
            found = results.standings()
            of_problems, overall = tables_of_problems(found), overall_table(found)
            parts += [latex_table(overall, "tab:all")] if overall is not None else []
            for number, table in enumerate(of_problems, start=1):
                parts.append(latex_table(table, f"tab:{number}"))
        path.write_text("\n".join(parts), encoding="utf-8")
        return path
