"""The seven wrong things that reports said before there were standings; each by hand."""

import math

import pytest

from optframe.statistics import standings

NAN = math.nan
GOAL = {"target": 0.1, "target_metric": "loss"}


def won(*steps):
    return [("converged", 0.1, step) for step in steps]


def missed(*steps):
    return [("finished", 0.5, step) for step in steps]


def test_runs_that_stopped_at_their_target_are_not_ranked_by_what_they_ended_with(trials, joined):
    """1: 9.96e-7 against 9.99e-7 at the target 1e-6 is no difference; the cost is one."""
    slow = [("converged", 9.96e-7, 20 + seed) for seed in range(6)]
    fast = [("converged", 9.99e-7, 10 + seed) for seed in range(6)]
    goal = {"target": 1e-6, "target_metric": "loss"}
    frame = joined(trials(*slow, optimizer="a", **goal), trials(*fast, optimizer="b", **goal))
    found = standings(frame)
    assert found.contenders == ("b", "a")
    assert found.cells["performance"].tolist() == pytest.approx([12.5, 22.5])
    assert found.table["place"].tolist() == [1, 2]
    assert found.headline[0] == "b is better than a on p. It reached the target in 6 of 6 runs."


def test_three_of_five_runs_do_not_beat_five_of_five(trials, joined):
    """2: (3 · 10 + 2 · 100)/3 = 76.7 against 40, though the median of the first is 10."""
    lucky = trials(*won(10, 10, 10), *missed(100, 100), optimizer="lucky", **GOAL)
    steady = trials(*won(38, 39, 40, 41, 42), optimizer="steady", **GOAL)
    found = standings(joined(lucky, steady))
    assert found.contenders == ("steady", "lucky")
    assert found.cells["performance"].tolist() == pytest.approx([40, 230 / 3])
    assert found.cells["success"].tolist() == [1, 0.6]


def test_runs_of_different_problems_are_never_one_sample(trials, joined):
    """3: six runs on each of two problems are no twelve, and who did not run is not ranked."""
    both = [
        trials(*won(*(first + seed for seed in range(6))), optimizer=name, problem=problem, **GOAL)
        for name, problem, first in (("a", "p", 10), ("a", "q", 900), ("b", "p", 12))
    ]
    found = standings(joined(*both))
    assert found.problems.set_index("problem")["judged"].to_dict() == {"p": True, "q": False}
    (pair,) = found.pairs.to_dict("records")
    assert (pair["contender"], pair["rival"], pair["blocks"]) == ("a", "b", 6)
    # Each of the six pairs is 10 + s against 12 + s: of 64 swaps, two are as extreme.
    assert pair["p"] == pytest.approx(2 / 64)
    assert "Left out, because not all ran there: q." in found.caveats


def test_who_did_not_run_on_a_problem_is_not_second_there(trials, joined):
    frames = [
        trials(*won(*(first + s for s in range(6))), optimizer=name, problem=problem, **GOAL)
        for name, first in (("a", 10), ("b", 30))
        for problem in ("p", "q")
    ]
    other = trials(*won(11, 12, 13), optimizer="c", problem="p", **GOAL)
    found = standings(joined(*frames, other))
    assert found.contenders == ("a", "b", "c")
    assert math.isnan(found.table.set_index("contender")["place"]["c"])
    assert "b, the next," in found.headline[1]
    assert "Not ranked, for they did not run everywhere: c." in found.caveats


def test_labelled_settings_of_one_optimizer_are_compared(trials, joined):
    """4: labels that a person wrote are contenders."""
    names = ("constant", "linear decay", "cosine", "warm-up")
    frames = [
        trials(
            *(("finished", (1 + place) * (1 + 0.01 * seed), 9) for seed in range(6)),
            optimizer=name,
            optimizer_name="sgd",
        )
        for place, name in enumerate(names)
    ]
    found = standings(joined(*frames))
    assert (found.kind, found.contenders) == ("optimizers", names)
    assert found.headline[0] == "constant is best on p."


