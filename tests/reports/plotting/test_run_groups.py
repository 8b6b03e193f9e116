"""Which groups figures compare, how they look, and which ones are shown where there are many."""

import math

import numpy as np
import pytest

from optframe.statistics import standings
from optframe_reports.plotting.best_groups import best_of_each
from optframe_reports.plotting.palette import sequence
from optframe_reports.plotting.run_groups import groups, number_of_runs

DARK, MIDDLE, LIGHT = sequence(3)
RISING = [MIDDLE, DARK, LIGHT]
APART = ["#0072B2", "#D55E00", "#009E73"]


def names(frames, **given):
    return [group.name for group in groups(frames, **given)]


def grid(study, optimizer, *finals, **given):
    """Add a setting with one run for each final loss."""
    for index, final in enumerate(finals):
        own = {"contender": optimizer}
        study.add([1.0, final], optimizer=f"{optimizer}:lr={index}", trial=own, **given)


def test_up_to_twelve_groups_are_all_shown_in_the_order_of_the_study(study):
    grid(study, "sgd", *np.linspace(1, 2, 6))
    grid(study, "adam", *np.linspace(0, 1, 6))
    shown = groups(study.frames())
    assert [g.name for g in shown] == [
        f"{name}:lr={k}" for name in ("sgd", "adam") for k in range(6)
    ]
    assert [g.color for g in shown] == list(study.frames().colors.values())
    assert {g.settings for g in shown} == {1}
    assert number_of_runs(shown) == "one seed"


def test_of_more_each_optimizer_is_shown_by_its_best_setting(study):
    grid(study, "sgd", *[0.9, 0.3, 0.5, 0.4, 0.6, 0.7, 0.8])
    grid(study, "adam", *[0.9, 0.8, 0.7, 0.1, 0.6, 0.5])
    frames = study.frames()
    shown = groups(frames)
    assert [(g.name, g.settings) for g in shown] == [("sgd:lr=1", 7), ("adam:lr=3", 6)]
    assert [g.legend for g in shown] == [
        "sgd:lr=1 (best of 7 settings)",
        "adam:lr=3 (best of 6 settings)",
    ]
    assert len({g.color for g in shown}) == 2
    assert number_of_runs(shown) == "one seed, best settings only"


def test_the_best_mean_wins_and_a_lost_run_counts_as_the_start(study):
    """The cube roots of 0.2 and of 0.3 · 0.4 lie above and below 0.5."""
    own = {"contender": "sgd"}
    for index in range(12):
        study.add([1.0, 0.5], optimizer=f"sgd:lr={index}", trial=own)
    for final, status in ((1e-9, "diverged"), (1e-9, "diverged"), (0.2, "finished")):
        study.add([1.0, final], optimizer="sgd:lr=12", status=status, trial=own)
    for final, status in ((0.3, "finished"), (0.4, "finished"), (1e-9, "failed")):
        study.add([1.0, final], optimizer="sgd:lr=13", status=status, trial=own)
    study.add([1.0, 0.9], optimizer="adam")
    (sgd, adam) = groups(study.frames())
    assert (sgd.name, adam.name) == ("sgd:lr=13", "adam")
    assert sgd.legend == "sgd:lr=13 (best of 14 settings, 1 of 3 failed)"
    assert adam.legend == "adam"


def test_an_accuracy_is_best_where_it_is_highest(study):
    for index in range(13):
        accuracy, own = [0.0, index / 20], {"contender": "sgd"}
        name = f"sgd:lr={index}"
        study.add([1.0, index], optimizer=name, test_accuracy=accuracy, trial=own)
    study.add([1.0, 0.5], optimizer="adam", test_accuracy=[0.0, 0.1])
    frames = study.frames()
    assert names(frames) == ["sgd:lr=0", "adam"]
    assert names(frames, metric="test_accuracy") == ["sgd:lr=12", "adam"]


def test_of_one_optimizer_its_twelve_best_settings_are_shown(study):
    finals = np.random.default_rng(3).permutation(20) / 20 + 0.1
    grid(study, "sgd", *finals)
    shown = groups(study.frames())
    best = sorted(np.argsort(finals)[:12])
    assert [g.name for g in shown] == [f"sgd:lr={k}" for k in best]
    assert number_of_runs(shown) == "one seed, the best 12 of 20"


def test_of_more_than_twelve_optimizers_the_best_are_shown(study):
    for index in range(15):
        study.add([1.0, 15.0 - index], optimizer=f"o{index}")
    frames = study.frames()
    assert names(frames) == [f"o{k}" for k in range(3, 15)]
    assert names(frames, limit=2) == ["o13", "o14"]
    assert number_of_runs(groups(frames)) == "one seed, the best 12 of 15"


