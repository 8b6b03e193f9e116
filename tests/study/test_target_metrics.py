"""Targets on metrics of other records than the training ones are checked when planning."""

import pytest

import optframe
from optframe import UsageError

WITHOUT = (
    "{where}: target: {problem} does not measure '{metric}', since it has no {part} records "
    "(a data set's {part}_fraction gives some); expected one of: {others}"
)


def mistakes(problem, target, **given):
    study = optframe.Study(
        "s", {"steps": 5, "target": target}, ["sgd"], [problem], ["full"], **given
    )
    with pytest.raises(UsageError) as caught:
        study.trials(optframe.load_plugins())
    return caught.value.mistakes


@pytest.mark.parametrize("metric", ["validation_accuracy", "validation_loss"])
@pytest.mark.parametrize("transform", ["", "+scale:factor=2"])
def test_validation_metrics_need_validation_records(metric, transform):
    problem = f'softmax:data="digits:validation_fraction=0"{transform}'
    others = "accuracy, loss, test_accuracy, test_loss"
    expected = WITHOUT.format(
        where="[study] budget", problem=problem, metric=metric, part="validation", others=others
    )
    assert mistakes(problem, {metric: 0.5}) == (expected,)


def test_test_metrics_need_test_records():
    problem = 'ridge:data="diabetes:test_fraction=0"'
    others = "loss, rmse, validation_loss, validation_rmse"
    expected = WITHOUT.format(
        where="[study] budget", problem=problem, metric="test_rmse", part="test", others=others
    )
    assert mistakes(problem, {"test_rmse": 50.0}) == (expected,)


@pytest.mark.parametrize(
    ("problem", "metric", "hint"),
    [
        ("softmax:data=digits", "train_accuracy", "did you mean 'accuracy'?"),
        ("softmax:data=digits", "validation_acuracy", "did you mean 'validation_accuracy'?"),
        ("ridge", "validation_accuracy", "did you mean 'validation_rmse'?"),
    ],
)
def test_a_metric_that_other_records_would_not_give_has_a_near_name(problem, metric, hint):
    (line,) = mistakes(problem, {metric: 0.5})
    end = f"[study] budget: target: {problem} does not measure {metric!r}; "
    assert line.startswith(end)
    assert line.removeprefix(end) == hint


@pytest.mark.parametrize(
    ("problem", "others"),
    [("rosenbrock", "loss"), ("streaming-regression:records=50", "loss, test_loss")],
)
def test_problems_without_a_data_set_have_no_validation_records(problem, others):
    expected = WITHOUT.format(
        where="[study] budget",
        problem=problem,
        metric="validation_loss",
        part="validation",
        others=others,
    )
    assert mistakes(problem, {"validation_loss": 0.5}) == (expected,)


@pytest.mark.parametrize("split", ["stratified", "last"])
def test_validation_metrics_are_targets(split):
    given = {"sampler": "shuffled:batch_size=32", "seed": 1, "checkpoints": 4}
    problem = f'softmax:data="digits:split={split}"'
    found = optframe.minimize(
        problem, "adam:lr=0.01", epochs=5, target={"validation_accuracy": 0.85}, **given
    )
    every = optframe.minimize(
        problem, "adam:lr=0.01", epochs=5, **given | {"checkpoints": {"every_steps": 1}}
    )
    values = every.curve["validation_accuracy"]
    first = int(values.index[values >= 0.85][0])
    assert found.status == "converged"
    assert found.curve["step"].iloc[-1] == first > 5
    assert found.curve["validation_accuracy"].iloc[-1] == values[first]


@pytest.mark.parametrize(
    "target", [{"loss": float("nan")}, {"loss": float("inf")}, {"loss": "small"}, True, "loss"]
)
def test_a_target_is_a_finite_number(target):
    expected = (
        "[study] budget: target: expected a finite number, or a table of one metric and its value, "
        f"as {{ test_accuracy = 0.95 }}, found {target!r}"
    )
    assert mistakes("softmax:data=digits", target) == (expected,)
