"""Tables in LaTeX, with the rules of booktabs."""

from __future__ import annotations

from optframe_reports.tables.table import TEXTS, Table

__all__ = ["escaped", "latex_table"]

_MARKS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "−": "$-$",
    "–": "--",
    "∞": r"$\infty$",
    "µ": r"$\mu$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "…": r"\ldots{}",
}


def latex_table(table: Table, label: str) -> str:
    """Return a floating table (package booktabs; T1 fonts for quotes); the best rows are bold."""
    kinds = "".join("l" if column in TEXTS else "r" for column in table.columns)
    heads = " & ".join(escaped(column) for column in table.columns)
    lines = [
        r"\begin{table}",
        r"  \centering",
        rf"  \caption{{{escaped(table.title)}}}",
        rf"  \label{{{label}}}",
        rf"  \begin{{tabular}}{{{kinds}}}",
        r"    \toprule",
        rf"    {heads} \\",
        r"    \midrule",
        *(f"    {_line(row.best, [row[c] for c in table.columns])}" for row in table.rows),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Return a text in one line, with LaTeX's special characters escaped."""
    return "".join(_MARKS.get(mark, mark) for mark in " ".join(text.split()))


def _line(best: bool, texts: list[str]) -> str:
    cells = [escaped(text) for text in texts]
    if best:
        cells = [rf"\textbf{{{cell}}}" if cell else cell for cell in cells]
    return " & ".join(cells) + r" \\"
