"""Results without a run: frames of the shape that a store gives, and a registry of our plugin."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pluggy
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection

import optframe_reports
from optframe import Registry
from optframe.components import hookspecs
from optframe.drawing.figures import picture


class Study:
    """A study made of curves: `add` a run at a time, then `frames` or `results`."""

    def __init__(self):
        self.trials, self.curves = [], []

    def add(
        self,
        loss,
        *,
        x=None,
        optimizer="adam",
        problem="rosenbrock",
        sampler="none",
        status="finished",
        reason=None,
        minimum=np.nan,
        pace=1e-5,
        dtype="float64",
        trial=None,
        **columns,
    ):
        """Add a run; ``columns`` are further ones of its curve, ``trial`` those of its row."""
        same = [
            t
            for t in self.trials
            if (t["optimizer"], t["problem"], t["sampler"]) == (optimizer, problem, sampler)
        ]
        loss = np.asarray(loss, float)
        step = np.arange(len(loss)) if x is None else np.asarray(x)
        identity = {
            "key": f"key{len(self.trials)}",
            "optimizer": optimizer,
            "problem": problem,
            "sampler": sampler,
            "seed": len(same),
            "hyperparameters": "{}",
        }
        last = float(step[-1]) if len(step) else np.nan
        metrics = {"loss": loss[-1] if len(loss) else np.nan, "test_accuracy": np.nan} | {
            name: values[-1] for name, values in columns.items()
        }
        self.trials.append(
            {
                **identity,
                "optimizer_name": optimizer.partition(":")[0],
                "cell": f"cell{len(self.trials)}",
                "backend": "numpy",
                "dtype": dtype,
                "threads": 1,
                "status": status,
                "reason": reason,
                "steps": last,
                "epochs": np.nan,
                "samples": 0.0,
                "gradients": 2 * last,
                "seconds": pace * last,
                "minimum": minimum,
                "together": 1,
                "target": np.nan,
                "target_metric": None,
                "started": f"2026-01-02T03:0{len(same) % 10}:05.678+00:00",
                **metrics,
                **(trial or {}),
            }
        )
        self.curves.append(
            pd.DataFrame(
                {
                    **identity,
                    "step": step,
                    "epoch": np.nan,
                    "samples": 0.0,
                    "gradients": 2.0 * step,
                    "seconds": pace * step,
                    "loss": loss,
                    **columns,
                }
            )
        )
        return self

    def frames(self):
        from optframe import Frames
        from optframe.drawing.palette import color_of_each

        trials = pd.DataFrame(self.trials)
        curves = pd.concat(self.curves, ignore_index=True)
        return Frames(trials, curves, color_of_each(trials["optimizer"]))

    def results(self, tmp_path):
        """As from a store: what no test cares about is there, too."""
        trials = pd.DataFrame(self.trials)
        curves = pd.concat(self.curves, ignore_index=True) if self.curves else pd.DataFrame()
        curves = curves.drop(columns="hyperparameters", errors="ignore")
        others = dict.fromkeys(("losses", "hessians", "hvps", "step_bytes"), np.nan)
        others |= {"compile_seconds": 0.0, "state_bytes": 0.0, "size": 2.0, "derived_seed": 1}
        others |= {"seconds_sampling": np.nan, "seconds_oracle": np.nan, "test_loss": np.nan}
        others |= {"best_loss": np.nan, "study_seed": 0, "sampler_parameters": "{}"}
        if len(trials):
            words = {name: trials[name] for name in ("problem", "sampler")}
            others |= {f"{name}_name": text.str.partition(":")[0] for name, text in words.items()}
            others |= {"problem_parameters": "{}", "position": range(len(trials))}
            trials = trials.assign(**{k: v for k, v in others.items() if k not in trials})
        return SimpleNamespace(
            trials=trials,
            curves=curves,
            landscapes={},
            study={"name": "demo", "seed": 7, "seeds": 5, "budget": "steps 100"},
            environments=[
                {"python": "3.12", "git": None, "versions": {"numpy": "2.4", "cupy": None}}
            ],
            path=tmp_path / "results.sqlite",
        )


@pytest.fixture(scope="session")
def new_study():
    return Study


@pytest.fixture
def study():
    return Study()


class Strips:
    """A figure of rows, drawn and read back: points, bars, boxes and the columns beside them."""

    def __init__(self, figure, frames, width=None):
        assert figure.missing(frames) is None
        self.canvas = picture(figure, frames, width)
        self.canvas.draw_without_rendering()
        self.axes = self.canvas.axes[0]

    @property
    def rows(self):
        """The names of the rows, from the top."""
        return [label.get_text() for label in self.axes.get_yticklabels()]

    @property
    def points(self):
        """The points of each row."""
        found = {row: [] for row in range(len(self.rows))}
        for collection in self.axes.collections:
            if not isinstance(collection, LineCollection):
                for x, y in np.asarray(collection.get_offsets()):
                    found[round(y)].append(x)
        return [sorted(values) for values in found.values()]

    @property
    def medians(self):
        """The places of the upright bars, by the row."""
        return {round(s[:, 1].mean()): s[0, 0] for s in self._segments() if s[0, 0] == s[1, 0]}

    @property
    def ranges(self):
        """The ends of the lines that lie along a row, by the row."""
        return {round(s[0, 1]): tuple(s[:, 0]) for s in self._segments() if s[0, 1] == s[1, 1]}

    @property
    def boxes(self):
        """The ends of the boxes, by the row."""
        return {
            round(box.get_y() + box.get_height() / 2): (box.get_x(), box.get_x() + box.get_width())
            for box in self.axes.patches
        }

    @property
    def columns(self):
        """The texts beside the axes: the headings, and those of each row."""
        texts = [text for text in self.axes.texts if text.get_text()]
        found = {}
        for text in texts:
            if text.get_va() == "center":
                found.setdefault(text.xy[1], []).append(text.get_text())
        return [text.get_text() for text in texts if text.get_va() == "top"], found

    @property
    def overlaps(self):
        """The texts that lie beyond the picture's edge, and those that lie on each other."""
        agg = FigureCanvasAgg(self.canvas)
        agg.draw()
        drawn = [tick.label1 for tick in self.axes.xaxis._update_ticks()]
        texts = [*drawn, *self.axes.get_yticklabels(), *self.axes.texts]
        texts += [self.axes.xaxis.label, self.axes._left_title]
        boxes = [
            (text.get_text(), text.get_window_extent(agg.get_renderer()))
            for text in texts
            if text.get_text() and text.get_visible()
        ]
        page = self.canvas.bbox
        beyond = [t for t, b in boxes if b.x0 < page.x0 or b.x1 > page.x1 or b.y0 < page.y0]
        over = [(s, t) for i, (s, a) in enumerate(boxes) for t, b in boxes[:i] if a.overlaps(b)]
        return beyond, over

    def _segments(self):
        lines = [c for c in self.axes.collections if isinstance(c, LineCollection)]
        return [line.get_segments()[0] for line in lines if len(line.get_segments())]


