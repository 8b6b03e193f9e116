import numpy as np
import pytest
from numpy.testing import assert_allclose

from optframe_problems.network_parts.losses.softmax import SoftmaxCrossEntropy
from optframe_problems.network_parts.losses.squared import SquaredError

RECORDS, CLASSES = 5, 4


def softmax(z, targets):
    odds = np.exp(z)
    return -np.log(odds[np.arange(RECORDS), targets] / odds.sum(axis=1)).mean()


def squared(z, targets):
    y = targets[:, None] if targets.dtype.kind == "f" else np.eye(CLASSES)[targets]
    return 0.5 * ((z - y) ** 2).sum(axis=1).mean()


CASES = [
    (SoftmaxCrossEntropy(), softmax, CLASSES, "classes"),
    (SquaredError(), squared, CLASSES, "classes"),
    (SquaredError(), squared, 1, "numbers"),
]
each_loss = pytest.mark.parametrize(
    ("loss", "formula", "outputs", "kind"), CASES, ids=["softmax", "squared", "numbers"]
)


def drawn(random, kind, *runs):
    shape = (*runs, RECORDS)
    return (
        random.integers(0, CLASSES, shape) if kind == "classes" else random.standard_normal(shape)
    )


@each_loss
@pytest.mark.parametrize("order", ["C", "F"])
def test_values_and_slopes(loss, formula, outputs, kind, order, random):
    z = np.asarray(random.standard_normal((RECORDS, outputs)), order=order)
    targets = drawn(random, kind)
    assert_allclose(loss.value(np, z.copy(order), targets), formula(z, targets), rtol=1e-12)
    expected, step = np.empty_like(z), 1e-6
    for place in np.ndindex(z.shape):
        shift = np.zeros_like(z)
        shift[place] = step
        expected[place] = formula(z + shift, targets) - formula(z - shift, targets)
    slope = loss.slope(np, z.copy(order), targets)
    assert_allclose(slope, expected / (2 * step), atol=1e-9)
    value, same = loss.value_and_slope(np, z.copy(order), targets)
    assert_allclose(value, formula(z, targets), rtol=1e-12)
    assert_allclose(same, slope, rtol=1e-14)


@each_loss
def test_curvature_is_the_slope_of_the_slope(loss, formula, outputs, kind, random):
    z, z_dot = random.standard_normal((2, RECORDS, outputs))
    targets, kept, step = drawn(random, kind), z.copy(), 1e-6
    delta, delta_dot = loss.curvature(np, z, targets, z_dot)
    assert_allclose(z, kept, rtol=0)
    assert_allclose(delta, loss.slope(np, z.copy(), targets), rtol=1e-13)
    ahead, behind = (loss.slope(np, z + t * z_dot, targets) for t in (step, -step))
    assert_allclose(delta_dot, (ahead - behind) / (2 * step), atol=1e-9)


@each_loss
def test_runs_have_their_own_targets_or_share_them(loss, formula, outputs, kind, random):
    z = random.standard_normal((3, 2, RECORDS, outputs))
    for targets in (drawn(random, kind), drawn(random, kind, 3, 1)):
        values, slopes = loss.value_and_slope(np, z.copy(), targets)
        for run in np.ndindex(3, 2):
            own = targets if targets.ndim == 1 else targets[run[0], 0]
            assert_allclose(values[run], formula(z[run], own), rtol=1e-12)
            assert_allclose(slopes[run], loss.slope(np, z[run].copy(), own), rtol=1e-13)


def test_softmax_does_not_overflow():
    z = np.array([[1e4, 0, -1e4]], np.float32)
    loss = SoftmaxCrossEntropy()
    assert loss.value(np, z.copy(), np.array([0])) == 0
    assert loss.value(np, z.copy(), np.array([1])) == 1e4
