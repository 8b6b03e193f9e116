"""How numbers, times and colours come out."""

import math

import pytest

from optframe.drawing.palette import color_of_each
from optframe_reports.plotting.labelling import literal
from optframe_reports.plotting.palette import line_style, marker, sequence
from optframe_reports.quantities import count, duration, number, percent
from optframe_reports.tables.lost import seed_ranges


@pytest.mark.parametrize(
    ("written", "value", "text"),
    [
        (number, 0.0, "0"),
        (number, 12.0, "12"),
        (number, 0.123456, "0.1235"),
        (number, 1.2346e-7, "1.235e-7"),
        (number, -3.21e12, "-3.21e12"),
        (number, 1e-10, "1e-10"),
        (number, math.nan, "–"),
        (number, math.inf, "∞"),
        (number, -math.inf, "−∞"),
        (duration, 2.5e-9, "2.50 ns"),  # three digits, and the unit that reads best
        (duration, 8.16e-6, "8.16 µs"),
        (duration, 0.9996e-6, "1.00 µs"),
        (duration, 0.089, "89.0 ms"),
        (duration, 123.4, "123 s"),
        (duration, math.nan, "–"),
        (percent, 0.9721, "97.2 %"),
        (percent, -math.inf, "−∞"),
        (count, 999, "999"),
        (count, 12000, "12,000"),
    ],
)
def test_numbers_times_shares_and_counts_are_written(written, value, text):
    assert written(value) == text


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


def test_colours_of_numbers_go_from_dark_to_light_and_can_be_read_on_white():
    def luminance(color):
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for size in (1, 2, 8):
        rising = [luminance(color) for color in sequence(size)]
        assert len(rising) == size
        assert rising == sorted(rising)
        assert 1.05 / (rising[-1] + 0.05) > 1.97  # the contrast of WCAG
