"""That cells hold the ranks, in order, and who failed is marked."""

import numpy as np
import pytest
from matplotlib.collections import QuadMesh

from optframe_reports.figures.rank_heatmap import RankHeatmap

INF = np.inf


def cells(picture):
    """Return the coloured values, NaN where there are none, row by row."""
    mesh = [c for c in picture.axes.collections if isinstance(c, QuadMesh)][1]
    shape = len(picture.axes.get_yticks()), len(picture.axes.get_xticks())
    return np.ma.filled(mesh.get_array(), np.nan).reshape(shape)


def marked(picture):
    """Return the rows and columns of ×."""
    (line,) = [line for line in picture.axes.lines if line.get_marker() == "x"]
    return {(int(y), int(x)) for x, y in line.get_xydata()}


def labels(picture):
    rows = [label.get_text() for label in picture.axes.get_yticklabels()]
    return rows, [label.get_text() for label in picture.axes.get_xticklabels()]


def numbers(picture):
    return [text.get_text() for text in picture.axes.texts[:-1]]


COSTS = {"a": [30, INF, 20], "b": [10, INF, 10], "c": [30, 40, INF]}


def test_cells_are_ranks_the_best_optimizer_at_the_left_the_hardest_problem_below(race, drawn):
    frames = race.table(COSTS).frames()
    picture = drawn(RankHeatmap(), frames)
    # average ranks: a (2.5 + 2.5 + 2) / 3, b (1 + 2.5 + 1) / 3, c (2.5 + 1 + 3) / 3
    rows, columns = labels(picture)
    assert rows == ["p0", "p2", "p1"]
    assert columns == ["b", "c", "a"]
    coloured = [[1, 2.5, 2.5], [1, np.nan, 2], [np.nan, 1, np.nan]]
    np.testing.assert_array_equal(cells(picture), coloured)
    assert marked(picture) == {(1, 1), (2, 0), (2, 2)}
    assert numbers(picture) == ["1", "2.5", "2.5", "1", "2", "1"]
    assert "× failed: no run reached the target." in picture.notes
    assert picture.title == "3 problems, one seed: rank"
    data = RankHeatmap().data(frames)
    assert data["problem"].tolist() == ["p0"] * 3 + ["p2"] * 3 + ["p1"] * 3
    assert data["rank"].tolist() == [1, 2.5, 2.5, 1, 3, 2, 2.5, 1, 2.5]
    assert data["cost"].tolist() == pytest.approx([10, 30, 30, 10, INF, 20, INF, 40, INF])


def test_ratios_are_to_the_least_cost(race, drawn):
    picture = drawn(RankHeatmap(show="ratio"), race.table(COSTS).frames())
    expected = [[1, 3, 3], [1, np.nan, 2], [np.nan, 1, np.nan]]
    np.testing.assert_allclose(cells(picture), expected, rtol=1e-12)
    assert picture.title.endswith("cost / the least")
    wide = drawn(RankHeatmap(show="ratio"), race.table({"d": [1, 1, 1]}).frames())
    assert {"10", "30", "40"} <= set(numbers(wide))


def test_the_colours_have_a_bar_with_whole_ranks_the_best_on_top(race, drawn):
    picture = drawn(RankHeatmap(), race.table(COSTS).frames())
    (bar,) = picture.axes.child_axes
    low, high = bar.get_ylim()
    assert low > high
    assert bar.get_yticks().tolist() == [1, 2, 3]
    assert bar.get_ylabel() == "rank"


def test_a_final_loss_has_ranks_and_no_ratio(race, drawn):
    """The crashed run counts as the worst value that was seen: the start's."""
    for name, loss in (("a", 0.2), ("b", 0.1)):
        race.add(name, loss=loss, target=np.nan)
    race.add("c", status="crashed", target=np.nan)
    picture = drawn(RankHeatmap(), race.frames())
    np.testing.assert_array_equal(cells(picture), [[1, 2, 3]])
    assert "Mean final f − f*; in the order of the standings." in picture.notes
    assert "×" not in picture.notes
    assert "Lost runs: 1 of 3 crashed." in picture.notes
    reason = "a final value can be ranked, but has no ratio; expected show=rank"
    assert RankHeatmap(show="ratio").missing(race.frames()) == reason


def test_who_did_not_run_on_a_problem_is_blank_there(race, drawn):
    race.table({"a": [1, 5], "b": [2, 6]}).add("b", "p2", 3)
    picture = drawn(RankHeatmap(), race.frames())
    np.testing.assert_array_equal(cells(picture), [[1, 2], [1, 2], [np.nan, 1]])
    assert not marked(picture)
    assert "Blank: did not run, on 1 problem." in picture.notes


def test_samplers_are_no_further_problems(race, drawn):
    for sampler in ("full", "shuffled"):
        race.add("a", "p", 10, sampler=sampler).add("b", "p", 20, sampler=sampler)
    race.add("a", "q", 10).add("b", "q", 20)
    rows, _ = labels(drawn(RankHeatmap(), race.frames()))
    assert rows == ["p", "q"]


def test_numbers_drop_where_cells_are_too_small_and_names_thin_out(race, drawn, random):
    costs = {f"optimizer{i}": random.permutation(200) + 1.0 for i in range(12)}
    picture = drawn(RankHeatmap(), race.table(costs).frames())
    assert numbers(picture) == []
    rows = picture.extents(picture.axes.get_yticklabels())
    assert 40 <= len(rows) < 200
    assert not any(a.overlaps(b) for i, a in enumerate(rows) for b in rows[:i])


def test_fifty_problems_have_their_numbers_and_all_names(race, drawn, random):
    costs = {f"optimizer{i}": random.permutation(50) + 1.0 for i in range(12)}
    picture = drawn(RankHeatmap(), race.table(costs).frames())
    assert len(numbers(picture)) == 600
    rows = picture.extents(picture.axes.get_yticklabels())
    assert len(rows) == 50
    assert not any(a.overlaps(b) for i, a in enumerate(rows) for b in rows[:i])
