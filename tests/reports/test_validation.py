"""Reports of runs with validation metrics, and of stores that have them in part or no numbers."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import optframe
from optframe.contracts.columns import METRICS
from optframe.drawing.figures import frames_of, picture, prepared
from optframe.store.export import export

PLUGIN = '''
from dataclasses import dataclass

import numpy as np

import optframe

optframe_api = 1


@dataclass(frozen=True)
class Unstable(optframe.StochasticProblem):
    """½(θ − i)² over 10 records, whose validation metrics are no numbers below θ = 12."""

    value: str = "nan"

    size = 1
    records = 10

    def start(self, random):
        return np.array([20.0])

    def draw(self, indices, random):
        return np.arange(10.0)[indices]

    def loss(self, theta, batch):
        return 0.5 * np.mean((theta[..., None, 0] - batch) ** 2, axis=-1)

    def gradient(self, theta, batch):
        return theta - batch.mean(axis=-1)[..., None]

    def metrics(self, theta):
        known, away = theta[..., 0] > 12, theta[..., 0] ** 2
        return {
            "loss": self.loss(theta, np.arange(10.0)),
            "accuracy": 1 / (1 + away),
            "validation_loss": np.where(known, away, float(self.value))[()],
            "validation_accuracy": np.where(known, 1 / (1 + away), float(self.value))[()],
            "test_loss": away + 1,
            "test_accuracy": 1 / (2 + away),
        }


@optframe.hookimpl
def optframe_problems():
    return {"unstable": Unstable}
'''
VALUES = ("nan", "inf", "-inf")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unstable")
    (folder / "unstable.py").write_text(PLUGIN)
    study = optframe.Study(
        "unstable",
        {"steps": 30, "target": {"validation_loss": 1.0}, "target_every": 5, "patience": 100},
        ["sgd:lr=[0.02,0.1]", "momentum:lr=0.05"],
        [f'unstable:value="{value}"' for value in VALUES],
        ["shuffled:batch_size=5"],
        seeds=2,
    )
    return optframe.run(study, folder / "results", plugins=[str(folder / "unstable.py")])


def test_runs_without_a_number_finish_and_reach_no_target(results):
    assert set(results.trials["status"]) == {"finished"}
    curves = results.curves
    assert np.isfinite(curves["loss"]).all()
    assert not np.isfinite(curves["validation_loss"]).all()
    least = results.trials["best_validation_loss"]
    assert ((least > 144) & (least <= 400)).all()


def test_the_store_reads_and_exports_what_it_was_given(results, tmp_path):
    again = optframe.load(results.path.parent).curves["validation_loss"]
    np.testing.assert_array_equal(again, results.curves["validation_loss"])
    export(results, tmp_path, ["csv"])
    columns = (tmp_path / "columns.csv").read_text(encoding="utf-8")
    assert f'curves,validation_loss,float64,,"{METRICS["validation_loss"]}"' in columns


@pytest.mark.parametrize("format", ["html", "md", "latex"])
def test_every_report_is_written(results, format, tmp_path):
    path = optframe.report(results, tmp_path, format=format)
    assert path.exists()
    if format == "html":
        page = path.read_text(encoding="utf-8")
        assert "validation loss" in page or "validation accuracy" in page
        assert "Traceback" not in page
        data = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.S)
        for chart in json.loads(data[1])["charts"]:
            shown = {metric["name"] for metric in chart["metrics"]}
            assert {"loss", "validation_loss", "validation_accuracy", "test_loss"} <= shown


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("metric", ["validation_loss", "validation_accuracy"])
@pytest.mark.parametrize(
    "figure",
    [
        *("convergence", "convergence:view=fixed-target,", "distribution", "rank-heatmap"),
        *("sensitivity", "time-to-target:target=300.0,"),
    ],
)
def test_figures_of_what_is_no_number_are_drawn(results, figure, metric, value):
    name, _, given = figure.partition(":")
    registry = optframe.load_plugins()
    across = registry.make("figures", name).across
    problem = None if across else f'unstable:value="{value}"'
    made, frames = prepared(f"{name}:{given}metric={metric}", results, problem)
    assert picture(made, frames).axes
    numbers = made.data(frames)
    assert len(numbers)


def test_older_stores_have_todays_names_in_figures(study, tmp_path):
    study.add([4.0, 2.0], train_accuracy=[0.1, 0.5], train_rmse=[3.0, 2.0])
    frames = frames_of(study.results(tmp_path))
    assert frames.curves["accuracy"].tolist() == [0.1, 0.5]
    assert frames.curves["rmse"].tolist() == [3.0, 2.0]
    assert frames.trials["accuracy"].tolist() == [0.5]
    assert not {"train_accuracy", "train_rmse"} & {*frames.curves, *frames.trials}
    study.add([4.0, 2.0], accuracy=[0.2, 0.6])  # a study that today's version went on with
    frames = frames_of(study.results(tmp_path))
    assert frames.curves["accuracy"].tolist() == [0.1, 0.5, 0.2, 0.6]


def test_a_problem_may_measure_both_names(study, tmp_path):
    study.add([4.0, 2.0], train_accuracy=[0.1, 0.5], accuracy=[0.2, 0.6])
    frames = frames_of(study.results(tmp_path))
    assert frames.curves["accuracy"].tolist() == [0.2, 0.6]
    assert frames.curves["train_accuracy"].tolist() == [0.1, 0.5]


def test_the_generalization_of_a_store_of_an_older_version_is_drawn(tmp_path):
    old = Path(__file__).parents[1] / "store" / "old" / "data"
    results = optframe.load(shutil.copytree(old, tmp_path / "old"))
    assert "train_accuracy" in results.curves
    (problem, *_) = results.trials["problem"][results.trials["train_accuracy"].notna()]
    made, frames = prepared("generalization:metric=accuracy", results, problem)
    numbers = made.data(frames)
    assert set(numbers["metric"]) == {"test_accuracy", "training_accuracy"}
    own = results.curves[results.curves["problem"] == problem]
    assert numbers.loc[numbers["metric"] == "training_accuracy", "median"].max() == pytest.approx(
        own["train_accuracy"].max(), abs=0.1
    )
    assert picture(made, frames).axes