def test_each_sampler_has_its_own_best_setting(study):
    for sampler, best in (("full", 4), ("stream", 2)):
        for index in range(7):
            study.add(
                [9.0, 1 + abs(index - best)],
                optimizer=f"sgd:lr={index}",
                sampler=sampler,
                trial={"contender": "sgd"},
            )
    shown = groups(study.frames())
    assert [g.name for g in shown] == ["sgd:lr=2 · stream", "sgd:lr=4 · full"]
    assert [g.settings for g in shown] == [7, 7]
    assert len({g.color for g in shown}) == 2  # of one optimizer, the samplers are compared


def test_an_optimizer_keeps_the_colour_of_its_name_whichever_setting_is_best(study):
    colors = []
    for best in (1, 5):
        study.trials.clear()
        study.curves.clear()
        for name in ("sgd", "adam", "bfgs"):
            grid(study, name, *[1 + abs(k - best) for k in range(7)])
        colors.append([g.color for g in groups(study.frames())])
    assert colors[0] == colors[1]
    assert len(set(colors[0])) == 3


def test_best_of_each_takes_the_first_of_equals():
    chosen = best_of_each(["a", "a", "b", "b"], np.array([1.0, 1.0, math.inf, math.inf]), 3)
    assert [(c.index, c.settings, c.left_out) for c in chosen] == [(0, 2, 0), (2, 2, 0)]


def test_planned_and_skipped_trials_are_no_group(study):
    study.add([1.0, 0.5]).add([], optimizer="sgd", status="planned")
    study.add([], optimizer="newton", status="skipped")
    assert names(study.frames()) == ["adam"]


def test_the_colour_tells_the_optimizer_and_the_line_style_the_sampler(study):
    for optimizer in ("adam", "sgd"):
        for sampler in ("full", "stream"):
            study.add([1.0, 0.5], optimizer=optimizer, sampler=sampler)
    a, b, c, d = groups(study.frames())
    assert (a.color, c.color) == (b.color, d.color)
    assert a.color != c.color
    assert (a.line_style, b.line_style) == (c.line_style, d.line_style)
    assert a.line_style != b.line_style
    e, f, g, h = groups(study.frames(), by="sampler")
    assert (e.color, f.color) == (g.color, h.color)
    assert e.color != f.color
    assert e.line_style == f.line_style != g.line_style == h.line_style


@pytest.mark.parametrize(
    ("parameters", "colors"),
    [
        (['{"batch_size":32}', '{"batch_size":8}', '{"batch_size":128}'], RISING),
        (['{"batch_size":32,"a":1}', '{"batch_size":8,"a":2}', '{"batch_size":8,"a":1}'], APART),
        (['{"order":"a"}', '{"order":"b"}', '{"order":"c"}'], APART),
        (['{"drop":true}', '{"drop":false}', "{}"], APART),
    ],
)
def test_samplers_that_differ_in_one_number_go_from_dark_to_light(study, parameters, colors):
    for index, text in enumerate(parameters):
        own = {"sampler_name": "shuffled", "sampler_parameters": text}
        study.add([1.0, 0.5], sampler=f"shuffled:{index}", trial=own)
    assert [g.color for g in groups(study.frames())] == colors


def test_different_samplers_with_one_number_each_are_no_sequence(study):
    for name, size in (("shuffled", 8), ("stream", 32)):
        own = {"sampler_name": name, "sampler_parameters": f'{{"batch_size":{size}}}'}
        study.add([1.0, 0.5], sampler=name, trial=own)
    assert [g.color for g in groups(study.frames())] == APART[:2]


def test_an_optimizer_without_a_colour_gets_one(study):
    from optframe import Frames

    study.add([1.0, 0.5]).add([1.0, 0.5], optimizer="sgd")
    frames = study.frames()
    bare = Frames(frames.trials.drop(columns="optimizer_name"), frames.curves, {})
    assert [(g.name, g.color) for g in groups(bare)] == list(frames.colors.items())


def test_each_of_five_optimizers_has_the_best_of_fifty_settings(study):
    frames = study.add_many(5, 50, 4, 3).frames()
    shown = groups(frames)
    assert len(shown) == 5
    found = standings(frames.trials, frames.curves).groups.set_index("optimizer")
    for group in shown:
        own = found[found["contender"] == group.name.partition(":")[0]]
        assert group.name == own["performance"].idxmin()
        assert group.settings == 50
        assert len(group.trials) == 4
