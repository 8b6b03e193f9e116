"""That the curve is the share of (problem, target, seed) that is reached, as in COCO."""

import numpy as np
import pytest

from optframe_reports.figures.ecdf import Ecdf


def decades(greatest, least):
    """Return exponents of the targets, five to a decade, easy ones first."""
    return np.arange(round(5 * greatest), round(5 * least) - 1, -1) / 5


def share_at(line, cost):
    """Return the height of a line of steps."""
    return line[np.searchsorted(line[:-1, 0], cost, side="right") - 1, 1]


def test_each_target_of_each_problem_counts_when_it_is_reached(race, drawn):
    # of the 40 targets 10^-0.2, ..., 10^-8, the run has reached those down to its loss
    race.add("a", "p", path=[(0, 1.0), (6, 1.1e-2), (30, 0.9e-6)])
    race.add("a", "q", path=[(0, 10.0), (15, 1.0)], size=5.0)
    race.add("b", "p", path=[(0, 1.0), (3, 0.0)])
    race.add("b", "q", path=[(0, 10.0), (5, 0.0)], size=5.0)
    frames = race.frames()
    picture = drawn(Ecdf(), frames)
    line = picture.lines["a"]
    # 9 targets at 6/3 gradients per parameter, 5 of the other problem at 15/5, then 20 more at 30/3
    expected = [[0, 0], [2, 9 / 80], [3, 14 / 80], [10, 35 / 80]]
    np.testing.assert_allclose(line[:-1], expected, rtol=1e-12)
    assert picture.lines["b"][1].tolist() == pytest.approx([1, 1])
    assert picture.axes.get_xlabel() == "work (full gradients) / P"
    assert picture.legend == ["a (44 %)", "b (100 %)"]
    assert picture.title == "2 problems × 40 targets, one seed"
    assert "Targets: 40 for each problem, 0.63 to 1e-8 of the way" in picture.notes
    data = Ecdf().data(frames)
    data = data[data["optimizer"] == "a"][["cost", "fraction"]].to_numpy()
    np.testing.assert_array_equal(data, line[:-1])


def test_any_runs_give_the_share_that_counting_gives(race, drawn, random):
    runs = {}
    for name in "ab":
        for problem in "pq":
            for _ in range(3):
                gradients = np.cumsum(random.integers(1, 30, 12))
                losses = 10.0 ** -np.cumsum(random.random(12))
                path = [(0, 1.0), *zip(gradients, losses, strict=True)]
                race.add(name, problem, path=path)
                runs.setdefault(name, []).append(path)
    picture = drawn(Ecdf(per_parameter=False), race.frames())
    exponents = decades(-0.2, -8)
    for name, paths in runs.items():
        reached = [
            next((cost for cost, loss in path if loss <= 10.0**exponent), np.inf)
            for path in paths
            for exponent in exponents
        ]
        for cost in np.arange(400) + 0.5:
            share = np.mean(np.array(reached) <= cost)
            assert share_at(picture.lines[name], cost) == pytest.approx(share, abs=1e-9)


def test_absolute_targets_are_those_of_coco(race, drawn):
    race.add("a", path=[(0, 31.0), (10, 2.0), (20, 1.0)], minimum=1.0)
    race.add("b", path=[(0, 31.0), (10, 30.0)], minimum=1.0)
    picture = drawn(Ecdf(targets="absolute", per_parameter=False), race.frames())
    # 10², 10^1.8 and 10^1.6 are reached at the start; down to 1 there are 11
    assert picture.lines["a"][:-1].tolist() == [
        [0, pytest.approx(3 / 51)],
        [10, pytest.approx(11 / 51)],
        [20, pytest.approx(1)],
    ]
    assert picture.axes.get_xlabel() == "work (full gradients)"
    assert picture.title.startswith("1 problem × 51 targets")
    assert "Targets: 51 for each problem, a loss 100 to 1e-8 above f*." in picture.notes


def test_the_cross_is_where_half_of_the_runs_had_ended(race, drawn):
    for end in (10, 40, 60):
        race.add("a", path=[(0, 1.0), (5, 0.5), (end, 1e-2 * 1.1)])
    race.add("b", path=[(0, 1.0), (30, 0.0)])
    picture = drawn(Ecdf(per_parameter=False), race.frames())
    (name, cost, share), _ = picture.crosses
    assert (name, cost) == ("a", 40)
    # all have one of the targets at 5, and the first two the next eight by then
    assert share == pytest.approx((3 * 1 + 2 * 8) / (3 * 40))
    assert "× is where half of an optimizer's runs had ended." in picture.notes


def test_what_was_reached_before_a_run_was_lost_counts(race, drawn):
    race.add("a", path=[(0, 1.0), (10, 0.1), (20, 1e-9)], status="diverged")
    race.add("b", path=[(0, 1.0), (10, 0.1), (20, 1e-9)])
    picture = drawn(Ecdf(), race.frames())
    assert picture.lines["a"][-1, 1] == pytest.approx(5 / 40)
    assert picture.legend == ["a (12 %; 1 of 1 diverged)", "b (100 %)"]


def test_without_f_star_the_last_bit_is_no_target(race, drawn):
    # 15 of the targets lie above a thousandth of the way to the best loss that was found
    race.add("a", path=[(0, 1.0), (10, 0.0)], minimum=np.nan)
    race.add("b", path=[(0, 1.0), (10, 1e-3)], minimum=np.nan)
    picture = drawn(Ecdf(), race.frames())
    assert picture.legend == ["a (100 %)", "b (100 %)"]
    assert "up to 40 for each, 0.63 to 1e-8 of the way from the start to the best" in picture.notes


def test_many_steps_are_thinned_to_points_that_are_exact(race, drawn, random):
    runs = {"a": [], "b": []}
    for name, costs in runs.items():
        for _ in range(300):
            costs.append(float(10 ** random.uniform(0, 6)))
            race.add(name, path=[(0, 1.0), (costs[-1], 0.0)])
    figure = Ecdf(per_parameter=False)
    data = figure.data(race.frames())
    assert len(data) <= 2 * 402
    for name, costs in runs.items():
        for _, row in data[data["optimizer"] == name].iterrows():
            share = np.mean(np.array(costs) <= row["cost"])
            assert row["fraction"] == pytest.approx(share, abs=1e-9)
