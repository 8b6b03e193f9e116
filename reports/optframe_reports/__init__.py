"""The plugin of built-in reports: figures, a web page, and formats for papers."""

from __future__ import annotations

from pathlib import Path

from optframe import hookimpl

__all__ = ["optframe_api"]

optframe_api = 1


@hookimpl
def optframe_figures() -> dict[str, str]:
    """Register the figures."""
    return {
        "advantage": "optframe_reports.figures.advantage:Advantage",
        "batch-size": "optframe_reports.figures.batch_size:BatchSize",
        "convergence": "optframe_reports.figures.convergence:Convergence",
        "critical-difference": "optframe_reports.figures.critical_difference:CriticalDifference",
        "data-profile": "optframe_reports.figures.data_profile:DataProfile",
        "distribution": "optframe_reports.figures.distribution:Distribution",
        "ecdf": "optframe_reports.figures.ecdf:Ecdf",
        "ert": "optframe_reports.figures.ert:Ert",
        "generalization": "optframe_reports.figures.generalization:Generalization",
        "performance-profile": "optframe_reports.figures.performance_profile:PerformanceProfile",
        "rank-heatmap": "optframe_reports.figures.rank_heatmap:RankHeatmap",
        "rotated": "optframe_reports.figures.rotated:Rotated",
        "samplers": "optframe_reports.figures.samplers:Samplers",
        "sensitivity": "optframe_reports.figures.sensitivity:Sensitivity",
        "time-split": "optframe_reports.figures.time_split:TimeSplit",
        "time-to-target": "optframe_reports.figures.time_to_target:TimeToTarget",
        "timing": "optframe_reports.figures.timing:Timing",
        "trajectory": "optframe_reports.figures.trajectory:Trajectory",
        "tuning-curve": "optframe_reports.figures.tuning_curve:TuningCurve",
        "tuning-landscape": "optframe_reports.figures.tuning_landscape:TuningLandscape",
    }


@hookimpl
def optframe_reporters() -> dict[str, str]:
    """Register the web page and the formats for papers and pull requests."""
    return {
        "html": "optframe_reports.page.page:Page",
        "latex": "optframe_reports.formats.latex:Latex",
        "md": "optframe_reports.formats.markdown:Markdown",
        "pdf": "optframe_reports.formats.pdf:Pdf",
    }


@hookimpl
def optframe_studies() -> dict[str, str]:
    """Register the published studies: beside this file in a wheel, above it in a checkout."""
    here = Path(__file__).parent
    folder = next((f for f in (here / "studies", here.parent / "studies") if f.is_dir()), here)
    return {path.stem: str(path) for path in sorted(folder.glob("*.toml"))}
