"""Spans of time as people write them."""

import pytest

from optframe import UsageError
from optframe.cli.commands import race
from optframe.study.settings import seconds


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (60, 60),
        (0.5, 0.5),
        ("90s", 90),
        ("5min", 300),
        ("1.5 h", 5400),
        ("2d", 172800),
        (None, None),
    ],
)
def test_they_are_seconds(with_settings, written, expected):
    assert seconds(written) == expected
    study = with_settings({} if written is None else {"timeout": written, "save_every": written})
    assert study.mistakes == ()
    assert seconds(study.run.save_every) == seconds(study.run.timeout) == expected


@pytest.mark.parametrize(
    ("written", "expected"), [("90", 90), ("90s", 90), (" 1.5 min ", 90), ("1h", 3600), ("0", 0)]
)
def test_a_races_budget_is_written_like_them_and_needs_no_unit(written, expected):
    assert race._seconds(written) == expected


@pytest.mark.parametrize("written", ["", "s", "-1s", "5 minutes", "1e3s"])
def test_a_races_budget_that_is_none_is_told(written):
    with pytest.raises(UsageError) as refused:
        race._seconds(written)
    assert str(refused.value) == f"--budget: expected 90s, 5min or 1h, found {written!r}"


@pytest.mark.parametrize(
    "written", [0, -1, "", "60", "0s", "-5s", "5 minutes", "1e3s", "s", True, []]
)
def test_what_is_none_is_told_with_what_would_be(with_settings, registry, written):
    with pytest.raises(UsageError) as refused:
        with_settings({"save_every": written}).trials(registry)
    assert refused.value.mistakes == (
        'study.toml: [run]: save_every: expected a number > 0 or a time such as "90s", "5min" or '
        f'"2h", found {written!r}',
    )


def test_their_settings_are_no_part_of_a_trial(with_settings, registry):
    settings = {"jobs": 2, "timeout": "1h", "retries": 0, "save_every": 5}
    (one,), (other,) = (with_settings(run).trials(registry) for run in ({}, settings))
    assert one.key == other.key
