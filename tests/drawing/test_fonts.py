"""Labels with any characters: another font has them, or one line says that none has."""

import pandas as pd
import pytest

from optframe import load, run
from optframe.drawing import fonts
from optframe.drawing.figures import draw, written
from optframe.drawing.fonts import families, tell_missing
from optframe.study.study import Study


@pytest.fixture(autouse=True)
def _no_other_fonts(monkeypatch):
    """What is installed on a machine does not matter."""
    monkeypatch.setattr(fonts, "OTHERS", ("STIXGeneral", "No Such Font"))


def test_matplotlibs_own_font_is_enough_for_most_labels(capsys):
    texts = ["adam:lr=0.1", "Größe θ₀ ‖∇f‖ ≤ 1e-3", "Ньютон"]
    assert families(texts) == ["DejaVu Sans"]
    tell_missing(texts)
    assert capsys.readouterr().err == ""


def test_another_font_is_used_for_what_the_own_lacks(capsys):
    assert families(["adam", "\u20dd"]) == ["DejaVu Sans", "STIXGeneral"]
    tell_missing(["\u20dd"])
    assert capsys.readouterr().err == ""


def test_characters_that_no_font_has_are_told_in_one_line(capsys):
    tell_missing(["数学", "学 a", "b"])
    assert capsys.readouterr().err == (
        "optframe: figures show boxes in place of 学 数, which no installed font has; install one "
        "that has them, such as STIXGeneral\n"
    )
    tell_missing([chr(0x4E00 + i) for i in range(30)])
    (line,) = capsys.readouterr().err.splitlines()
    assert "一 丁 丂 七 丄 丅 丆 万 丈 三 and 20 more, which" in line


def test_a_figure_of_such_labels_is_drawn_with_one_line(tmp_path, capsys):
    optimizers = [{"name": "sgd", "label": "数学"}, "adam"]
    results = run(Study("study", {"steps": 3}, optimizers, ["sphere"]), tmp_path)
    written(draw("convergence", results, width=3.3), "png")
    assert capsys.readouterr().err.count("\n") == 1
    assert pd.Series(load(tmp_path).trials["optimizer"]).tolist() == ["数学", "adam"]
