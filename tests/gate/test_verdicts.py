"""What a comparison's rows come to."""

import itertools

import pytest

from optframe.gate import Comparison, Row, Subject, Verdict

ORDER = ["regression", "missing", "inconclusive", "improvement", "new", "pass"]


def comparison(*verdicts):
    rows = [Row(Subject("a", "adam", "wood"), str(i), Verdict(v)) for i, v in enumerate(verdicts)]
    return Comparison("counts", "base", "head", rows)


@pytest.mark.parametrize("pair", [*itertools.combinations(ORDER, 2)])
def test_the_gravest_row_is_the_verdict_of_its_trial(pair):
    made = comparison(*reversed(pair), "informative")
    (subject,) = made.subjects
    assert made.verdict_of(subject) == pair[0]
    assert dict(made.summary) == {pair[0]: 1}


@pytest.mark.parametrize(
    ("verdicts", "whole", "code"),
    [
        ((), "pass", 0),
        (("informative",), "pass", 0),
        (("pass", "new"), "pass", 0),
        (("improvement", "pass"), "improvement", 0),
        (("inconclusive", "improvement"), "inconclusive", 3),
        (("missing", "inconclusive"), "regression", 1),
        (("regression", "inconclusive"), "regression", 1),
    ],
)
def test_the_exit_code_is_that_of_the_gravest(verdicts, whole, code):
    made = comparison(*verdicts)
    assert (made.verdict, made.exit_code) == (whole, code)


def test_a_subject_is_named_as_people_do():
    assert str(Subject("a", "adam", "wood")) == "adam on wood"
    assert str(Subject("a", "adam", "mlp", "full", 3)) == "adam on mlp, full, seed 3"
