"""That the diagram is Demšar's: average ranks, Friedman's test, Nemenyi's bars."""

import numpy as np
import pytest
from scipy.stats import friedmanchisquare, studentized_range

from optframe.drawing.figures import picture as drawing
from optframe.drawing.figures import written
from optframe_reports.figures.critical_difference import CriticalDifference

INF = np.inf


def bars(picture):
    """Return the ends of the thick bars, from the top."""
    thick = [line for line in picture.axes.lines if line.get_solid_capstyle() == "round"]
    return [tuple(line.get_xdata()) for line in thick]


def stems(picture):
    """Return each optimizer's rank on the axis, and the depth of its name."""
    return {name: (points[0, 0], points[1, 1]) for name, points in picture.lines.items()}


def names(picture):
    return {text.get_text().rpartition(" ")[0].strip(): text for text in picture.axes.texts}


def test_ranks_are_averaged_over_problems_ties_and_failures_shared(race, drawn):
    costs = {"a": [1, 2, 1, 3], "b": [2, 2, INF, 2], "c": [3, 5, INF, 1], "d": [4, 9, INF, INF]}
    frames = race.table(costs).frames()
    picture = drawn(CriticalDifference(), frames)
    # ranks: a 1, 1.5, 1, 3; b 2, 1.5, 3, 2; c 3, 3, 3, 1; d 4, 4, 3, 4
    ranks = {"a": 6.5 / 4, "b": 8.5 / 4, "c": 2.5, "d": 15 / 4}
    assert {name: rank for name, (rank, _) in stems(picture).items()} == ranks
    for name, rank in ranks.items():
        assert f"{name} {rank:.2f}" in [text.get_text() for text in picture.axes.texts]
    data = CriticalDifference().data(frames).set_index("optimizer")
    assert data["rank"].to_dict() == ranks
    assert picture.axes.get_xlabel() == "average rank"
    assert "Ranked by expected work (full gradients) to the study's target" in picture.notes
    assert picture.title == "4 problems, one seed: average ranks"


def test_bars_join_what_differs_by_less_than_the_critical_difference(race, drawn):
    order = {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0, "e": 5.0}
    frames = race.table({name: [cost] * 12 for name, cost in order.items()}).frames()
    distance = studentized_range.ppf(0.95, 5, INF) / 2**0.5 * (5 * 6 / (6 * 12)) ** 0.5
    assert 1 < distance < 2
    picture = drawn(CriticalDifference(), frames)
    ends = [(round(left), round(right)) for left, right in bars(picture)]
    assert ends == [(1, 2), (2, 3), (3, 4), (4, 5)]
    data = CriticalDifference().data(frames).set_index("optimizer")
    assert data["bars"].tolist() == [(0,), (0, 1), (1, 2), (2, 3), (3,)]
    assert data["critical_difference"].to_numpy() == pytest.approx(distance)
    (line,) = [line for line in picture.axes.lines if line.get_marker() == "|"]
    assert np.diff(line.get_xdata()) == pytest.approx(distance)
    assert f"CD = {distance:.2f}" in [text.get_text() for text in picture.axes.texts]
    assert "p < 0.0001; bars join optimizers that do not differ by Nemenyi's test" in picture.notes


def test_where_friedman_does_not_reject_one_bar_joins_all_and_it_says_so(race, drawn):
    rows = [[1, 2, 3], [2, 3, 1], [3, 1, 2], [1, 3, 2], [2, 1, 3], [3, 2, 1]]
    costs = dict(zip("abc", np.array(rows, float).T.tolist(), strict=True))
    costs["a"][0], costs["b"][0] = costs["b"][0], costs["a"][0]
    costs = {name: [*row, *row] for name, row in costs.items()}
    frames = race.table(costs).frames()
    picture = drawn(CriticalDifference(), frames)
    ((left, right),) = bars(picture)
    ranks = [rank for rank, _ in stems(picture).values()]
    assert left < min(ranks)
    assert right > max(ranks)
    chi_square = friedmanchisquare(*costs.values()).statistic
    f = 11 * chi_square / (12 * 2 - chi_square)
    assert f < 3.4  # the 5 % point of F with 2 and 22 degrees of freedom is 3.44
    assert "not significant at the level 0.05, so one bar joins all." in picture.notes