@pytest.fixture
def strips():
    """Return what draws a figure of rows and reads it back."""
    return Strips


@pytest.fixture
def draw():
    """Return what draws a figure, and lays it out with every label."""

    def drawn(figure, frames):
        assert figure.missing(frames) is None
        canvas = picture(figure, frames)
        canvas.draw_without_rendering()
        return canvas

    return drawn


@pytest.fixture
def legend():
    """Return what reads the legend of a picture's first axes."""
    return lambda canvas: [text.get_text() for text in canvas.axes[0].get_legend().get_texts()]


@pytest.fixture
def assert_apart():
    """The legend's texts lie on the page, beside the axes and apart, and the axes are high."""

    def check(canvas):
        agg = FigureCanvasAgg(canvas)
        agg.draw()
        renderer, page = agg.get_renderer(), canvas.bbox
        texts = [t.get_window_extent(renderer) for t in canvas.axes[0].get_legend().get_texts()]
        canvas.axes[0].legend_.set_in_layout(False)
        axes = canvas.axes[0].get_tightbbox(renderer)
        assert all(page.x0 <= t.x0 and t.x1 <= page.x1 and page.y0 <= t.y0 for t in texts)
        assert not any(t.overlaps(axes) for t in texts)
        assert not any(a.overlaps(b) for i, a in enumerate(texts) for b in texts[:i])
        assert canvas.axes[0].get_position().height * canvas.get_figheight() > 2.5

    return check


