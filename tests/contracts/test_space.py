import json
import math
import pickle
import re
from decimal import Decimal, localcontext
from statistics import NormalDist

import numpy as np
import pytest
from scipy.special import ndtri

import optframe
from optframe import Space

ODD = [k / 211 for k in range(211)]
"""Points in [0, 1) whose values have endless decimals."""

SPACES = [
    Space(0.2, 7.5),
    Space(1e-4, 1e-1),
    Space(0.5, 0.999, "one-minus-log"),
    Space(mean=-2.6968, deviation=1.4209),
    Space(1.0, 1000.0, whole=True),
    Space(0.1, 1.0, "linear", step=0.07),
]


def exact(space, u):
    """The formula's value in 60 digits, before it is rounded."""
    with localcontext() as context:
        context.prec = 60
        u = Decimal(u)
        if space.scale == "log-normal":
            z = Decimal(NormalDist().inv_cdf(float(u)))
            return Decimal(10) ** (Decimal(space.mean) + Decimal(space.deviation) * z)
        low, high = Decimal(space.low), Decimal(space.high)
        if space.scale == "log":
            return low * (high / low) ** u
        if space.scale == "one-minus-log":
            return (1 - low) * ((1 - high) / (1 - low)) ** u
        return low + u * (high - low)


def six(value):
    with localcontext() as context:
        context.prec = 6
        return float(+value)


@pytest.mark.parametrize("space", SPACES[:4], ids=str)
def test_values_are_those_of_the_formula_in_six_digits(space):
    for u in ODD[1:]:
        expected = six(exact(space, u))
        if space.scale == "one-minus-log":
            expected = float(1 - Decimal(repr(expected)))
        assert space.at(u) == expected


class Elsewhere(float):
    """A number on a machine whose C library has other last bits of powers."""

    units = 0

    def __add__(self, other):
        return Elsewhere(float(self) + other)

    def __rsub__(self, other):
        return Elsewhere(other - float(self))

    def __mul__(self, other):
        return Elsewhere(float(self) * other)

    def __truediv__(self, other):
        return Elsewhere(float(self) / float(other))

    def __pow__(self, other):
        return float(self) ** other * (1 + self.units * 2.0**-53)

    def __rpow__(self, other):
        return other ** float(self) * (1 + self.units * 2.0**-53)


@pytest.mark.parametrize("units", [-8, 8])
@pytest.mark.parametrize("space", SPACES, ids=str)
def test_the_bits_are_the_same_whatever_the_c_library(space, units, monkeypatch):
    monkeypatch.setattr(Elsewhere, "units", units)
    table = {k: Elsewhere(v) if type(v) is float else v for k, v in space.table.items()}
    elsewhere = Space.from_table(table)
    assert [elsewhere.at(u) for u in ODD] == [space.at(u) for u in ODD]


def test_the_last_bits_of_powers_do_differ_elsewhere(monkeypatch):
    monkeypatch.setattr(Elsewhere, "units", 8)
    assert Elsewhere(3.0) ** 0.3 != 3.0**0.3
    assert 10.0 ** (Elsewhere(0.3) + 1) != 10.0**1.3
    assert (1 - Elsewhere(0.1)) / Elsewhere(0.3) ** 0.5 != 0.9 / 0.3**0.5


def test_the_middle_of_a_space_is_a_mean_of_its_ends():
    assert Space(2.0, 10.0, "linear").at(0.5) == 6.0
    assert Space(1e-4, 1e-2).at(0.5) == 1e-3
    assert Space(0.9, 0.999, "one-minus-log").at(0.5) == 0.99
    assert Space(mean=-3.0, deviation=1.0).at(0.5) == 1e-3
    assert Space(-1.0, 0.99, "one-minus-log").at(0.5) == pytest.approx(
        1 - math.sqrt(0.02), abs=1e-6
    )


def test_the_ends_keep_all_their_digits():
    low, high = 0.123456789, 0.999999999
    for scale in ("linear", "log", "one-minus-log"):
        space = Space(low, high, scale)
        assert (space.at(0.0), space.at(1.0)) == space.ends == (low, high)
        assert all(low <= space.at(u) <= high for u in ODD)


def test_a_log_normal_has_the_quantiles_of_its_distribution():
    space = Space(mean=-2.0, deviation=1.5)
    for u in (1e-6, 0.025, 0.5, 0.8, 0.999):
        assert math.log10(space.at(u)) == pytest.approx(-2 + 1.5 * ndtri(u), abs=1e-5)
    assert not space.bounded
    low, high = space.ends
    assert 0 < low < 1e-13
    assert high > 1e9


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_u_of_gives_the_value_again(space):
    for u in ODD[1:]:
        value = space.at(u)
        assert space.at(space.u_of(value)) == value