def test_too_few_problems_are_said_with_how_many_would_do(race, drawn):
    order = {name: [rank + 1.0] * 2 for rank, name in enumerate("abcdef")}
    picture = drawn(CriticalDifference(), race.table(order).frames())
    # CD = 2.850 √(6 · 7 / (6 · 2)) = 5.33 > 5 with two problems, and 4.35 with three
    assert "Too few problems: the critical difference of 5.3 is larger than" in picture.notes
    assert "of ranks (5); Nemenyi's test needs at least 3 problems" in picture.notes
    assert not [line for line in picture.axes.lines if line.get_marker() == "|"]


def test_names_stand_apart_the_best_at_the_left(race, drawn):
    order = {name: [rank + 1.0] * 5 for rank, name in enumerate("abcde")}
    picture = drawn(CriticalDifference(), race.table(order).frames())
    depth = {name: depth for name, (_, depth) in stems(picture).items()}
    assert depth["a"] < depth["b"] < depth["c"]
    assert depth["e"] < depth["d"]
    found = names(picture)
    assert {found[name].get_ha() for name in "abc"} == {"right"}
    assert {found[name].get_ha() for name in "de"} == {"left"}
    low, high = picture.axes.get_xlim()
    assert (low < 1, high > 5) == (True, True)
    assert picture.axes.spines["top"].get_bounds() == (1, 5)


def test_the_final_metric_may_be_ranked_instead_an_accuracy_upwards(race, drawn):
    for problem in "pq":
        for name, loss in (("a", 0.1), ("b", 0.2), ("c", 0.3)):
            race.add(name, problem, loss=loss, test_accuracy=loss)
    race.trials[2]["status"] = "diverged"
    picture = drawn(CriticalDifference(measure="final"), race.frames())
    assert {n: rank for n, (rank, _) in stems(picture).items()} == {"a": 1, "b": 2, "c": 3}
    assert "Ranked by mean final f − f*" in picture.notes
    assert "Lost runs: 1 of 6 diverged." in picture.notes
    picture = drawn(CriticalDifference(measure="final", metric="test_accuracy"), race.frames())
    # c counts as the worst seen where it diverged, as a does, and is best where it did not
    assert {n: rank for n, (rank, _) in stems(picture).items()} == {"a": 2.75, "b": 1.5, "c": 1.75}
    assert "Ranked by mean final error (1 − test accuracy)" in picture.notes


def test_without_a_target_the_final_loss_is_ranked(race, drawn):
    for problem in "pq":
        for name, loss in (("a", 0.3), ("b", 0.2), ("c", 0.1)):
            race.add(name, problem, loss=loss, target=np.nan)
    picture = drawn(CriticalDifference(), race.frames())
    assert {n: rank for n, (rank, _) in stems(picture).items()} == {"a": 3, "b": 2, "c": 1}


def test_problems_that_not_all_have_run_on_are_left_out(race, drawn):
    race.table({"a": [1, 1, 9], "b": [2, 2], "c": [3, 3, 1]})
    race.add("b", "p2", status="skipped")
    picture = drawn(CriticalDifference(), race.frames())
    assert {n: rank for n, (rank, _) in stems(picture).items()} == {"a": 1, "b": 2, "c": 3}
    assert "Left out: 1 problem that not all optimizers have run on." in picture.notes


@pytest.mark.parametrize(
    ("costs", "reason"),
    [
        ({"a": [1, 2], "b": [2, 1]}, "Friedman's test compares three optimizers or more"),
        ({"a": [1], "b": [2], "c": [3]}, "ranks are averaged over two problems or more"),
    ],
)
def test_what_has_no_test_is_said(race, costs, reason):
    assert CriticalDifference().missing(race.table(costs).frames()).startswith(reason)


def test_the_same_frames_give_the_same_bytes(race):
    frames = race.table({"a": [1, 2], "b": [2, 3], "c": [3, 4]}).frames()
    first, second = (written(drawing(CriticalDifference(), frames), "svg") for _ in range(2))
    assert first == second
