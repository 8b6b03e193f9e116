"""That the profile is Dolan and Moré's, and that nobody gains by failing."""

import numpy as np
import pytest

from optframe_reports.figures.performance_profile import PerformanceProfile

INF = np.inf


def grids(race):
    """Take the settings of each optimizer's name for those of one contender."""
    for trial in race.trials:
        trial["contender"] = trial["optimizer"].partition(":")[0]
    return race


def test_the_lines_are_the_shares_of_problems_within_a_factor_of_the_best(race, drawn):
    frames = race.table({"a": [10, 20, INF], "b": [20, 10, 30]}).frames()
    picture = drawn(PerformanceProfile(), frames)
    end = picture.axes.get_xlim()[1]
    # the ratios are 1, 2, ∞ and 2, 1, 1
    assert picture.lines["a"].tolist() == [[1, 1 / 3], [2, 2 / 3], [end, 2 / 3]]
    assert picture.lines["b"].tolist() == [[1, 2 / 3], [2, 1], [end, 1]]
    assert {line.get_drawstyle() for line in picture.axes.lines} == {"steps-post"}
    assert picture.legend == ["a (2 of 3)", "b (3 of 3)"]
    assert picture.title == "3 problems, one seed: within a factor of the best"
    assert picture.axes.get_xlabel() == "work (full gradients) / the best one's"
    assert picture.axes.get_xscale() == "log"
    assert picture.axes.get_xlim()[0] == 1
    data = PerformanceProfile().data(frames)
    assert data[data["optimizer"] == "a"][["ratio", "fraction"]].to_numpy().tolist() == [
        [1, 1 / 3],
        [2, 2 / 3],
    ]


def test_seeds_count_by_their_median_and_half_that_fail_have_failed(race, drawn):
    for cost in (10, 30, 70):
        race.add("a", "p", cost)
    for cost in (60, 60, None):
        race.add("b", "p", cost)
    for cost in (1, None):
        race.add("c", "p", cost, status="diverged" if cost is None else None)
    picture = drawn(PerformanceProfile(over="median"), race.frames())
    end = picture.axes.get_xlim()[1]
    assert picture.lines["a"].tolist() == [[1, 1], [end, 1]]
    assert picture.lines["b"].tolist() == [[1, 0], [2, 1], [end, 1]]
    assert picture.lines["c"].tolist() == [[1, 0], [end, 0]]
    assert picture.legend[-1] == "c (0 of 1; 1 of 2 diverged)"
    assert picture.title.startswith("1 problem, median of 2 to 3 seeds")


def test_the_expected_running_time_charges_for_failures(race, drawn):
    for cost in (20, None):  # (20 + 100) / 1
        race.add("a", "p", cost)
    for cost in (50, 70):  # (50 + 70) / 2
        race.add("b", "p", cost)
    picture = drawn(PerformanceProfile(over="ert"), race.frames())
    assert picture.lines["a"][1].tolist() == [2, 1]
    assert "expected running time of 2 seeds" in picture.title


def test_each_seed_may_count_as_a_problem(race, drawn):
    for cost in (10, 40, 30):
        race.add("a", "p", cost)
    for cost in (30, 20, None):
        race.add("b", "p", cost)
    picture = drawn(PerformanceProfile(over="seeds"), race.frames())
    assert picture.lines["a"][:-1].tolist() == [[1, 2 / 3], [2, 1]]
    assert picture.lines["b"][:-1].tolist() == [[1, 1 / 3], [3, 2 / 3]]
    assert picture.title.startswith("3 problems × seeds:")
    assert picture.axes.get_ylabel() == "problems × seeds solved"


@pytest.mark.parametrize(
    ("by", "ratio"), [("steps", 6.0), ("evaluations", 3.0), ("seconds", 3000.0)]
)
def test_other_costs_are_named(race, drawn, by, ratio):
    race.table({"a": [10.0], "b": [30.0]})
    race.trials[1][by] = race.trials[1]["gradients"]  # twice the steps that they were
    picture = drawn(PerformanceProfile(by=by), race.frames())
    assert picture.lines["b"][1].tolist() == [pytest.approx(ratio), 1]
    assert picture.axes.get_xlabel() == f"{by} / the best one's"