def test_six_samplers_of_one_problem_are_one_problem(trials, joined):
    """5: they are what is compared if there is one optimizer, and no problems if there are two."""
    frames = [
        trials(
            *(("finished", scale * (1 + 0.01 * seed + sampler), 9) for seed in range(3)),
            optimizer=name,
            sampler=f"s{sampler}",
        )
        for name, scale in (("a", 1.0), ("b", 2.0))
        for sampler in range(6)
    ]
    found = standings(joined(*frames))
    assert found.kind == "optimizers"
    assert found.table["problems"].tolist() == [1, 1]
    assert math.isnan(found.p_beyond)
    # Three seeds are three blocks, not eighteen: the runs are exchanged, 2/20 at least.
    (pair,) = found.pairs.to_dict("records")
    assert (pair["mode"], pair["blocks"]) == ("exchange", 3)
    assert pair["p"] >= 0.1
    alone = standings(joined(*frames[:6]))
    assert (alone.kind, alone.contenders) == ("samplers", tuple(f"s{i}" for i in range(6)))


def test_ties_are_no_victory_and_firsts_are_counted_for_each(trials, joined):
    """6: two that tie are equal; shared firsts count for both."""
    pair = [
        trials(*won(10, 10, 10), optimizer=name, problem=problem, **GOAL)
        for name in ("momentum", "adam")
        for problem in ("p", "q")
    ]
    found = standings(joined(*pair))
    assert found.claim == "equal"
    assert found.headline[0].startswith("momentum and adam are equal over these 2 problems.")
    assert found.table["first_on"].tolist() == [2, 2]
    assert found.table["place"].tolist() == [1, 1]


def test_a_deterministic_cell_is_not_told_that_another_seed_may_differ(trials, joined):
    found = standings(
        joined(
            trials(*won(10, 10, 10), optimizer="a", **GOAL),
            trials(*won(20, 20, 20), optimizer="b", **GOAL),
        )
    )
    assert found.claim == "fixed"
    said = " ".join(found.headline)
    assert "another seed would change nothing" in said
    assert "seeds" not in said
    assert "How sure" not in said


def test_an_interval_of_95_per_cent_is_one_everywhere(trials, joined):
    """7: each level that is written is that of the interval beside it, and is one for all."""
    a = trials(*won(10, 11, 13, 12, 10, 14), optimizer="a", **GOAL)
    b = trials(*won(15, 19, 18, 21, 16, 18), optimizer="b", **GOAL)
    found = standings(joined(a, b))
    (pair,) = found.pairs.to_dict("records")
    assert pair["cost_low"] < pair["cost_ratio"] < pair["cost_high"]
    assert pair["cost_ratio"] == pytest.approx(107 / 70)
    low, high = (f"{pair[end]:.3g}" for end in ("cost_low", "cost_high"))
    assert f"1.53 times (95 %: {low} to {high}) the work of a" in found.headline[1]
    panel = found.panels().set_index("contender").loc["b"]
    assert (panel["low"], panel["high"]) == (pair["cost_low"], pair["cost_high"])


def test_caveats_count_what_broke_down_or_did_not_run(trials, joined):
    a = trials(*won(10, 11), ("diverged", NAN, 3), ("timeout", 0.5, 50), optimizer="a", **GOAL)
    b = trials(*won(20, 21), ("planned", NAN, NAN), ("skipped", NAN, NAN), optimizer="b", **GOAL)
    caveats = standings(joined(a, b)).caveats
    assert "The study is not finished: 1 of 8 trials have not run." in caveats
    assert "1 of 8 trials were skipped." in caveats
    assert (
        "2 of 6 runs broke down (1 diverged, 1 timed out): each is charged the whole budget, or "
        "counts as the worst value of its problem."
    ) in caveats
