"""That a figure can be drawn by name, on anybody's axes, as small as one likes, and twice alike."""

import io

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas

import optframe
from optframe import Figure, Frames, UsageError
from optframe.drawing.figures import FORMATS, frames_of, picture, prepared, written
from optframe.drawing.palette import color_of_each

STUDY = """
[study]
name = "drawn"
seeds = 2
start = "random"
budget = { steps = 20 }
[[optimizer]]
name = "sgd"
lr = [0.001, 0.002]
[[optimizer]]
name = "adam"
[[problem]]
name = "rosenbrock"
[[problem]]
name = "quadratic"
size = 3
[[problem]]
name = "quadratic"
size = 4
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    (folder / "study.toml").write_text(STUDY)
    return optframe.run(folder / "study.toml", out=folder / "results")


def labels(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def tidy_frames():
    """Frames that somebody has made by hand, with no more than a figure needs."""
    step = np.arange(5)
    trials = pd.DataFrame(
        {
            "key": ["a", "b"],
            "optimizer": "mine",
            "problem": "valley",
            "sampler": "none",
            "seed": [0, 1],
            "status": "finished",
            "steps": 4.0,
            "minimum": np.nan,
            "dtype": "float64",
            "loss": [1.0, 3.0],
        }
    )
    curves = pd.DataFrame(
        {"key": np.repeat(["a", "b"], 5), "step": np.tile(step, 2), "loss": [*(5.0 - step)] * 2}
    )
    return Frames(trials, curves, color_of_each(trials["optimizer"]))


def test_a_figure_is_drawn_by_name_with_its_choices(results):
    canvas = optframe.draw("convergence:x=gradients,y_scale=linear", results, "rosenbrock")
    (axes,) = canvas.axes
    assert axes.get_xlabel() == "gradient evaluations"
    assert axes.get_yscale() == "linear"
    assert axes.get_title("left").startswith("rosenbrock: ")
    assert labels(axes) == ["sgd:lr=0.001", "sgd:lr=0.002", "adam"]


def test_on_given_axes_nothing_else_of_their_figure_is_touched(results):
    canvas = Canvas(figsize=(8, 3), layout="constrained")
    ours, theirs = canvas.subplots(1, 2)
    before = dict(matplotlib.rcParams)
    assert optframe.draw("convergence", results, "rosenbrock", ax=ours) is canvas
    optframe.draw("timing", results, "rosenbrock", ax=theirs)
    assert canvas.axes == [ours, theirs]
    assert tuple(canvas.get_size_inches()) == (8, 3)
    assert dict(matplotlib.rcParams) == before
    canvas.draw_without_rendering()
    assert ours.get_ylabel() == "loss − f*"
    assert theirs.get_xlabel().startswith("time per step")


@pytest.mark.parametrize("name", ["convergence", "distribution", "convergence:view=fixed-target"])
def test_frames_made_by_hand_are_enough(name):
    canvas = optframe.draw(name, tidy_frames(), ax=Canvas().subplots())
    assert canvas.axes[0].get_title("left").startswith("valley: ")


def test_a_figure_made_by_hand_is_drawn(results):
    class Sizes(Figure):
        across = True

        def title(self):
            return "How many trials"

        def data(self, frames):
            return frames.trials.groupby("problem", as_index=False).size()

        def draw(self, axes, frames):
            numbers = self.data(frames)
            axes.bar(numbers["problem"], numbers["size"])

    (axes,) = optframe.draw(Sizes(), results).axes
    assert [bar.get_height() for bar in axes.patches] == [6, 6, 6]
    (axes,) = optframe.draw(Sizes(), results, "quadratic", optimizers=["sgd"]).axes
    assert [bar.get_height() for bar in axes.patches] == [4, 4]


def test_optimizers_are_chosen_by_label_or_by_name_and_keep_their_colours(results):
    every = frames_of(results).colors
    for words, chosen in (
        (["adam"], ["adam"]),
        (["sgd"], ["sgd:lr=0.001", "sgd:lr=0.002"]),
        (["sgd:lr=0.002", "adam"], ["sgd:lr=0.002", "adam"]),
    ):
        (axes,) = optframe.draw("convergence", results, "rosenbrock", optimizers=words).axes
        assert labels(axes) == chosen
        assert [line.get_color() for line in axes.lines[: len(chosen)]] == [
            every[label] for label in chosen
        ]


def test_a_problem_is_chosen_by_label_or_by_a_name_that_is_clear(results):
    figure, frames = prepared("convergence", results, "rosenbrock")
    assert set(frames.curves["problem"]) == set(frames.trials["problem"]) == {"rosenbrock"}
    assert figure.missing(frames) is None
    _, frames = prepared("convergence", results, "quadratic:size=4")
    assert set(frames.trials["problem"]) == {"quadratic:size=4"}


@pytest.mark.parametrize(
    ("words", "mistake"),
    [
        (
            ("convergence", None),
            "Loss against steps: the study has 3 problems; "
            "expected one of rosenbrock, quadratic:size=3, quadratic:size=4",
        ),
        (
            ("convergence", "quadratic"),
            "Loss against steps: 'quadratic' has 2 problems; "
            "expected one of quadratic:size=3, quadratic:size=4",
        ),
        (("convergense", None), "unknown figure 'convergense'; did you mean 'convergence'?"),
        (
            ("convergence:x=stepps", "rosenbrock"),
            "convergence: x: expected one of 'steps', 'epochs', 'samples', 'gradients', 'seconds', "
            "found 'stepps'",
        ),
        (
            ("convergence:c=steps", "rosenbrock"),
            "convergence: unknown parameter 'c'; expected one of: by, metric, view, x, x_scale, "
            "y_scale",
        ),
        (
            ("convergence", "rosenbrok"),
            "no problem 'rosenbrok' in these results; did you mean 'rosenbrock'?",
        ),
        (
            ("convergence:metric=regret", "rosenbrock"),
            "Regret against steps: no run measured regret",
        ),
    ],
)
def test_wrong_words_are_said(results, words, mistake):
    with pytest.raises(UsageError) as raised:
        optframe.draw(words[0], results, words[1])
    assert str(raised.value) == mistake


def test_a_wrong_optimizer_is_said(results):
    with pytest.raises(UsageError, match="no optimizer 'adm' in these results; did you mean 'adam"):
        optframe.draw("convergence", results, "rosenbrock", optimizers=["adm"])


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", ["convergence", "timing"])
def test_the_same_results_give_the_same_bytes(results, name, format):
    first, second = (written(optframe.draw(name, results, "rosenbrock"), format) for _ in range(2))
    assert first == second
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "red"}):
        assert written(optframe.draw(name, results, "rosenbrock"), format) == first


def test_a_file_holds_neither_dates_nor_names_of_programs(results):
    canvas = optframe.draw("convergence", results, "rosenbrock")
    for format in FORMATS:
        content = written(canvas, format)
        assert b"Date" not in content
        assert f"v{matplotlib.__version__}".encode() not in content
        assert b"Creator" not in content


@pytest.mark.parametrize("width", [3.3, 12.0])
def test_a_picture_is_as_wide_as_asked_and_its_text_grows_and_shrinks_less(results, width):
    canvas = optframe.draw("convergence", results, "rosenbrock", width=width)
    wanted = optframe.draw("convergence", results, "rosenbrock").axes[0].xaxis.label.get_size()
    assert canvas.get_figwidth() == width
    size = canvas.axes[0].xaxis.label.get_size()
    assert size == pytest.approx(wanted * (width / 6.4) ** 0.5)
    image = matplotlib.image.imread(io.BytesIO(written(canvas, "png")))
    assert image.shape[1] == round(width * 200)


def test_a_narrow_picture_has_letters_that_can_be_read_and_axes_that_are_not_flat():
    frames = tidy_frames()
    names = [f"optimizer-{i}:lr=0.{i}+clip-norm:max=1,with=a-long-name" for i in range(12)]
    trials = pd.concat(
        [frames.trials.assign(key=n + frames.trials["key"], optimizer=n) for n in names]
    )
    curves = pd.concat([frames.curves.assign(key=n + frames.curves["key"]) for n in names])
    made = Frames(trials, curves, color_of_each(names))
    figure, made = prepared("convergence", made)
    canvas = picture(figure, made, 3.3)
    agg = FigureCanvasAgg(canvas)
    agg.draw()
    axes, renderer = canvas.axes[0], agg.get_renderer()
    box = axes.get_window_extent(renderer)
    assert box.height >= 0.45 * box.width
    texts = [*axes.get_legend().get_texts(), axes.xaxis.label, axes._left_title]
    assert min(text.get_size() for text in texts) > 5.5
    extents = [text.get_window_extent(renderer) for text in texts]
    assert all(canvas.bbox.x0 <= e.x0 and e.x1 <= canvas.bbox.x1 for e in extents)
    assert all(canvas.bbox.y0 <= e.y0 and e.y1 <= canvas.bbox.y1 for e in extents)
    assert not any(a.overlaps(b) for i, a in enumerate(extents) for b in extents[:i])
