"""That sensitivity shows each setting's median, and the edge beyond which runs are lost."""

import json

import numpy as np

from optframe_reports.figures.sensitivity import Sensitivity


def add(study, lr, *ends, name="adam", start=8.0, others=None, trial=None, **given):
    """Add a run for each end, of one setting."""
    hyperparameters = {"lr": lr, **(others or {})}
    label = f"{name}:" + ",".join(f"{k}={v}" for k, v in hyperparameters.items())
    for end in ends:
        own = {"hyperparameters": json.dumps(hyperparameters), "best_loss": min(start, end)}
        study.add([start, end], optimizer=label, trial=own | (trial or {}), **given)
    return study


def test_a_line_joins_the_medians_in_the_order_of_the_learning_rates(study, random, drawn):
    ends = {lr: np.exp(random.standard_normal(4)) for lr in (0.1, 0.001, 0.01)}
    for lr, values in ends.items():
        add(study, lr, *values)
    frames = study.frames()
    picture = drawn(Sensitivity(), frames)
    expected = [[lr, np.median(ends[lr])] for lr in sorted(ends)]
    np.testing.assert_allclose(picture.one(), expected)
    corners = {(x, round(y, 9)) for x, y in picture.band}
    for lr, values in ends.items():
        assert {(lr, round(q, 9)) for q in np.percentile(values, [25, 75])} <= corners
    assert picture.axes.get_xscale() == "log"
    assert picture.axes.get_xlabel() == "learning rate"
    assert picture.axes.get_ylabel() == "final loss"
    assert picture.title == "rosenbrock: median and quartiles of 4 seeds"
    data = Sensitivity().data(frames)
    np.testing.assert_allclose(data[["lr", "median"]], expected)
    assert set(data["runs"]) == {4}
    # The standings choose: by the geometric mean, which need not be the least median.
    best = min(expected, key=lambda pair: np.log(ends[pair[0]]).sum())
    (ring,) = picture.marks("o")
    np.testing.assert_allclose(ring, [best])
    assert f"best {best[0]}" in picture.legend[0]


def test_where_half_of_the_runs_are_lost_the_line_ends_below_crosses(study, drawn):
    add(study, 0.001, 4.0, 4.0, 4.0)
    add(study, 0.01, 1.0, 2.0).add([8.0, 9.0], optimizer="adam:lr=0.01", status="diverged")
    study.trials[-1]["hyperparameters"] = '{"lr": 0.01}'
    add(study, 0.1, 1.0)
    add(study, 0.1, np.inf, np.nan, status="diverged")
    add(study, 1.0, np.inf, status="failed")
    frames = study.frames()
    picture = drawn(Sensitivity(), frames)
    axes = picture.axes
    line = picture.one()
    assert line[:2].tolist() == [[0.001, 4], [0.01, 2]]  # of 1, 2 and ∞
    assert np.isnan(line[2:, 1]).all()
    (crosses,) = picture.marks("x")
    assert crosses[:, 0].tolist() == [0.1, 1.0]
    high = axes.patches[0].get_y()  # where the grey rows begin
    assert (crosses[:, 1] > high).all()
    assert (crosses[:, 1] < axes.get_ylim()[1]).all()
    edges = picture.styled(":")["#0072b2"]
    assert [edge[:, 0].tolist() for edge in edges] == [[0.01, 0.1]]
    assert edges[0][0, 1] == 2
    assert all(tick <= high for tick in axes.get_yticks())
    assert picture.legend == [
        "adam (best 0.01; 4 of 10 lost)",
        "half or more of the runs lost",
        "at the start",
    ]
    assert np.isinf(Sensitivity().data(frames)["median"]).tolist() == [False, False, True, True]


def test_a_best_setting_at_the_end_of_the_grid_is_said(study, drawn):
    add(study, 0.1, 1.0)
    add(study, 1.0, 0.5)
    add(study, 0.1, 0.5, name="sgd")
    add(study, 1.0, 1.0, name="sgd")
    texts = drawn(Sensitivity(), study.frames()).legend
    assert texts[:2] == ["adam (best 1, the largest tried)", "sgd (best 0.1, the least tried)"]


def test_with_f_star_known_it_is_the_suboptimality_crashed_runs_or_not(study, drawn):
    add(study, 0.1, 3.5, 3.5, 3.5, minimum=3.0)
    add(study, 1.0, 3.25, 3.25, minimum=3.0)
    add(study, 1.0, np.nan, status="crashed")
    picture = drawn(Sensitivity(), study.frames())
    np.testing.assert_allclose(picture.one(), [[0.1, 0.5], [1.0, 0.25]])
    assert picture.axes.get_ylabel() == "final loss − f*"
    assert 5 in [line.get_ydata()[0] for line in picture.axes.lines]  # the start, 8 − 3


def test_the_best_value_on_the_way_may_be_asked_for(study, drawn):
    for lr, best in ((0.1, 0.5), (1.0, 0.25)):
        add(study, lr, 2.0, trial={"best_loss": best})
    picture = drawn(Sensitivity(of="best"), study.frames())
    np.testing.assert_allclose(picture.one(), [[0.1, 0.5], [1.0, 0.25]])
    assert picture.axes.get_ylabel() == "best loss"


