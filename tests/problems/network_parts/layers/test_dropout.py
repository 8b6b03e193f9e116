import numpy as np
import pytest
from numpy.testing import assert_array_equal

from optframe_problems.network_parts.layers.dropout import Dropout


@pytest.mark.parametrize("rate", [0.2, 0.5, 0.9])
def test_a_mask_leaves_out_its_share_and_scales_the_rest(rate, random):
    mask = Dropout(rate).mask(random, (200, 500), "float64")
    assert set(np.unique(mask)) == {0.0, 1 / (1 - rate)}
    deviation = np.sqrt(rate * (1 - rate) / mask.size)
    assert abs((mask == 0).mean() - rate) < 6 * deviation
    assert abs(mask.mean() - 1) < 6 * deviation / (1 - rate)


def test_nothing_is_left_out_at_rate_zero(random):
    assert_array_equal(Dropout(0.0).mask(random, (3, 4), "float32"), np.ones((3, 4), np.float32))


def test_without_a_mask_it_gives_what_it_sees(random):
    x = random.standard_normal((3, 4))
    assert Dropout(0.5).forward(np, x, ())[0] is x
    assert Dropout(0.5).backward(np, None, (), x, ()) is x
