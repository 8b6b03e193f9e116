"""The page about what tuning flatters: its script measures what it says, its sentences hold."""

import importlib.util
import re
from math import pi, sqrt
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import permutation_test

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGE = (DOCS / "tuning-flattery.md").read_text(encoding="utf-8")


@pytest.fixture
def script(monkeypatch):
    spec = importlib.util.spec_from_file_location("flattery", DOCS / "tuning_flattery.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "SEARCHES", 400)
    return module


@pytest.fixture
def draw():
    return np.random.default_rng(0)


def table(title):
    """The rows of a table of the page, by their first cells."""
    part = PAGE.partition(f"### {title}")[2].partition("###")[0]
    rows = [
        [c.strip() for c in line.strip("|").split("|")] for line in part.splitlines() if "|" in line
    ]
    return rows[0], rows[2:]


def test_the_expected_maximum_of_normal_numbers(script):
    assert script.luck(1) == pytest.approx(0, abs=1e-9)
    assert script.luck(2) == pytest.approx(1 / sqrt(pi))
    assert script.luck(3) == pytest.approx(1.5 / sqrt(pi))


def test_equal_settings_flatter_by_their_expected_maximum(script, draw):
    values = draw.normal(size=(120, 200))
    for seeds, size in ((1, 1.0), (4, 0.5)):
        found = script.flattery(values, values, 20, seeds, draw)
        assert found == pytest.approx(size * script.luck(20), abs=0.2)
    assert script.flattery(values, draw.normal(size=values.shape), 20, 1, draw) == pytest.approx(
        0, abs=0.2
    )


def test_without_noise_the_best_is_found(script, draw):
    values = np.repeat(draw.random((30, 1)) + 1, 8, axis=1)
    assert script.regret(values, 30, 1, draw) == pytest.approx(0, abs=1e-12)
    assert script.regret(values, 30, 1, draw, confirm=4) == pytest.approx(0, abs=1e-12)
    assert script.regret(values, 5, 1, draw) > 0.05
    assert script.near_best(values, 30, draw) == 1
    assert script.near_best(values, 1, draw) == pytest.approx(
        (values[:, 0] <= 1.1 * values.min()).mean(), abs=0.1
    )


def test_confirming_removes_the_luck_of_one_seed(script, draw):
    values = np.linspace(0, 3, 60)[:, None] + draw.normal(size=(60, 16))
    plain, confirmed = (script.regret(values, 48, 1, draw, confirm=k) for k in (0, 4))
    assert confirmed < 0.9 * plain


def test_the_permutation_test_is_exact(script, draw):
    one, other = draw.normal(size=(2, 5))
    found = permutation_test(
        (one, other), lambda a, b: a.mean() - b.mean(), n_resamples=np.inf, alternative="two-sided"
    )
    assert script.permutation_p(one, other) == pytest.approx(found.pvalue, abs=0.009)
    assert script.permutation_p(np.arange(3.0), np.arange(3.0) + 5) == pytest.approx(0.1)
    assert script.permutation_p(np.arange(4.0), np.arange(4.0) + 5) == pytest.approx(2 / 70)


def test_settings_that_differ_are_taken_for_optimizers_that_differ(script, draw):
    noise = 0.05 * draw.normal(size=(120, 16))
    by_seeds, by_studies = script.copies(noise, noise, 20, draw, count=200)
    assert by_seeds < 0.12
    assert by_studies < 0.12
    settings = draw.normal(size=(120, 1)) + noise
    by_seeds, by_studies = script.copies(settings, settings, 20, draw, count=200)
    assert by_seeds > 0.5
    assert by_studies < 0.12


def test_only_an_edge_that_matters_is_told(script, draw):
    u = draw.random((120, 2))
    noise = 0.002 * draw.normal(size=(120, 16))
    inside = (u[:, :1] - 0.5) ** 2 + noise
    plain, ours = script.edge_warnings(inside, u, 60, draw)
    assert plain > 0.1  # of the field that does not matter
    assert ours < 0.08
    _, ours = script.edge_warnings(inside, u, 60, draw, (0.6, 1.0))
    assert ours > 0.9
    _, ours = script.edge_warnings(-u[:, :1] + noise, u, 60, draw)
    assert ours > 0.9


def test_what_the_page_says_of_its_tables():
    _, rows = table("Seeds or settings")
    assert len(rows) == 12
    losses = np.array([[*map(float, cells[1:])] for cells in rows])
    assert (losses[:, -1] < losses[:, :-1].min(axis=1)).all()
    best, worst = losses[:, :-1].argmin(axis=1), losses[:, :-1].argmax(axis=1)
    assert f"12 × 5 in {(worst == 3).sum()} of 12" in PAGE
    assert f"One seed is best in {(best == 0).sum()} rows, two are in {(best == 1).sum()}" in PAGE
    _, rows = table("Declared different")
    selves = [cells for cells in rows if "itself" in cells[0]]
    shares = [100 * float(cells[2]) for cells in selves if cells[1] == "20"]
    assert f"in {min(shares):.0f} to {max(shares):.0f} %" in PAGE.replace("\n", " ")
    shares = [100 * float(cells[3]) for cells in selves]
    assert f"in {min(shares):.0f} to {max(shares):.0f} %" in PAGE.replace("\n", " ")
    _, rows = table("Judged on the runs")
    found = {cells[0]: [*map(float, re.findall(r"[\d.]+", cells[2]))] for cells in rows}
    one, three = (found[f"validation error, {k}"] for k in ("1 seed", "3 seeds"))
    assert one[0] >= 0.5
    assert all(0.4 < b / a < 0.6 for a, b in zip(one, three, strict=True))
    assert min(found["test error of the runs that validation chose"]) > 0
    assert f"it would be {found['limit, all settings equal, 1 seed'][0]}" in PAGE
    _, rows = table("Searches that come")
    share = {cells[0]: float(cells[2]) for cells in rows}
    ratios = [share[f"adam on {p}"] / share[f"adam, 4 fields on {p}"] for p in ("mlp", "softmax")]
    assert all(1.4 < ratio < 2.1 for ratio in ratios)
    _, rows = table("Warnings of an edge")
    plain, ours, cut = ([float(cells[i]) for cells in rows] for i in (1, 2, 3))
    assert max(ours) <= 0.11
    assert sorted(cut)[1] >= 0.75
    assert max(plain) > 0.5
