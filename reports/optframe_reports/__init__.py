"""The report that optframe draws of a study: figures and a web page."""

from __future__ import annotations

from pathlib import Path

from optframe import hookimpl

__all__ = ["optframe_api"]

optframe_api = 1


@hookimpl
def optframe_figures() -> dict[str, str]:
    """Register the figures."""
    return {
        "convergence": "optframe_reports.figures.convergence:Convergence",
        "timing": "optframe_reports.figures.timing:Timing",
    }


@hookimpl
def optframe_reporters() -> dict[str, str]:
    """Register the web page."""
    return {"page": "optframe_reports.page.page:Page"}


@hookimpl
def optframe_studies() -> dict[str, str]:
    """Register the studies that we publish: beside this file in a wheel, above it in a checkout."""
    here = Path(__file__).parent
    folder = next((f for f in (here / "studies", here.parent / "studies") if f.is_dir()), here)
    return {path.stem: str(path) for path in sorted(folder.glob("*.toml"))}