@pytest.mark.parametrize("space", SPACES[:4], ids=str)
def test_u_of_is_the_inverse(space):
    for u in (0.01, 0.3, 0.5, 0.9):
        assert space.u_of(space.at(u)) == pytest.approx(u, abs=1e-5)


def test_u_of_is_bounded():
    for space in SPACES[:3]:
        assert space.u_of(-7.0) == 0.0
        assert space.u_of(1e9) == 1.0
    assert SPACES[3].u_of(0.0) == 0.0


@pytest.mark.parametrize("space", SPACES[:4], ids=str)
@pytest.mark.parametrize("value", ["1", None, True, math.nan])
def test_what_is_no_number_has_no_u(space, value):
    with pytest.raises(ValueError, match=r"expected a number$"):
        space.u_of(value)


def test_values_share_the_interval_equally():
    space = Space(values=["a", True, {"name": "armijo"}, 3])
    assert [space.at(u) for u in (0.0, 0.2499, 0.25, 0.5, 0.75, 0.999)] == [
        "a",
        "a",
        True,
        {"name": "armijo"},
        3,
        3,
    ]
    assert [space.at(space.u_of(value)) for value in space.values] == list(space.values)
    with pytest.raises(ValueError, match="not in tuple"):
        space.u_of("b")


def test_truth_values_and_numbers_are_told_apart():
    space = Space(values=[1, True, 1.0, False, 0])
    assert [space.u_of(value) for value in space.values] == [0.1, 0.3, 0.5, 0.7, 0.9]


def test_steps_begin_at_the_low_end_and_stop_before_the_high_end():
    space = Space(0.1, 1.0, step=0.4)
    assert {space.at(u) for u in ODD} == {0.1, 0.5, 0.9}
    assert {Space(0.5, 0.9, "one-minus-log", step=0.1).at(u) for u in ODD} == {
        0.5,
        0.6,
        0.7,
        0.8,
        0.9,
    }
    assert {Space(1e-3, 1.0, "log", step=0.333).at(u) for u in ODD} == {0.001, 0.334, 0.667, 1.0}


def test_whole_numbers_stay_within_the_ends():
    space = Space(1.5, 4.5, whole=True)
    assert {space.at(u) for u in ODD} == {2, 3, 4}
    assert all(type(space.at(u)) is int for u in ODD[:9])
    assert Space(1, 10**7, whole=True).at(1.0) == 10**7


def test_the_scale_is_logarithmic_from_a_ratio_of_ten_on():
    assert Space(0.01, 0.1).scale == "log"
    assert Space(1, 10).scale == "log"
    assert Space(0.0101, 0.1).scale == "linear"
    assert Space(0, 1).scale == "linear"
    assert Space(-10, -1).scale == "linear"
    assert Space(mean=0.0, deviation=1.0).scale == "log-normal"
    assert Space(values=[1]).scale is None


def test_numbers_of_numpy_are_numbers():
    space = Space(np.float32(0.5), np.int64(8), step=np.float64(0.5))
    assert space == Space(0.5, 8.0, step=0.5)
    assert type(space.low) is type(space.high) is float
    choices = Space(values=np.array([1, 2]))
    assert choices.values == (1, 2)
    assert all(type(value) is int for value in choices.values)
    json.dumps([space.table, choices.table])
    assert Space(1, 10).u_of(np.int64(1)) == Space(1, 10).u_of(np.float32(1)) == 0.0


def test_lists_of_python_are_those_of_files():
    space = Space(values=((5,), {"hidden": (np.int64(3), 2)}))
    assert space.values == ([5], {"hidden": [3, 2]})
    assert Space.from_table(json.loads(json.dumps(space.table))) == space
    assert space.u_of(json.loads(json.dumps(space.at(0.9)))) == 0.75


def test_a_space_is_read_from_its_table():
    for space in (*SPACES, Space(values=[1, "a", None]), Space(1, 2, times="eps")):
        assert Space.from_table(json.loads(json.dumps(space.table))) == space
        assert pickle.loads(pickle.dumps(space)) == space
    assert "whole" not in Space(1, 2).table


def test_the_source_is_no_part_of_the_space():
    assert Space(1, 2, source="here") == Space(1, 2)
    assert "source" not in Space(1, 2, source="here").table


