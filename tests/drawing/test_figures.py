"""That a figure can be drawn by name, on anybody's axes, as small as one likes, and twice alike."""

import io

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure as Canvas

import optframe
from optframe import Figure, Frames, UsageError
from optframe.drawing.figures import FORMATS, frames_of, prepared, written
from optframe.drawing.palette import color_of_each


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    optimizers = ["sgd:lr=0.001", "sgd:lr=0.002", "adam"]
    problems = ["rosenbrock", "quadratic:size=3", "quadratic:size=4"]
    study = optframe.Study("drawn", {"steps": 20}, optimizers, problems, seeds=2, start="random")
    return optframe.run(study, tmp_path_factory.mktemp("drawn"))


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
            "Convergence against the cost: the study has 3 problems; "
            "expected one of rosenbrock, quadratic:size=3, quadratic:size=4",
        ),
        (
            ("convergence", "quadratic"),
            "Convergence against the cost: 'quadratic' has 2 problems; "
            "expected one of quadratic:size=3, quadratic:size=4",
        ),
        (("convergense", None), "unknown figure 'convergense'; did you mean 'convergence'?"),
        (
            ("convergence:x=stepps", "rosenbrock"),
            "convergence: x: expected one of 'work', 'steps', 'gradients', 'records', 'epochs', "
            "'samples', 'evaluations', 'seconds', found 'stepps'",
        ),
        (
            ("convergence", "rosenbrok"),
            "found no problem 'rosenbrok' in these results; did you mean 'rosenbrock'?",
        ),
        (
            ("convergence:metric=regret", "rosenbrock"),
            "Regret against the cost: no run measured regret",
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
@pytest.mark.parametrize("name", ["convergence", "convergence:view=fixed-target", "timing"])
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


@pytest.mark.parametrize("width", [float("nan"), float("inf"), 0.0, -3.3])
def test_a_width_that_is_none_is_refused(results, width):
    with pytest.raises(UsageError, match=r"^width: found .*, expected a number of inches > 0$"):
        optframe.draw("convergence", results, "rosenbrock", width=width)
