"""Limits, as people write them."""

import math

import pytest

from optframe.errors import UsageError
from optframe.gate.limits import DEFAULTS, JUDGED, Limit, Limits, Override, of_project, parse
from optframe.gate.measured import COUNTS
from optframe.gate.verdicts import Subject


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("0", Limit()),
        ("3", Limit(3)),
        ("5%", Limit(0, 0.05)),
        ("2.5 %", Limit(0, 0.025)),
        ("1e-12+0.0001%", Limit(1e-12, 1e-6)),
        ("1e-12 + 1e-4 %", Limit(1e-12, 1e-6)),
        ("any", Limit(math.inf)),
    ],
)
def test_a_limit_is_read(text, limit):
    read = parse(f"steps={text}")["steps"]
    assert read.absolute == limit.absolute
    assert read.relative == pytest.approx(limit.relative, rel=1e-15)
    again = parse(f"steps={read}")["steps"]
    assert (again.absolute, again.relative) == (read.absolute, pytest.approx(read.relative))


def test_several_limits_are_read_and_blanks_are_nothing():
    read = parse(" steps=0 , gradients = 5% ,")
    assert read == {"steps": Limit(), "gradients": Limit(0, 0.05)}


@pytest.mark.parametrize(
    "value", ["", "%", "-1", "5%%", "5%+3", "3+", "+5%", "five", "1e", "nan", "inf", "3 4%"]
)
def test_a_wrong_limit_is_named(value):
    with pytest.raises(UsageError, match=r"^--max-regression: steps: expected a number"):
        parse(f"steps={value}")


def test_every_mistake_has_its_line():
    with pytest.raises(UsageError) as raised:
        parse("steps,gradients")
    assert len(raised.value.mistakes) == 2
    with pytest.raises(UsageError, match="unknown 'step'; did you mean 'steps'"):
        parse("step=0")


def test_counts_may_not_grow_by_default_and_seconds_are_not_judged():
    assert all(DEFAULTS[name] == Limit() for name in COUNTS)
    assert not DEFAULTS["seconds"].judges
    assert set(DEFAULTS) == set(JUDGED)
    assert DEFAULTS["loss"].slack(-2.0) == 1e-12 + 2e-8


def test_the_last_override_that_fits_wins():
    limits = Limits(
        {"steps": Limit(1)},
        (
            Override({"steps": Limit(2)}, optimizer="adam*"),
            Override({"steps": Limit(3)}, optimizer="adam*", problem="wood"),
            Override({"gradients": Limit(4)}, sampler="shuffled*"),
        ),
    )

    def of(optimizer, problem, sampler="none"):
        found = limits.of(Subject("", optimizer, problem, sampler))
        return found["steps"].absolute, found["gradients"].absolute

    assert of("sgd", "wood") == (1, 0)
    assert of("adam:lr=1", "booth") == (2, 0)
    assert of("adam:lr=1", "wood") == (3, 0)
    assert of("sgd", "wood", "shuffled:batch_size=3") == (1, 4)
    over = limits.over({"steps": Limit(9)})
    assert over.of(Subject("", "sgd", "wood"))["steps"] == Limit(9)
    assert over.of(Subject("", "adam", "wood"))["steps"] == Limit(3)


def project(folder, text):
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return of_project(folder)


def test_the_nearest_project_above_has_the_limits(tmp_path):
    made = project(tmp_path, "[tool.optframe.compare]\nmax_regression = { steps = 7, loss = '1%' }")
    assert made.general == {"steps": Limit(7), "loss": Limit(0, 0.01)}
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    assert of_project(inside) == made
    assert project(inside, "[project]\nname = 'x'") == Limits()
    as_text = "[tool.optframe.compare]\nmax_regression = 'steps=7,loss=1%'"
    assert project(tmp_path, as_text) == made


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = [", "not a TOML file"),
        ("[tool]\noptframe = {compare = 3}", "expected a table, found 3"),
        ("[tool.optframe.compare]\nlimit = 3", "unknown 'limit'"),
        ("[tool.optframe.compare]\nmax_regression = 3", "expected a table such as"),
        ("[tool.optframe.compare]\nmax_regression = {step = 3}", "did you mean 'steps'"),
        ("[tool.optframe.compare]\nmax_regression = {steps = true}", "steps: expected a number"),
        ("[tool.optframe.compare]\noverrides = 3", "write overrides as"),
        ("[tool.optframe.compare]\noverrides = [3]", "overrides 1: expected a table"),
        ("[[tool.optframe.compare.overrides]]\nname = 'x'", "overrides 1: unknown 'name'"),
        ("[[tool.optframe.compare.overrides]]\nproblem = 3", "problem: expected a pattern"),
    ],
)
def test_what_is_wrong_in_a_project_is_named_with_its_place(tmp_path, text, said):
    with pytest.raises(UsageError, match=said) as raised:
        project(tmp_path, text)
    assert str(tmp_path / "pyproject.toml") in str(raised.value)
