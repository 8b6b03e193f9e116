"""That each format is whole, says the same as the others, and is the same for the same store."""

import shutil
import subprocess

import numpy as np
import pytest

from optframe import load_plugins
from optframe_reports.formats.latex import Latex
from optframe_reports.formats.markdown import Markdown
from optframe_reports.formats.pdf import Pdf


@pytest.fixture(scope="module")
def results(new_study, tmp_path_factory):
    study = new_study()
    for problem in ("one", "two_$x$"):
        for optimizer, loss in (("adam", 1.0), ("sgd", 2.0)):
            for seed in range(3):
                lost = optimizer == "sgd" and seed == 2
                study.add(
                    [9.0, 4.0, np.nan if lost else loss + seed],
                    optimizer=optimizer,
                    problem=problem,
                    status="diverged" if lost else "finished",
                    reason="at step 2" if lost else None,
                )
    return study.results(tmp_path_factory.mktemp("formats"))


def content(path):
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return [(file.name, file.read_bytes()) for file in files]


@pytest.fixture(scope="module")
def figures(results, tmp_path_factory):
    """The folder of figures, which takes seconds to draw."""
    return Pdf(width=3.3).write(results, tmp_path_factory.mktemp("figures"), load_plugins())


@pytest.mark.parametrize("format", [Markdown(), Latex()], ids=["md", "latex"])
def test_the_same_store_gives_the_same_bytes(results, tmp_path, format):
    first = content(format.write(results, tmp_path / "first", load_plugins()))
    assert first == content(format.write(results, tmp_path / "second", load_plugins()))
    assert all(len(data) > 0 for _, data in first)


def test_the_same_store_gives_the_same_figures(results, figures, tmp_path):
    first = content(figures)
    assert first == content(Pdf(width=3.3).write(results, tmp_path, load_plugins()))
    assert all(len(data) > 0 for _, data in first)


def test_markdown_answers_and_has_the_tables_and_what_was_lost(results, tmp_path):
    text = Markdown().write(results, tmp_path, load_plugins()).read_text(encoding="utf-8")
    assert text.startswith("# demo\n\nadam is better than sgd over these 2 problems taken together")
    # The cube roots of 1 · 2 · 3 and of 2 · 3 · 9, where the lost run counts as its start.
    assert "| **adam** | **3** | **1.817** | **1 ×** |" in text
    assert "| sgd | 3 | 3.78 | 2.08 × |" in text
    assert "## two\\_\\$x\\$" in text
    assert "| sgd | 2 | diverged | at step 2 |" in text
    assert "2 of 12 runs broke down (2 diverged)" in text.replace("\\(", "(").replace("\\)", ")")


def test_latex_has_a_table_over_all_and_one_for_each_problem(results, tmp_path):
    text = Latex().write(results, tmp_path, load_plugins()).read_text(encoding="utf-8")
    for label in ("tab:all", "tab:1", "tab:2"):
        assert rf"\label{{{label}}}" in text
    assert r"\caption{two\_\$x\$}" in text
    assert text.isascii()


def test_latex_compiles(results, tmp_path):
    if shutil.which("pdflatex") is None:
        pytest.skip("there is no pdflatex here to set the tables with")
    Latex().write(results, tmp_path, load_plugins())
    head = r"\documentclass{article}\usepackage[T1]{fontenc}\usepackage{booktabs}"
    paper = rf"{head}\begin{{document}}\input{{tables}}\end{{document}}"
    (tmp_path / "paper.tex").write_text(paper, encoding="utf-8")
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]


def test_figures_are_pdfs_of_a_columns_width_and_the_index_says_what_there_is_none_of(figures):
    convergence = (figures / "1-one-convergence.pdf").read_bytes()
    assert convergence.startswith(b"%PDF")
    assert b"/MediaBox [ 0 0 237.6 " in convergence  # 3.3 inches of 72 points
    index = (figures / "index.txt").read_text(encoding="utf-8")
    assert "rank-heatmap.pdf: " in index
    assert "1-one-trajectory.pdf: " in index
    assert not (figures / "1-one-trajectory.pdf").exists()
