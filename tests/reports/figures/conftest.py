"""Optimizers that race to targets on made-up problems, and pictures that are read back."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from optframe import Frames
from optframe.drawing.figures import picture
from optframe.drawing.palette import color_of_each

TARGET = 1e-6


class Race:
    """Runs that start at the loss 1 and reach the target after so many gradients, or never."""

    def __init__(self):
        self.trials, self.curves = [], []

    def add(
        self,
        optimizer,
        problem="rosenbrock",
        cost=None,
        *,
        loss=0.5,
        path=None,
        status=None,
        sampler="none",
        **trial,
    ):
        """Add a run: to the target at ``cost``, or else to this loss after 100 gradients.

        ``path`` are its checkpoints, (gradients, loss), instead.
        """
        if path is None:
            end = (100, loss) if cost is None else (cost, TARGET / 2)
            path = [] if status in ("planned", "skipped") else [(0, 1.0), end]
        key = f"key{len(self.trials)}"
        seed = sum(
            (t["optimizer"], t["problem"], t["sampler"]) == (optimizer, problem, sampler)
            for t in self.trials
        )
        gradients, losses = np.array(path, float).reshape(-1, 2).T
        spent = gradients[-1] if len(path) else np.nan
        reached = "finished" if cost is None else "converged"
        self.trials.append(
            {
                "key": key,
                "optimizer": optimizer,
                "optimizer_name": optimizer.partition(":")[0],
                "hyperparameters": "{}",
                "problem": problem,
                "sampler": sampler,
                "seed": seed,
                "status": status or reached,
                "gradients": spent,
                "steps": spent / 2,
                "losses": 2 * spent,
                "hessians": 0.0 * spent,
                "hvps": 0.0 * spent,
                "seconds": 1e-3 * spent,
                "together": 1,
                "size": 3.0,
                "minimum": 0.0,
                "target": TARGET,
                "target_metric": "loss",
                "loss": losses[-1] if len(path) else np.nan,
                **trial,
            }
        )
        self.curves.append(
            pd.DataFrame(
                {
                    "key": key,
                    "optimizer": optimizer,
                    "problem": problem,
                    "sampler": sampler,
                    "seed": seed,
                    "step": gradients / 2,
                    "gradients": gradients,
                    "losses": 2 * gradients,
                    "hessians": 0.0,
                    "hvps": 0.0,
                    "seconds": 1e-3 * gradients,
                    "loss": losses,
                }
            )
        )
        return self

    def table(self, costs):
        """Add a run for each cost of {optimizer: costs of the problems p0, p1, ...}."""
        for optimizer, row in costs.items():
            for problem, cost in enumerate(row):
                self.add(optimizer, f"p{problem}", None if np.isinf(cost) else cost)
        return self

    def frames(self):
        trials, curves = pd.DataFrame(self.trials), pd.concat(self.curves, ignore_index=True)
        return Frames(trials, curves, color_of_each(trials["optimizer"]))


class Picture:
    """A figure that is drawn, and what stands in it."""

    def __init__(self, figure, frames, width=None):
        assert figure.missing(frames) is None
        self.frames = frames
        self.canvas = picture(figure, frames, width)
        self.canvas.draw_without_rendering()
        self.axes = self.canvas.axes[0]
        self.title = self.axes.get_title("left")

    @property
    def lines(self):
        """The points of the first line of each optimizer, by its colour."""
        found = {}
        for name, color in self.frames.colors.items():
            lines = [line for line in self.axes.lines if line.get_color() == color]
            lines = [line for line in lines if line.get_linestyle() != "None"]
            if lines:
                found[name] = lines[0].get_xydata()
        return found

    @property
    def crosses(self):
        """The places of ×, by the optimizer's colour."""
        return {
            name: tuple(line.get_xydata()[0])
            for line in self.axes.lines
            for name, color in self.frames.colors.items()
            if line.get_marker() == "x" and line.get_color() == color
        }

    @property
    def legend(self):
        return [text.get_text() for text in self.axes.get_legend().get_texts()]

    @property
    def notes(self):
        """The small print, without its line breaks."""
        return " ".join(text.get_text().replace("\n", " ") for text in self.axes.texts)

    def boxes(self, texts):
        """Return where texts are, in pixels."""
        renderer = FigureCanvasAgg(self.canvas).get_renderer()
        self.canvas.draw(renderer)
        return [text.get_window_extent(renderer) for text in texts if text.get_text()]


@pytest.fixture
def race():
    return Race()


@pytest.fixture
def drawn():
    """Return how to draw: a function of the figure, the frames and perhaps a width."""
    return Picture