def test_without_a_target_it_is_that_of_more_and_wild(race, drawn):
    race.add("a", path=[(0, 3.0), (10, 2.0), (20, 1.21), (30, 1.19)], target=np.nan, minimum=1.0)
    race.add("b", path=[(0, 3.0), (60, 1.2), (90, 1.0)], target=np.nan, minimum=1.0)
    picture = drawn(PerformanceProfile(tau=0.1), race.frames())  # down to 1 + 0.1 (3 − 1)
    assert picture.lines["b"][1].tolist() == [2, 1]
    assert "Target: all but 0.1 of the way from the start down to f*." in picture.notes
    relative = PerformanceProfile(target="relative", tau=0.1)
    assert drawn(relative, race.frames()).lines["b"].tolist() == picture.lines["b"].tolist()


def test_what_nobody_solved_and_what_not_all_have_run_is_said(race, drawn):
    race.table({"a": [10, INF, 5], "b": [20, INF]})
    race.add("b", "p2", status="planned")
    picture = drawn(PerformanceProfile(), race.frames())
    assert picture.lines["a"][0].tolist() == [1, 1 / 2]
    assert "Solved by no optimizer: 1 of 2." in picture.notes
    assert "Left out: 1 that not all optimizers have run." in picture.notes


def test_where_nobody_solved_anything_the_lines_lie_at_zero(race, drawn):
    picture = drawn(PerformanceProfile(), race.table({"a": [INF], "b": [INF]}).frames())
    assert all((line[:, 1] == 0).all() for line in picture.lines.values())
    assert "Solved by no optimizer: 1 of 1." in picture.notes


def test_it_is_said_where_the_order_depends_on_who_took_part(race, drawn):
    # without c, a wins the first two problems: 3 wins against 2 instead of 1
    costs = {"a": [2, 2, 1, 4, 4], "b": [4, 4, 4, 1, 1], "c": [1, 1, 8, 8, 8]}
    picture = drawn(PerformanceProfile(), race.table(costs).frames())
    assert "In this profile: Without c, a would be ahead of b by wins" in picture.notes
    race.trials[:] = [trial for trial in race.trials if trial["optimizer"] != "c"]
    picture = drawn(PerformanceProfile(), race.frames())
    assert "Without" not in picture.notes


def test_of_too_many_optimizers_the_best_are_drawn(race, drawn):
    costs = {f"o{i}": [float(i + 1), float(i + 1)] for i in range(14)}
    picture = drawn(PerformanceProfile(), race.table(costs).frames())
    assert picture.legend == [f"o{i} (2 of 2)" for i in range(12)]
    assert "Compared: the first 12 of 14 in the standings." in picture.notes


def test_of_too_many_settings_each_optimizer_has_its_best_on_each_problem(race, drawn):
    sgd = {f"sgd:lr={i}": [10.0 + i, 50.0 - i] for i in range(10)}
    adam = {f"adam:lr={i}": [INF, 41.0 * 2 + i] for i in range(3)}
    picture = drawn(PerformanceProfile(), grids(race.table({**sgd, **adam})).frames())
    assert picture.legend == ["sgd (2 of 2)", "adam (1 of 2)"]
    (line,) = [line for line in picture.axes.lines if line.get_xdata()[1] == 2]
    assert line.get_ydata().tolist() == [0, 1 / 2, 1 / 2]  # adam's 82 against sgd's 41
    assert "Each at its best of up to 10 settings on each problem" in picture.notes


def test_settings_that_run_on_problems_of_their_own_are_compared_by_name(race, drawn):
    for problem, lr, costs in (("p", 1, (10, 30)), ("q", 2, (60, 20))):
        for name, cost in zip(("sgd", "adam"), costs, strict=True):
            race.add(f"{name}:lr={lr}", problem, cost)
    picture = drawn(PerformanceProfile(), grids(race).frames())
    assert picture.legend == ["sgd (2 of 2)", "adam (2 of 2)"]
    assert "settings" not in picture.notes
