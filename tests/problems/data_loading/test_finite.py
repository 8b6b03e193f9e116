import numpy as np
import pytest
from scipy.sparse import csr_array

from optframe import Part, UsageError
from optframe_problems.data_loading.finite import check_finite


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("place", [(0, 1), (2, 3), (3, 0)])
def test_the_place_of_what_is_no_number_is_named(value, sparse, place):
    inputs = np.zeros((4, 5))
    inputs[0, 0] = inputs[2, 1] = inputs[3, 4] = 1
    inputs[place] = value
    part = Part(csr_array(inputs) if sparse else inputs, np.zeros(4))
    with pytest.raises(UsageError) as caught:
        check_finite("data 'x'", "train", part)
    assert f"data 'x': the train inputs hold {value} at [{place[0]}, {place[1]}] " in str(
        caught.value
    )


def test_the_record_of_a_target_that_is_no_number_is_named():
    part = Part(np.zeros((3, 1)), np.array([1.0, 2, np.nan]))
    with pytest.raises(UsageError, match=r"the test target of record 2 \(from 0\) is nan"):
        check_finite("data 'x'", "test", part)


def test_numbers_pass():
    for targets in (np.zeros(3), np.zeros(3, int)):
        check_finite("x", "train", Part(np.ones((3, 2)), targets))
        check_finite("x", "train", Part(np.ones((3, 2), np.uint8), targets))
        check_finite("x", "train", Part(csr_array(np.eye(3)), targets))
    check_finite("x", "test", Part(np.ones((0, 2)), np.zeros(0)))
