"""What the plugin registers, and what holds for every figure."""

import importlib.util
import shutil
from pathlib import Path

import pytest

import optframe_reports
from optframe.drawing import picture, written

NOT_MEASURED = [
    *(
        (name, {"metric": metric}, f"no run measured {metric}")
        for name in ("convergence", "distribution", "sensitivity")
        for metric in ("regret", "test_accuracy")
    ),
    ("generalization", {"metric": "accuracy"}, "no run measured test_accuracy"),
    ("generalization", {"x": "epochs"}, "no run measured test_loss"),
    ("generalization", {}, "no run measured test_loss"),
    ("convergence", {"x": "epochs"}, "the runs counted no epochs"),
    ("convergence", {"x": "samples"}, "the runs counted no samples"),
    ("time-to-target", {"target": 1.0, "metric": "regret"}, "no run measured regret"),
    ("time-to-target", {"target": 1.0, "x": "epochs"}, "the runs counted no epochs"),
    ("time-to-target", {}, "the study has no target; expected target=VALUE, a value of the metric"),
]


@pytest.mark.parametrize(("name", "given", "reason"), NOT_MEASURED)
def test_what_was_not_measured_is_said(registry, study, name, given, reason):
    study.add([8.0, 4.0])
    assert registry.make("figures", name, given).missing(study.frames()) == reason


NOT_RUN = {
    "convergence": "no run has a curve yet",
    "distribution": "no run has ended yet",
    "sensitivity": "no trial has run yet",
    "time-split": "no run has taken a step yet",
    "time-to-target": "no run has ended yet",
    "trajectory": "no run has a curve yet",
}


@pytest.mark.parametrize(("name", "reason"), NOT_RUN.items())
def test_a_study_that_has_not_run_has_nothing_to_draw(registry, study, name, reason):
    study.add([], status="planned")
    assert registry.make("figures", name).missing(study.frames()) == reason


OF_OTHER_FRAMES = {
    *("critical-difference", "rotated", "trajectory"),
    *("tuning-curve", "tuning-landscape"),
}
"""Figures that draw nothing of a grid on one problem, and have such a test of their own."""


@pytest.mark.parametrize("name", sorted({*optframe_reports.optframe_figures()} - OF_OTHER_FRAMES))
def test_the_same_frames_give_the_same_bytes(registry, study, name):
    frames = study.add_many(3, 2, 3, 4, samplers=("full", "stream")).frames()
    figure = registry.make("figures", name)
    assert figure.missing(frames) is None
    for format in ("png", "svg"):
        first, second = (written(picture(figure, frames), format) for _ in range(2))
        assert first == second


def test_studies_are_those_of_the_wheel_or_beside_the_package_in_a_checkout():
    package = Path(optframe_reports.__file__).parent
    inside, beside = package / "studies", package.parent / "studies"
    folder = inside if inside.is_dir() else beside
    found = {path.stem: str(path) for path in folder.glob("*.toml")}
    assert "quickstart" in found
    assert optframe_reports.optframe_studies() == found


def test_studies_are_those_in_the_package_in_a_wheel(tmp_path):
    package = tmp_path / "installed_reports"
    (package / "studies").mkdir(parents=True)
    (package / "studies" / "quickstart.toml").write_text("")
    (package / "studies" / "README.md").write_text("")
    module = shutil.copy(optframe_reports.__file__, package / "__init__.py")
    spec = importlib.util.spec_from_file_location("installed_reports", module)
    installed = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(installed)
    path = str(package / "studies" / "quickstart.toml")
    assert installed.optframe_studies() == {"quickstart": path}