@pytest.fixture
def many():
    """Return a maker of frames of many runs, at once: a quadratic's, each with its own noise."""
    return many_frames


def many_frames(settings, seeds, checkpoints, samplers=("none",), optimizers=None, seconds=1e-5):
    """Make optimizers × settings × samplers × seeds runs of so many rows; a tenth diverged.

    Without ``optimizers`` each setting is an optimizer of its own.
    """
    from optframe import Frames
    from optframe.drawing.palette import color_of_each

    random = np.random.default_rng(0)
    names = [f"optimizer{i}" for i in range(optimizers or settings)]
    each = settings if optimizers else 1
    rows = [
        (f"{name}:lr={0.001 * (k + 1):g}", name, sampler, seed, k)
        for name in names
        for k in range(each)
        for sampler in samplers
        for seed in range(seeds)
    ]
    labels, owners, drawn_by, seed, setting = zip(*rows, strict=True)
    count, rate = len(rows), 0.2 / (1 + np.array(setting)) * (1 + random.random(len(rows)))
    step = 10.0 * np.arange(checkpoints)
    loss = np.exp(-rate[:, None] * np.sqrt(step)) * random.lognormal(0, 0.1, (count, step.size))
    pace = seconds * random.lognormal(0, 0.1, count)
    status = np.where(loss[:, -1] <= 0.01, "converged", "finished")
    status = np.where(np.arange(count) % 10 == 9, "diverged", status)
    trials = pd.DataFrame(
        {
            "key": [f"{i:032x}" for i in range(count)],
            "optimizer": labels,
            "optimizer_name": owners,
            "hyperparameters": [f'{{"lr":{0.001 * (k + 1):g}}}' for k in setting],
            "problem": "quadratic:size=20,condition=1000",
            "problem_name": "quadratic",
            "size": 20.0,
            "sampler": drawn_by,
            "sampler_name": [text.partition(":")[0] for text in drawn_by],
            "sampler_parameters": "{}",
            "seed": seed,
            "dtype": "float64",
            "backend": "numpy",
            "threads": 1,
            "status": status,
            "reason": None,
            "steps": step[-1],
            "epochs": step[-1] / 100,
            "samples": 32 * step[-1],
            "losses": step[-1],
            "gradients": 2 * step[-1],
            "hessians": 0.0,
            "hvps": 0.0,
            "seconds": pace * step[-1],
            "minimum": np.nan,
            "together": 1,
            "target": 0.01,
            "target_metric": "loss",
            "started": "2026-01-02T03:04:05.678+00:00",
            "loss": loss[:, -1],
            "best_loss": loss.min(axis=1),
            "test_loss": 1.1 * loss[:, -1],
            "best_test_loss": 1.1 * loss.min(axis=1),
            "test_accuracy": 1 / (1 + loss[:, -1]),
        }
    )
    identity = trials.iloc[np.repeat(np.arange(count), step.size)]
    curves = identity[["key", "optimizer", "problem", "sampler", "seed"]].reset_index(drop=True)
    time = (pace[:, None] * step).ravel()
    steps = np.tile(step, count)
    curves = curves.assign(
        step=steps.astype(int),
        epoch=steps / 100,
        samples=32 * steps,
        losses=steps,
        gradients=2 * steps,
        hessians=0.0,
        hvps=0.0,
        seconds=time,
        seconds_sampling=0.2 * time,
        seconds_oracle=0.5 * time,
        loss=loss.ravel(),
        test_loss=1.1 * loss.ravel(),
        test_accuracy=1 / (1 + loss.ravel()),
    )
    return Frames(trials, curves, color_of_each(trials["optimizer"]))


@pytest.fixture
def registry():
    """Return a registry that holds our plugin alone."""
    manager = pluggy.PluginManager("optframe")
    manager.add_hookspecs(hookspecs)
    made = Registry(manager)
    made.admit(optframe_reports, "optframe_reports", "tests", "0")
    assert not made.broken
    return made
