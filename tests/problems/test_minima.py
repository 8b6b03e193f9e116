from pathlib import Path

import numpy as np
import pytest

from optframe_problems.functions.rosenbrock import Rosenbrock
from optframe_problems.minima import LITERATURE, Row, descend, problems, row, table

QUICK = [pytest.param(n, p, id=f"{n}-{p.size}") for n, p in problems() if p.size <= 100]


@pytest.mark.parametrize(("name", "problem"), QUICK)
def test_registered_minimum_is_the_recomputed_and_the_published_one(name, problem):
    found = row(name, problem)
    assert found.registered == pytest.approx(found.recomputed, rel=1e-15, abs=1e-25)
    assert found.from_start >= found.recomputed - 1e-15 * abs(found.recomputed) - 1e-25
    assert not found.differs


def test_published_values_are_of_registered_functions():
    assert LITERATURE.keys() <= {(name, problem.size) for name, problem in problems()}


def test_published_values_are_compared_as_far_as_their_digits_go():
    published = Row("kowalik-osborne", 4, 5e-3, 3.0750560e-4, 3.0750560e-4, 3.0750560e-4)
    assert not published.differs
    assert Row("kowalik-osborne", 4, 5e-3, 0, 3.07486e-4, 0).differs
    assert Row("brown-dennis", 4, 0, 0, 85822.4, 0).differs
    assert not Row("rosenbrock", 2, 24.2, 0, 0, 0).differs


def test_newtons_method_goes_down_to_all_digits():
    start = np.array([-1.2, 1.0], np.longdouble)
    assert np.array_equal(descend(Rosenbrock(), start), [1, 1])


def test_the_documented_table_is_that_of_the_registered_functions():
    page = Path(__file__).parent.parent.parent / "docs" / "functions.md"
    minima, _, _ = page.read_text(encoding="utf-8").partition("## What one value")
    lines = [line for line in minima.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]
    documented = {(name, int(size)): (float(start), float(f)) for name, size, start, f, *_ in cells}
    for name, problem in problems():
        found = row(name, problem) if problem.size <= 100 else None
        start, minimum = documented.pop((name, problem.size))
        assert minimum == problem.minimum
        assert found is None or start == pytest.approx(found.at_start, rel=1e-9)
    assert documented == {}


def test_table_shows_where_the_start_leads_and_what_differs():
    rows = [
        Row("freudenstein-roth", 2, 400.5, 0.0, 1e-33, 48.98425),
        Row("bard", 3, 41.68, 0.0082, 0.0082, 0.0082),
    ]
    head, rule, first, second, *notes = table(rows).splitlines()
    assert head.count("|") == rule.count("|") == first.count("|") == second.count("|") == 8
    assert first == "| freudenstein-roth | 2 | 400.5 | 0.0 | 1e-33 |  | 48.9843 |"
    assert second.endswith("| 8.21487e-3 |  |")
    assert notes[-1].startswith("bard, P = 3: Moré")
