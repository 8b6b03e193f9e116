"""``optframe draw``, as it is typed."""

import pandas as pd
import pytest
from PIL import Image

from optframe import Study, load, run

BEGINS = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    optimizers = ["sgd:lr=0.001", "sgd:lr=0.002", "adam"]
    problems = ["rosenbrock", "quadratic:size=3,condition=1e4"]
    study = Study("drawn", {"steps": 10}, optimizers, problems, seeds=2, start="random")
    folder = tmp_path_factory.mktemp("draw")
    run(study, folder)
    return folder


@pytest.fixture
def draw(optframe, store):
    """Run `optframe draw FIGURE store ...` in a folder of its own: code, output, errors."""
    return lambda figure, *words: optframe("draw", figure, store, *words)


def test_without_a_file_it_is_named_after_figure_and_problem(draw, tmp_path):
    code, out, err = draw("convergence:x=seconds", "-p", "quadratic")
    name = "convergence-x-seconds-quadratic-size-3-condition-10000.svg"
    assert (code, out, err) == (0, f"figure: {name}\n", "")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes().startswith(BEGINS["svg"])


@pytest.mark.parametrize("suffix", BEGINS)
def test_the_suffix_is_the_format_and_folders_are_made(draw, tmp_path, suffix):
    code, out, _ = draw("timing", "-p", "rosenbrock", "--out", f"paper/fig1.{suffix.upper()}")
    assert (code, out) == (0, f"figure: paper/fig1.{suffix.upper()}\n")
    path = tmp_path / "paper" / f"fig1.{suffix.upper()}"
    assert path.read_bytes().startswith(BEGINS[suffix])


def test_the_numbers_are_those_that_are_drawn(draw, tmp_path, store):
    code, out, err = draw("convergence", "-p", "rosenbrock", "-o", "sgd", "--out", "a.csv")
    assert (code, out, err) == (0, "numbers: a.csv\n", "")
    numbers = pd.read_csv(tmp_path / "a.csv")
    assert list(numbers) == ["name", "work", "lower", "median", "upper"]
    assert list(numbers["name"].unique()) == ["sgd:lr=0.001", "sgd:lr=0.002"]
    trials = load(store).trials
    finals = trials[trials["problem"] == "rosenbrock"].groupby("optimizer")["loss"].median()
    last = numbers.groupby("name")["median"].last()
    assert last.tolist() == pytest.approx(finals[last.index].tolist())  # f* is 0


def test_a_width_makes_the_picture_so_wide(draw, tmp_path):
    draw("convergence", "-p", "rosenbrock", "--out", "a.svg", "--width", 3.3)
    assert b'width="237.6pt"' in (tmp_path / "a.svg").read_bytes()  # of 72 to an inch


@pytest.mark.parametrize(
    ("words", "mistake"),
    [
        (
            ["convergence"],
            "Convergence against the cost: the study has 2 problems; "
            "expected one of rosenbrock, quadratic:size=3,condition=10000",
        ),
        (
            ["convergence", "--out", "a.gif"],
            "--out a.gif: found '.gif', expected one of .png, .svg, .pdf, .csv",
        ),
        (
            ["convergence", "--out", "a"],
            "--out a: found no suffix, expected one of .png, .svg, .pdf, .csv",
        ),
        (["generalization", "-p", "rosenbrock"], ": no run measured test_loss"),
        (["timing", "--width", "0"], "Invalid value for '--width': 0.0 is not in the range"),
    ],
)
def test_wrong_words_are_said_in_one_line_and_nothing_is_written(draw, tmp_path, words, mistake):
    code, out, err = draw(*words)
    assert (code, out) == (2, "")
    assert err.startswith("optframe: ")
    assert mistake in err
    assert len(err.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_is_said(draw, tmp_path):
    (tmp_path / "taken").write_text("")
    code, _, err = draw("timing", "-p", "rosenbrock", "--out", "taken/a.svg")
    assert code == 4
    assert len(err.splitlines()) == 1


def test_a_figure_that_moves_becomes_a_film(draw, tmp_path):
    code, out, err = draw("trajectory", "-p", "rosenbrock", "--out", "film.apng")
    assert (code, err) == (0, "")
    assert out == "film: film.apng\n"
    with Image.open(tmp_path / "film.apng") as film:
        assert film.n_frames == 1 + 11  # the last picture, and one for each number of steps
