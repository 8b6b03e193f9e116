from itertools import islice, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optframe import FunctionProblem, Setting
from optframe.contracts.trial import Checkpoints
from optframe.trial.checkpoints import marks
from optframe.trial.landscape import POINTS, landscape
from optframe_plugins.optimizers.sgd import SGD
from optframe_problems.functions.quadratic import Quadratic
from optframe_problems.functions.rosenbrock import Rosenbrock
from optframe_problems.transforms.noise import Noise


def first(checkpoints, total, per_epoch=None, count=1000):
    """The marks up to the end of the budget."""
    found = list(islice(marks(checkpoints, total, per_epoch), count))
    return found if total is None else found[: found.index(total) + 1]


@given(count=st.integers(1, 200), total=st.integers(1, 10**6))
def test_by_default_marks_increase_to_the_end_and_are_as_many_as_asked(count, total):
    found = first(Checkpoints(count=count), total)
    assert all(a < b for a, b in pairwise(found))
    assert found[-1] == total
    assert len(found) == min(count, total)
    assert found[0] == (1 if count > 1 else total)


def test_marks_are_log_spaced_once_they_are_apart():
    found = np.array(first(Checkpoints(count=40), 10**6))
    ratios = found[1:] / found[:-1]
    late = ratios[found[:-1] > 100]
    assert late.max() / late.min() < 1.02


@pytest.mark.parametrize(
    ("fields", "total", "expected"),
    [
        ({"count": 60}, 60, range(1, 61)),
        ({"count": 60}, 7, range(1, 8)),
        ({"count": 4}, 1000, [1, 10, 100, 1000]),
        ({"every_steps": 3}, 10, [3, 6, 9, 10]),
        ({"every_steps": 5}, 10, [5, 10]),
        ({"every_steps": 1}, 3, [1, 2, 3]),
        ({"every_steps": 20}, 10, [10]),
        ({"every_epochs": 1.0}, 30, [10, 20, 30]),
        ({"every_epochs": 2.0}, 30, [20, 30]),
        ({"every_epochs": 0.5}, 30, [5, 10, 15, 20, 25, 30]),
        ({"every_epochs": 1e-9}, 30, range(1, 31)),
    ],
    ids=str,
)
def test_marks_are_where_they_are_asked_for_and_at_the_end(fields, total, expected):
    assert first(Checkpoints(**fields), total, per_epoch=10) == [*expected]


def test_every_epoch_means_nothing_without_data():
    assert first(Checkpoints(every_epochs=1.0), 500) == first(Checkpoints(), 500)


def test_without_a_known_end_marks_grow_without_end():
    assert first(Checkpoints(every_steps=4), None, count=3) == [4, 8, 12]
    found = first(Checkpoints(), None, count=200)
    assert found[:5] == [1, 2, 3, 4, 5]
    assert all(a < b for a, b in pairwise(found))
    assert 1.14 < found[-1] / found[-2] < 1.16


@pytest.mark.parametrize("checkpoints", [Checkpoints(), Checkpoints(every_steps=4)])
def test_marks_never_run_out(checkpoints):
    assert list(islice(marks(checkpoints, 10, None), 100))[-1] == 10


@pytest.fixture
def finished(run_of):
    def finished(problem, start, steps=20, lr=0.01, **fields):
        run = run_of(problem, SGD(lr=lr), start, {"steps": steps}, **fields)
        assert run.error is None
        return run

    return finished


@pytest.mark.parametrize("size", [1, 2])
def test_a_small_problem_has_the_loss_on_a_grid_around_the_path(size, finished):
    problem = Quadratic(size=size, condition=3.0)
    start = [2.0, -1.0][:size]
    run = finished(problem, start, lr=0.3)
    found = landscape(run)
    assert len(found.axes) == size
    assert found.loss.shape == (POINTS,) * size
    for axis, first_value in zip(found.axes, start, strict=True):
        assert len(axis) == POINTS
        assert axis.min() < min(0, first_value) < max(0, first_value) < axis.max()
    for place in np.ndindex(POINTS, *[7][: size - 1]):
        point = np.array([axis[i] for axis, i in zip(found.axes, place, strict=True)])
        eigenvalues = np.array([1.0, 3.0][:size])
        expected = 0.5 * np.sum(eigenvalues * point**2)
        assert found.loss[place] == pytest.approx(expected, rel=1e-13)


