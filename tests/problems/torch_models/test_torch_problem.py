"""`TorchProblem`, held against plain torch and against our own network."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import optframe
from optframe.testing import ReadOnlyBackend
from optframe_plugins.backends.numpy import NumpyBackend

torch = pytest.importorskip("torch", reason="torch is not installed: pip install torch")
nn, F = torch.nn, torch.nn.functional


class Mlp(nn.Sequential):
    def __init__(self, width=5):
        super().__init__(nn.Linear(6, width), nn.Tanh(), nn.Linear(width, 3))


class Cnn(nn.Sequential):
    def __init__(self, dropout=0.3):
        super().__init__(
            nn.Conv2d(2, 4, 3),
            nn.BatchNorm2d(4),
            nn.Tanh(),
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(144, 3),
        )


def accuracy(outputs, targets):
    return (outputs.argmax(1) == targets).double().mean()


def point(problem, seed=0, scale=0.3):
    random = np.random.default_rng(seed)
    return np.asarray(problem.start(random), float) + scale * random.standard_normal(problem.size)


@pytest.mark.parametrize("make", [Mlp, Mlp(), lambda: Mlp(7)], ids=["class", "module", "function"])
@pytest.mark.parametrize("backend", [NumpyBackend(), ReadOnlyBackend()], ids=["plain", "read-only"])
def test_loss_and_gradient_are_torchs(make, backend, data, bound, plainly):
    problem = bound(optframe.TorchProblem(make, F.cross_entropy, data), backend=backend)
    module = make if isinstance(make, nn.Module) else make()
    for seed in range(3):
        theta = backend.asarray(point(problem, seed))
        rows = np.random.default_rng(seed).integers(60, size=13)
        batch = problem.draw(rows, None)
        loss, gradient = plainly(module, F.cross_entropy, data[0][rows], data[1][rows], theta)
        both = problem.loss_and_gradient(theta, batch)
        assert problem.loss(theta, batch) == both[0] == pytest.approx(loss, rel=1e-13)
        assert_allclose(problem.gradient(theta, batch), gradient, rtol=1e-11, atol=1e-14)
        assert_array_equal(problem.gradient(theta, batch), both[1])
        assert both[1].dtype == both[0].dtype == np.float64


def test_the_parameters_are_views_of_theta_and_set_again_only_for_another_array(data, bound):
    problem = bound(optframe.TorchProblem(Mlp, F.cross_entropy, data))
    theta = point(problem)
    parameters = problem.parameters_at(theta)
    assert [name for name, _ in problem.module.named_parameters()] == list(problem.layout().slices)
    assert all(a is b for a, b in zip(parameters, problem.module.parameters(), strict=True))
    start = theta.ctypes.data
    for block, parameter in zip(problem.layout(), parameters, strict=True):
        where = problem.layout().slices[block.name]
        assert parameter.data_ptr() == start + 8 * where.start
        assert tuple(parameter.shape) == block.shape
    before = [parameter.data.data_ptr() for parameter in parameters]
    theta += 1  # an optimizer writes to it
    assert problem.parameters_at(theta) == parameters
    assert [parameter.data.data_ptr() for parameter in parameters] == before
    assert_array_equal(parameters[1].detach().numpy(), theta[problem.layout().slices["0.bias"]])
    other = theta + 1
    problem.parameters_at(other)
    assert parameters[0].data_ptr() == other.ctypes.data


def test_backward_leaves_the_gradient_in_fresh_memory(data, bound):
    problem = bound(optframe.TorchProblem(Mlp, F.cross_entropy, data))
    theta, batch = point(problem), problem.draw(np.arange(9), None)
    loss = problem.backward(theta, batch)
    assert loss.requires_grad is False
    assert float(loss) == problem.loss(theta, batch)
    first = [parameter.grad for parameter in problem.parameters_at(theta)]
    found = torch.cat([grad.reshape(-1) for grad in first]).numpy()
    assert_array_equal(found, problem.gradient(theta, batch))
    problem.backward(theta + 1, batch)
    assert_array_equal(torch.cat([grad.reshape(-1) for grad in first]).numpy(), found)
    again = [parameter.grad for parameter in problem.parameters_at(theta)]
    assert not any(one is other for one, other in zip(first, again, strict=True))


@pytest.mark.parametrize("copied", [0, 10**9], ids=["views", "copies"])
def test_answers_do_not_depend_on_where_theta_lies(copied, data, bound, monkeypatch):
    """θ in the same array or another one, overwritten or not, with other points between."""
    monkeypatch.setattr("optframe_problems.torch_models.live_module.COPIED", copied)
    problem = bound(optframe.TorchProblem(Mlp, F.cross_entropy, data))
    fresh = bound(optframe.TorchProblem(Mlp, F.cross_entropy, data))
    batch = problem.draw(np.arange(9), None)
    random = np.random.default_rng(0)
    arrays = [random.standard_normal(problem.size) for _ in range(3)]
    for index in random.integers(3, size=60):
        theta = arrays[index]
        if random.random() < 0.5:
            theta += random.standard_normal(problem.size)
        kept = theta.copy()
        match random.integers(4):
            case 0:
                problem.metrics(theta)
            case 1:
                problem.backward(theta, batch)
            case 2:
                problem.parameters_at(theta)
            case 3:
                problem.loss(arrays[index - 1], batch)
        expected = fresh.gradient(theta.copy(), fresh.draw(np.arange(9), None))
        assert_array_equal(problem.gradient(theta, batch), expected)
        assert_array_equal(theta, kept)