def test_more_of_an_accuracy_is_better_and_lost_runs_count_downwards(study, drawn):
    for lr, values in ((0.1, (0.5, 0.6, 0.7)), (1.0, (0.8, 0.9))):
        for value in values:
            add(study, lr, 1.0, test_accuracy=[0.1, value])
    add(study, 1.0, np.nan, status="diverged", test_accuracy=[0.1, 0.99])
    picture = drawn(Sensitivity(metric="test_accuracy"), study.frames())
    np.testing.assert_allclose(picture.one(), [[0.1, 0.6], [1.0, 0.8]])  # of −∞, 0.8, 0.9
    (ring,) = picture.marks("o")
    np.testing.assert_allclose(ring, [[1.0, 0.8]])


def test_settings_that_differ_otherwise_too_are_lines_of_their_own(study, drawn):
    for momentum in (0.5, 0.9):
        for lr in (0.1, 1.0):
            add(study, lr, lr + momentum, name="momentum", others={"momentum": momentum})
    picture = drawn(Sensitivity(), study.frames())
    names = [text.partition(" ")[0] for text in picture.legend[:2]]
    assert names == ["momentum:momentum=0.5", "momentum:momentum=0.9"]
    first, second = (lines[0] for lines in picture.styled().values())
    np.testing.assert_allclose(first, [[0.1, 0.6], [1.0, 1.5]])
    np.testing.assert_allclose(second, [[0.1, 1.0], [1.0, 1.9]])


def test_another_hyperparameter_may_be_varied_on_an_axis_that_fits_it(study, drawn):
    for momentum in (0.0, 0.5, 0.9):
        add(study, 0.1, 1 - momentum, name="momentum", others={"momentum": momentum})
    picture = drawn(Sensitivity(parameter="momentum"), study.frames())
    np.testing.assert_allclose(picture.one(), [[0.0, 1.0], [0.5, 0.5], [0.9, 0.1]])
    assert picture.axes.get_xscale() == "linear"
    assert picture.axes.get_xlabel() == "momentum"


def test_a_schedule_is_left_out_and_counted(study, drawn):
    add(study, 0.1, 1.0)
    add(study, 1.0, 2.0)
    add(study, {"schedule": "linear"}, 1.0, 1.0)
    study.add([8.0, 1.0], optimizer="newton")
    picture = drawn(Sensitivity(), study.frames())
    np.testing.assert_allclose(picture.one(), [[0.1, 1.0], [1.0, 2.0]])
    assert picture.legend[-2:] == ["adam: 2 runs left out", "newton: 1 run left out"]


def test_what_explodes_does_not_flatten_the_rest(study, drawn):
    for lr, end in ((0.01, 1.0), (0.1, 0.01), (1.0, 1e9)):
        add(study, lr, end)
    axes = drawn(Sensitivity(), study.frames()).axes
    assert axes.get_ylim()[1] < 100


def test_samplers_are_told_apart(study, drawn):
    for sampler in ("full", "single"):
        for lr in (0.1, 1.0):
            add(study, lr, lr, sampler=sampler)
    picture = drawn(Sensitivity(), study.frames())
    names = [text.rpartition(" (")[0] for text in picture.legend[:2]]
    assert names == ["adam · full", "adam · single"]


def test_with_one_seed_there_is_no_band(study, drawn):
    add(study, 0.1, 1.0)
    add(study, 1.0, 2.0)
    picture = drawn(Sensitivity(), study.frames())
    assert not picture.axes.collections
    assert picture.title == "rosenbrock: one seed"


def test_all_lost_still_make_a_figure(study, drawn):
    for lr in (0.1, 1.0):
        add(study, lr, np.inf, status="diverged")
    picture = drawn(Sensitivity(), study.frames())
    assert picture.legend[0] == "adam (2 of 2 lost)"
    assert len(picture.marks("x")[0]) == 2


def test_a_parameter_of_one_value_is_said(study):
    add(study, 0.1, 1.0)
    add(study, 1.0, 1.0)
    reason = "no optimizer was run with two values of beta1"
    assert Sensitivity(parameter="beta1").missing(study.frames()) == reason


def test_of_many_lines_the_twelve_with_the_best_settings_are_shown(study, drawn):
    for i in range(15):
        for lr in (0.1, 1.0):
            add(study, lr, 1.0 + (i * 7) % 15, name=f"o{i}")
    picture = drawn(Sensitivity(), study.frames())
    shown = [text.partition(" ")[0] for text in picture.legend[:-1]]
    assert shown == [f"o{i}" for i in range(15) if (i * 7) % 15 < 12]
    assert picture.title.endswith("one seed, the best 12 of 15")


def test_twelve_optimizers_with_long_names_overlap_nowhere(study, drawn):
    for i in range(12):
        for lr in (0.1, 1.0, 10.0):
            status = "diverged" if lr > i else "finished"
            name = f"an-optimizer-with-a-very-long-name-${i}$_<b>-that-goes-on-and-on-and-on"
            add(study, lr, 1.0 + i / lr, name=name, status=status)
    picture = drawn(Sensitivity(), study.frames())
    picture.assert_apart()
