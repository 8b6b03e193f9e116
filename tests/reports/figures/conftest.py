"""Optimizers that race to targets on made-up problems, and pictures that are read back."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex

from optframe.drawing.figures import picture

TARGET = 1e-6


class Race:
    """Runs that start at the loss 1 and reach the target after so many gradients, or never."""

    def __init__(self, study):
        self._study = study
        self.trials, self.frames = study.trials, study.frames

    def add(self, optimizer, problem="rosenbrock", cost=None, *, loss=0.5, path=None, **given):
        """Add a run: to the target at ``cost``, or else to this loss after 100 gradients.

        ``path`` are its checkpoints, (gradients, loss), instead.
        """
        status = given.pop("status", None) or ("finished" if cost is None else "converged")
        if path is None:
            end = (100, loss) if cost is None else (cost, TARGET / 2)
            path = [] if status in ("planned", "skipped") else [(0, 1.0), end]
        gradients, losses = np.array(path, float).reshape(-1, 2).T
        counts = {"losses": 2 * gradients, "hessians": 0 * gradients, "hvps": 0 * gradients}
        self._study.add(
            losses,
            x=gradients / 2,
            optimizer=optimizer,
            problem=problem,
            sampler=given.pop("sampler", "none"),
            status=status,
            minimum=given.pop("minimum", 0.0),
            pace=2e-3,
            trial={"size": 3.0, "target": TARGET, "target_metric": "loss", **given},
            **counts,
        )
        return self

    def table(self, costs):
        """Add a run for each cost of {optimizer: costs of the problems p0, p1, ...}."""
        for optimizer, row in costs.items():
            for problem, cost in enumerate(row):
                self.add(optimizer, f"p{problem}", None if np.isinf(cost) else cost)
        return self


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

    def styled(self, style="-"):
        """Return the points of the lines of a style, by their colour as #rrggbb."""
        found = {}
        for line in self.axes.lines:
            if line.get_linestyle() == style and len(line.get_xdata()):
                found.setdefault(to_hex(line.get_color()), []).append(line.get_xydata())
        return found

    def one(self, style="-"):
        """Return the points of the one line of a style."""
        ((line,),) = self.styled(style).values()
        return line

    def marks(self, marker):
        """Return the points of marks, for each set of them."""
        lines = [line for line in self.axes.lines if line.get_marker() == marker]
        return [line.get_xydata() for line in lines if line.get_linestyle() == "None"]

    @property
    def crosses(self):
        """Each × as (optimizer, x, y); the optimizer is that of its colour."""
        names = {to_hex(color): name for name, color in self.frames.colors.items()}
        lines = [line for line in self.axes.lines if line.get_marker() == "x"]
        return [(names[to_hex(line.get_color())], *line.get_xydata()[0]) for line in lines]

    @property
    def band(self):
        """The corners of the one band."""
        (band,) = self.axes.collections
        return band.get_paths()[0].vertices

    @property
    def legend(self):
        return [text.get_text() for text in self.axes.get_legend().get_texts()]

    @property
    def notes(self):
        """The small print, without its line breaks."""
        return " ".join(text.get_text().replace("\n", " ") for text in self.axes.texts)

    def extents(self, texts):
        """Return where texts are, in pixels."""
        renderer = FigureCanvasAgg(self.canvas).get_renderer()
        self.canvas.draw(renderer)
        return [text.get_window_extent(renderer) for text in texts if text.get_text()]

    def assert_on_page_and_apart(self, texts, slack=0):
        boxes, page = self.extents(texts), self.canvas.bbox.padded(slack)
        assert all(page.x0 <= b.x0 and b.x1 <= page.x1 for b in boxes)
        assert all(page.y0 <= b.y0 and b.y1 <= page.y1 for b in boxes)
        assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])

    def assert_apart(self):
        """The legend's texts lie on the page, beside the axes and apart, and the axes are high."""
        texts, page = self.extents(self.axes.get_legend().get_texts()), self.canvas.bbox
        self.axes.legend_.set_in_layout(False)
        axes = self.axes.get_tightbbox()
        assert all(page.x0 <= t.x0 and t.x1 <= page.x1 and page.y0 <= t.y0 for t in texts)
        assert not any(t.overlaps(axes) for t in texts)
        assert not any(a.overlaps(b) for i, a in enumerate(texts) for b in texts[:i])
        assert self.axes.get_position().height * self.canvas.get_figheight() > 2.5


class Strips(Picture):
    """A figure of rows, read back: points, bars, boxes and the columns beside them."""

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
        drawn = [tick.label1 for tick in self.axes.xaxis._update_ticks()]
        texts = [*drawn, *self.axes.get_yticklabels(), *self.axes.texts]
        texts += [self.axes.xaxis.label, self.axes._left_title]
        texts = [text for text in texts if text.get_text() and text.get_visible()]
        boxes = [*zip([text.get_text() for text in texts], self.extents(texts), strict=True)]
        page = self.canvas.bbox
        beyond = [t for t, b in boxes if b.x0 < page.x0 or b.x1 > page.x1 or b.y0 < page.y0]
        over = [(s, t) for i, (s, a) in enumerate(boxes) for t, b in boxes[:i] if a.overlaps(b)]
        return beyond, over

    def _segments(self):
        lines = [c for c in self.axes.collections if isinstance(c, LineCollection)]
        return [line.get_segments()[0] for line in lines if len(line.get_segments())]


@pytest.fixture
def race(study):
    return Race(study)


@pytest.fixture
def drawn():
    """Return how to draw: a function of the figure, the frames and perhaps a width."""
    return Picture


@pytest.fixture
def strips():
    """Return what draws a figure of rows and reads it back."""
    return Strips
