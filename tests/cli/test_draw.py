"""``optframe draw``, as it is typed."""

import pandas as pd
import pytest
from PIL import Image

from optframe import load, run

BEGINS = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("draw")
    (folder / "study.toml").write_text(
        """
[study]
name = "drawn"
seeds = 2
start = "random"
budget = { steps = 10 }
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
condition = 1e4
"""
    )
    run(folder / "study.toml", out=folder / "results")
    return folder / "results"


@pytest.fixture
def draw(optframe, store):
    """Run `optframe draw FIGURE store ...` in a folder of its own: code, output, errors."""
    return lambda figure, *words, folder=store: optframe("draw", figure, folder, *words)


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


def test_the_same_words_give_the_same_bytes(draw, tmp_path):
    for name in ("a.svg", "b.svg"):
        draw("convergence", "-p", "rosenbrock", "--out", name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_the_numbers_are_those_that_are_drawn(draw, tmp_path, store):
    code, out, err = draw("convergence", "-p", "rosenbrock", "-o", "sgd", "--out", "a.csv")
    assert (code, out, err) == (0, "numbers: a.csv\n", "")
    numbers = pd.read_csv(tmp_path / "a.csv")
    assert list(numbers) == ["name", "steps", "lower", "median", "upper"]
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
            "Loss against steps: the study has 2 problems; "
            "expected one of rosenbrock, quadratic:size=3,condition=10000",
        ),
        (["convergense"], "unknown figure 'convergense'; did you mean 'convergence'?"),
        (
            ["convergence:metrik=loss"],
            "convergence: unknown parameter 'metrik'; did you mean 'metric'?",
        ),
        (
            ["convergence", "-p", "rosenbrok"],
            "found no problem 'rosenbrok' in these results; did you mean 'rosenbrock'?",
        ),
        (
            ["convergence", "-p", "rosenbrock", "-o", "adamm"],
            "no optimizer 'adamm' in these results; did you mean 'adam'?",
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


def test_a_folder_without_results_is_said(draw, tmp_path):
    code, _, err = draw("timing", folder=tmp_path / "nowhere")
    assert code == 4
    assert "found no results" in err


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
        assert film.n_frames > 30


def test_a_figure_that_does_not_move_is_no_film(draw, tmp_path):
    code, _, err = draw("timing", "-p", "rosenbrock", "--out", "film.apng")
    assert code == 2
    assert "Time per step: it has no animation" in err
