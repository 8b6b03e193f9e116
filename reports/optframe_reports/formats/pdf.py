"""Writes each figure of a study into its own PDF file, as wide as a column of a paper."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from optframe import Frames, Positive, Registry, Reporter, Results
from optframe.drawing.figures import frames_of, picture, written
from optframe.errors import one_line
from optframe_reports.problem_frames import by_problem

__all__ = ["Pdf"]


@dataclass(frozen=True)
class Pdf(Reporter):
    """Write ``figures/*.pdf``: each registered figure, for all problems or for each.

    Figures without anything to draw are left out. ``figures/index.txt`` lists them with the reason,
    and the exceptions that figures raised. The same store gives the same bytes.
    """

    width: Positive = 3.3
    """Inches; 3.3 is a column of most two-column papers."""

    def write(self, results: Results, folder: Path, registry: Registry) -> Path:
        """Write the files into the folder and return that of the figures."""
        target = folder / "figures"
        target.mkdir(parents=True, exist_ok=True)
        frames, lines = frames_of(results), []
        problems = by_problem(frames)
        for name in registry.names("figures"):
            try:
                figure = registry.make("figures", name, {})
                if figure.on_request or (figure.of_tuning and not len(frames.tunings)):
                    continue
                parts = {name: frames} if figure.across else _titled(name, problems)
                for title, part in parts.items():
                    path = target / f"{title}.pdf"
                    missing = figure.missing(part)
                    if missing is None:
                        path.write_bytes(written(picture(figure, part, self.width), "pdf"))
                    lines.append(f"{path.name}: {missing or figure.title()}")
            except Exception as error:
                message = one_line(error)
                lines.append(f"figure {name!r} raised {type(error).__name__}: {message}")
        (target / "index.txt").write_text("\n".join(lines) + "\n", "utf-8", "backslashreplace")
        return target


def _titled(name: str, problems: dict[str, Frames]) -> dict[str, Frames]:
    found = {}
    for number, (problem, part) in enumerate(problems.items(), start=1):
        slug = re.sub(r"[^\w.]+", "-", problem).strip("-")[:60]
        found[f"{number}-{slug}-{name}"] = part
    return found
