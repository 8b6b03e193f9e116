"""How numbers, times and colours come out."""

import math

import pytest

from optframe.drawing.palette import color_of_each
from optframe_reports.plotting.labelling import literal
from optframe_reports.plotting.palette import line_style, marker, sequence
from optframe_reports.quantities import count, duration, number, percent
from optframe_reports.tables.lost import seed_ranges


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (12.0, "12"),
        (0.123456, "0.1235"),
        (1.2346e-7, "1.235e-7"),
        (-3.21e12, "-3.21e12"),
        (1e-10, "1e-10"),
        (math.nan, "–"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
    ],
)
def test_numbers(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (2.5e-9, "2.50 ns"),
        (8.16e-6, "8.16 µs"),
        (0.9996e-6, "1.00 µs"),
        (0.089, "89.0 ms"),
        (123.4, "123 s"),
        (math.nan, "–"),
    ],
)
def test_times_have_three_digits_and_the_unit_that_reads_best(seconds, text):
    assert duration(seconds) == text


def test_percent():
    assert (percent(0.9721), percent(-math.inf)) == ("97.2 %", "−∞")


def test_seeds_are_written_as_ranges():
    assert seed_ranges([4, 0, 1, 2, 7, 9, 8]) == "0–2, 4, 7–9"


def test_twelve_optimizers_have_twelve_colours_and_the_second_six_a_marker():
    colors = color_of_each([f"optimizer{i // 2}" for i in range(24)])
    assert len(colors) == len(set(colors.values())) == 12
    assert [marker(i) for i in range(13)] == [""] * 6 + ["o"] * 6 + ["s"]


def test_colours_keep_to_the_order_of_first_appearance():
    assert color_of_each("abcab") == color_of_each("abc")
    assert len({str(line_style(i)) for i in range(4)}) == 4


def test_labels_are_wrapped_after_pluses_and_commas_and_hold_no_formula():
    assert (
        literal("adam:lr=0.05+clip-norm:max=1,p=$2$", 16)
        == "adam:lr=0.05+\nclip-norm:max=1,\np=\\$2\\$"
    )
    assert literal("x" * 25, 10) == "xxxxxxxxxx\nxxxxxxxxxx\nxxxxx"
    assert literal("two\nlines", 20) == "two lines"


def test_counts_have_their_thousands_apart():
    assert (count(999), count(12000)) == ("999", "12,000")


def test_colours_of_numbers_go_from_dark_to_light_and_can_be_read_on_white():
    def luminance(color):
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for size in (1, 2, 8):
        rising = [luminance(color) for color in sequence(size)]
        assert len(rising) == size
        assert rising == sorted(rising)
        assert 1.05 / (rising[-1] + 0.05) > 1.9  # the contrast of WCAG