def test_a_problem_that_does_one_point_at_a_time_has_one_too(finished):
    def loss(theta):
        assert theta.shape == (2,)
        return theta[0] ** 2 + 3 * theta[1]

    problem = FunctionProblem(
        loss=loss, gradient=lambda theta: np.array([2 * theta[0], 3.0]), theta0=[1.0, 2.0]
    )
    found = landscape(finished(problem, [1.0, 2.0]))
    x, y = np.meshgrid(*found.axes, indexing="ij")
    np.testing.assert_allclose(found.loss, x**2 + 3 * y, rtol=1e-13)


def test_a_path_that_does_not_move_still_has_a_grid(finished):
    found = landscape(finished(Quadratic(size=2), [0.0, 0.0]))
    assert np.isfinite(found.loss).all()
    assert all(np.ptp(axis) > 0 for axis in found.axes)


def test_the_grid_is_square_and_holds_the_minimizer(finished):
    found = landscape(finished(Rosenbrock(), [-1.2, 1.0], lr=1e-5))  # which hardly moves
    sides = [axis[-1] - axis[0] for axis in found.axes]
    assert sides[0] == pytest.approx(sides[1])
    for axis, start, end in zip(found.axes, (-1.2, 1.0), (1.0, 1.0), strict=True):
        assert axis[0] < min(start, end) <= max(start, end) < axis[-1]


def test_parameters_on_scales_of_their_own_keep_them(finished):
    found = landscape(finished(Quadratic(size=2), [1000.0, 1.0], lr=1e-3))
    sides = [axis[-1] - axis[0] for axis in found.axes]
    assert sides[0] > 1000
    assert sides[1] < 10


def test_a_problem_with_noise_has_the_loss_without_it(finished):
    problem = Noise(Quadratic(size=2, condition=3.0), sigma=1.0)
    found = landscape(finished(problem, [2.0, -1.0], lr=0.1))
    x, y = np.meshgrid(*found.axes, indexing="ij")
    np.testing.assert_allclose(found.loss, 0.5 * (x**2 + 3 * y**2), rtol=1e-12)


def test_a_diverged_path_is_shown_as_far_as_one_can_see(finished):
    run = finished(Rosenbrock(), [-1.2, 1.0], lr=1.0, steps=60)
    assert run.status == "diverged"
    found = landscape(run)
    assert all(np.isfinite(axis).all() for axis in found.axes)
    assert all(abs(axis).max() < 1e4 for axis in found.axes)


def test_it_is_computed_on_the_runs_backend_and_returned_on_the_host(backend, finished):
    problem = Rosenbrock().bind(Setting(backend, "float32", np.random.SeedSequence(0), None))
    run = finished(problem, [-1.2, 1.0], lr=1e-4, dtype="float32", backend=backend)
    found = landscape(run)
    assert type(found.loss) is np.ndarray
    assert found.loss.dtype == np.float32
    x, y = np.meshgrid(*found.axes, indexing="ij")
    np.testing.assert_allclose(found.loss, 100 * (y - x**2) ** 2 + (1 - x) ** 2, rtol=1e-3)


def test_where_the_loss_is_no_number_the_grid_has_nan_and_no_warning(finished):
    class Logarithm(Quadratic):
        def loss(self, theta):
            return np.log(theta[..., 0])

        def gradient(self, theta):
            return 1 / theta

    found = landscape(finished(Logarithm(size=1), [0.01], lr=1e-6))
    assert np.isnan(found.loss[found.axes[0] < 0]).all()
    assert np.isfinite(found.loss[found.axes[0] > 0]).all()
    assert (found.axes[0] < 0).any()


def test_the_grid_holds_the_steps_between_checkpoints(run_of):
    """Each step of 1.9 crosses the minimizer; all checkpoints are on one side of it."""
    fields = {"budget": {"steps": 8}, "checkpoints": Checkpoints(every_steps=2)}
    run = run_of(Quadratic(size=2), SGD(lr=1.9), [3.0, 3.0], **fields, path=True)
    assert (run.curve[:, -1] > 0).all()
    lowest = run.path.table[:, 1].min()
    assert lowest == pytest.approx(-2.7)
    assert landscape(run).axes[0][0] < lowest