def test_a_space_is_written_in_a_line():
    assert [str(space) for space in SPACES] == [
        "0.2..7.5, log",
        "0.0001..0.1, log",
        "0.5..0.999, one-minus-log",
        "10^N(-2.6968, 1.4209)",
        "1..1000, log, whole",
        "0.1..1, linear, step 0.07",
    ]
    assert str(Space(1, 5, times="eps")) == "1..5, linear, times eps"
    assert str(Space(values=[1, True, "a b"])) == "one of 1, true, a b"


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, "low: found nothing, expected a finite number"),
        ({"low": 1.0}, "high: found nothing, expected a finite number"),
        ({"low": 2, "high": 1}, "found low 2.0 and high 1.0, expected low < high"),
        ({"low": 1, "high": 1}, "found low 1.0 and high 1.0, expected low < high"),
        ({"low": 1, "high": math.inf}, "high: found inf, expected a finite number"),
        ({"low": math.nan, "high": 1}, "low: found nan, expected a finite number"),
        ({"low": 1, "high": 10**400}, "high: found inf, expected a finite number"),
        ({"low": True, "high": 2}, "low: found True, expected a finite number"),
        ({"low": "1", "high": 2}, "low: found '1', expected a finite number"),
        ({"low": [1], "high": 2}, "low: found [1], expected a finite number"),
        (
            {"low": 0, "high": 1, "scale": "log"},
            "low: found 0.0, expected a number > 0 for the scale log",
        ),
        (
            {"low": -1, "high": 1, "scale": "log"},
            "low: found -1.0, expected a number > 0 for the scale log",
        ),
        (
            {"low": 0, "high": 1, "scale": "one-minus-log"},
            "high: found 1.0, expected a number < 1 for the scale one-minus-log",
        ),
        (
            {"low": 0, "high": 1, "scale": "cubic"},
            "scale: found 'cubic', expected one of linear, log, one-minus-log, log-normal",
        ),
        (
            {"low": 0, "high": 1, "mean": 1},
            "found low, which the scale log-normal does not use",
        ),
        (
            {"low": 1, "high": 2, "scale": "linear", "mean": 1},
            "found mean, which the scale linear does not use",
        ),
        (
            {"mean": 1, "deviation": 1, "step": 1},
            "found step, which the scale log-normal does not use",
        ),
        ({"mean": 1}, "deviation: found nothing, expected a finite number"),
        ({"mean": 1, "deviation": 0}, "deviation: found 0, expected a number > 0"),
        (
            {"mean": 1, "deviation": 100},
            "found mean 1 and deviation 100, expected |mean| + 9·deviation ≤ 300: 10^300 is the "
            "largest",
        ),
        (
            {"low": -1.5e308, "high": 1.5e308},
            "found low -1.5e+308 and high 1.5e+308, expected a difference and a ratio that are "
            "finite",
        ),
        (
            {"low": 1e-300, "high": 1e300},
            "found low 1e-300 and high 1e+300, expected a difference and a ratio that are finite",
        ),
        (
            {"low": 0, "high": 1, "step": 0},
            "step: found 0, expected a number > 0, at most high − low",
        ),
        (
            {"low": 0, "high": 1, "step": 1.5},
            "step: found 1.5, expected a number > 0, at most high − low",
        ),
        (
            {"low": 1.2, "high": 1.8, "whole": True},
            "found low 1.2 and high 1.8, expected a whole number between them",
        ),
        ({"low": 1, "high": 2, "whole": 1}, "whole: found 1, expected true or false"),
        ({"low": 1, "high": 2, "times": 3}, "times: found 3, expected a text"),
        ({"values": []}, "values: found [], expected a list of at least one value"),
        ({"values": "abc"}, "values: found 'abc', expected a list of at least one value"),
        ({"values": {1, 2}}, "values: found {1, 2}, expected a list of at least one value"),
        ({"values": range(10**9)}, "values: found 1,000,000,000 of them, expected at most 100,000"),
        (
            {"values": np.array(3)},
            "values: found array(3), expected a list of at least one value",
        ),
        ({"values": 3}, "values: found 3, expected a list of at least one value"),
        ({"values": [1.0, math.nan]}, "values: found nan, expected finite numbers"),
        ({"values": [1], "low": 0}, "found values with low, expected values alone"),
        ({"values": [1], "times": "a"}, "found values with times, expected values alone"),
    ],
)
def test_what_is_no_space_is_refused_in_one_line(parameters, expected):
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
        Space(**parameters)


def test_an_unknown_key_of_a_table_is_refused():
    with pytest.raises(ValueError, match="found 'hgih' in a space, expected low, high, scale"):
        Space.from_table({"low": 1, "hgih": 2})


@pytest.mark.parametrize("table", [None, 3, "1..2", [1, 2]])
def test_what_is_no_table_is_refused(table):
    with pytest.raises(ValueError, match="expected the table of a space"):
        Space.from_table(table)


def test_optframe_offers_it():
    assert optframe.Space is Space
