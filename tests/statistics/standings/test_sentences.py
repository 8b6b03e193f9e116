"""Every sentence of standings is true, on generated studies and for every mixture of statuses."""

from itertools import product

import pytest

from optframe.statistics import standings

from .judge import judge
from .sentences import false_sentences
from .studies import BROKEN, Problem, Study, add, random_study
from .tuned_studies import random_tuned_study

STUDIES, TUNED, CHUNK = 120, 160, 20
ENDS = (
    "planned",
    "skipped",
    *BROKEN,
    "empty",
    "stopped",
    "finished",
    "converged",
    "gradient norm",
    "at start",
    "near",
    "mixed",
)
"""How all runs of a cell end: a status; ``empty`` failed without a curve; ``mixed`` is all."""


def _false(study):
    return false_sentences(study, study.judged(standings), study.verdict(judge))


@pytest.mark.parametrize("begin", range(0, STUDIES, CHUNK))
def test_every_sentence_is_true(begin):
    wrong = [
        f"random_study({number}): {text}"
        for number in range(begin, begin + CHUNK)
        for text in _false(random_study(number))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("begin", range(0, TUNED, CHUNK))
def test_every_sentence_of_a_tuned_study_is_true(begin):
    wrong = [
        f"random_tuned_study({number}): {text}"
        for number in range(begin, begin + CHUNK)
        for text in _false(random_tuned_study(number))
    ]
    assert not wrong, "\n".join(wrong)


def _end(study, problem, label, seed, end):
    """Add a run that ends as one of `ENDS`."""
    least = 0.0 if problem.minimum != problem.minimum else problem.minimum
    more = seed * 1e-4 + (1e-5 if label == "adam" else 0.0)
    steps = 10 + seed + (5 if label == "adam" else 0)
    if end in ("planned", "skipped"):
        add(study, problem, label, seed, end, 0)
    elif end in ("empty", "crashed"):
        status = "failed" if end == "empty" else end
        add(study, problem, label, seed, status, 0, measured=False)
    elif end in BROKEN:
        add(study, problem, label, seed, end, 3 + seed, loss=float("nan"))
    elif end == "at start":
        add(study, problem, label, seed, "converged", 0, reached=problem.target_metric is not None)
    elif end == "gradient norm":
        add(study, problem, label, seed, "converged", steps, loss=least + 0.7 + more, reached=False)
    elif end == "converged":
        won = problem.target_metric is not None
        add(study, problem, label, seed, end, steps, loss=least + 1e-3 - more, reached=won)
    elif end == "near":
        add(study, problem, label, seed, "finished", 100, loss=least + 2e-3 + more)
    else:
        add(
            study,
            problem,
            label,
            seed,
            end,
            steps if end == "stopped" else 100,
            loss=least + 0.8 + more,
        )


def _ended(ends, seeds, problems, contenders=("adam", "momentum", "bfgs")):
    """Return a study whose cells end in this order, problem by problem."""
    study = Study()
    cells = iter(ends)
    mixed = [end for end in ENDS if end != "mixed"]
    for problem in problems:
        for label in contenders:
            end = next(cells)
            for seed in range(seeds):
                own = mixed[seed % len(mixed)] if end == "mixed" else end
                _end(study, problem, label, seed, own)
    return study


AIMED = Problem("rosenbrock", 0.0, 10.0, 1e-3, "gap")
PLAIN = Problem("digits")
OTHER = Problem("beale", 0.0, 10.0, 1e-3, "gap")


@pytest.mark.parametrize(("problem", "seeds"), [(AIMED, 3), (PLAIN, 2)])
@pytest.mark.parametrize("first", ENDS)
def test_two_contenders_may_end_in_every_way(first, problem, seeds):
    wrong = [
        f"{first}, {second}: {text}"
        for second in ENDS[ENDS.index(first) :]
        for text in _false(_ended((first, second), seeds, [problem], ("adam", "momentum")))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("first", ENDS)
def test_two_problems_may_end_in_every_way(first):
    """Two ends over the four cells of two contenders and two problems, in each arrangement."""
    wrong = []
    for second in ENDS[ENDS.index(first) + 1 :]:
        for pattern in ([0, 1, 1, 0], [0, 1, 1, 1]):
            ends = [(first, second)[i] for i in pattern]
            study = _ended(ends, 2, [AIMED, OTHER], ("adam", "momentum"))
            wrong += [f"{ends}: {text}" for text in _false(study)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("ends", list(product(("planned", "failed", "converged"), repeat=3)))
def test_three_contenders_may_run_or_not(ends):
    for other in (("skipped", "finished", "finished"), ("skipped", "skipped", "finished")):
        study = _ended((*ends, *other), 2, [AIMED, PLAIN])
        wrong = [f"{ends}, {other}: {text}" for text in _false(study)]
        assert not wrong, "\n".join(wrong)


def test_there_may_be_no_curves():
    for number in range(10):
        study = random_study(number)
        study.points.clear()
        study.judged(standings).headline  # noqa: B018 - it must not raise


def test_there_may_be_no_trials():
    assert Study().judged(standings).headline == [
        "No trial has run yet: there is nothing to judge."
    ]
