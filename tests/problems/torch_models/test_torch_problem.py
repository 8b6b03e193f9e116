"""`TorchProblem`, held against plain torch and against our own network."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import optframe
from optframe import UsageError
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
def test_loss_and_gradient_are_torchs(make, backend, data, bind, plainly):
    problem = bind(optframe.TorchProblem(make, F.cross_entropy, data), backend=backend)
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


def test_the_parameters_are_views_of_theta_and_set_again_only_for_another_array(data, bind):
    problem = bind(optframe.TorchProblem(Mlp, F.cross_entropy, data))
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


def test_backward_leaves_the_gradient_in_fresh_memory(data, bind):
    problem = bind(optframe.TorchProblem(Mlp, F.cross_entropy, data))
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
def test_answers_do_not_depend_on_where_theta_lies(copied, data, bind, monkeypatch):
    """θ in the same array or another one, overwritten or not, with other points between."""
    monkeypatch.setattr("optframe_problems.torch_models.live_module.COPIED", copied)
    problem = bind(optframe.TorchProblem(Mlp, F.cross_entropy, data))
    fresh = bind(optframe.TorchProblem(Mlp, F.cross_entropy, data))
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


def functional(problem, x, y, loss, train=True):
    """The loss as a function of a flat θ, by torch's own functional call."""
    module = problem.module
    shapes = {name: p.shape for name, p in module.named_parameters()}
    sizes = [shape.numel() for shape in shapes.values()]

    def f(theta):
        parts = theta.split(sizes)
        parameters = {n: part.view(s) for (n, s), part in zip(shapes.items(), parts, strict=True)}
        module.train(train)
        return loss(torch.func.functional_call(module, parameters, (torch.as_tensor(x),)), y)

    return f


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # of torch.func's own parts
@pytest.mark.parametrize("many", [1, 4, 10**9], ids=["one by one", "a few", "all"])
def test_second_derivatives_are_those_of_torchs_transforms(many, data, bind, monkeypatch):
    monkeypatch.setattr("optframe_problems.torch_models.second_derivatives.COLUMNS", many)
    problem = bind(optframe.TorchProblem(Mlp, F.cross_entropy, data))
    for seed in range(2):
        theta, v = point(problem, seed), point(problem, 9)
        batch = problem.draw(np.arange(20), None)
        f = functional(problem, data[0][:20], torch.tensor(data[1][:20]), F.cross_entropy)
        expected = torch.func.hessian(f)(torch.tensor(theta)).numpy()
        hessian = problem.hessian(theta, batch)
        assert_allclose(hessian, expected, rtol=1e-10, atol=1e-13)
        assert_array_equal(hessian, hessian.T)
        assert_allclose(problem.hvp(theta, v, batch), expected @ v, rtol=1e-10, atol=1e-13)


def test_where_torch_cannot_batch_a_hessian_its_columns_are_found_one_by_one(
    data, bind, monkeypatch
):
    problem = bind(optframe.TorchProblem(Mlp, F.cross_entropy, data))
    theta, batch = point(problem), problem.draw(np.arange(20), None)
    expected = problem.hessian(theta, batch)
    grad = torch.autograd.grad

    def refusing(*arguments, **options):
        if options.get("is_grads_batched"):
            raise RuntimeError("no rule")
        return grad(*arguments, **options)

    monkeypatch.setattr(torch.autograd, "grad", refusing)
    assert_allclose(problem.hessian(theta, batch), expected, rtol=1e-12, atol=1e-15)


def test_attention_is_differentiated_twice(bind):
    """Its quickest kernels have no second derivative."""

    class Attention(nn.TransformerEncoderLayer):
        def __init__(self):
            super().__init__(4, 2, 4, dropout=0.0, batch_first=True)

    x = np.random.default_rng(0).standard_normal((6, 3, 4))
    problem = bind(optframe.TorchProblem(Attention, F.mse_loss, (x, x[:, ::-1])))
    theta, v = point(problem), point(problem, 7)
    batch = problem.draw(slice(None), None)
    h = 1e-5
    above, below = (problem.gradient(theta + sign * h * v, batch) for sign in (1, -1))
    product = problem.hvp(theta, v, batch)
    assert_allclose(product, (above - below) / (2 * h), rtol=1e-4, atol=1e-6)


class Wrong(torch.autograd.Function):
    """x², with a gradient of 2x whose own derivative is 1 and not 2."""

    @staticmethod
    def forward(context, x):
        context.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(context, gradient):
        (x,) = context.saved_tensors
        return gradient * (x + x.detach())


def test_wrong_second_derivatives_are_refused(data, bind):
    class Square(nn.Linear):
        def forward(self, x):
            return Wrong.apply(super().forward(x))

    problem = bind(optframe.TorchProblem(lambda: Square(6, 3), F.cross_entropy, data))
    theta, batch = point(problem), problem.draw(slice(None), None)
    assert np.isfinite(problem.gradient(theta, batch)).all()
    message = "Square: its second derivatives by '(weight|bias)' are wrong: torch has"
    for ask in (lambda: problem.hvp(theta, theta, batch), lambda: problem.hessian(theta, batch)):
        with pytest.raises(UsageError, match=message):
            ask()
    found = optframe.minimize(
        optframe.TorchProblem(lambda: Square(6, 3), F.cross_entropy, data), "adam", steps=2
    )
    assert found.status == "finished"


def test_relu_and_pooling_are_not_taken_for_wrong(images, bind):
    def make():
        convolution = nn.Conv2d(2, 40, 3, padding=1)
        nn.init.zeros_(convolution.bias)
        layers = convolution, nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(640, 3)
        return nn.Sequential(*layers)

    x, y = images
    problem = bind(optframe.TorchProblem(make, F.cross_entropy, (np.maximum(x, 0), y)))
    theta = point(problem)
    assert np.isfinite(problem.hvp(theta, theta, problem.draw(slice(None), None))).all()


def test_a_linear_loss_has_no_curvature(data, bind):
    problem = bind(optframe.TorchProblem(lambda: nn.Linear(6, 1), lambda o, t: o.mean(), data))
    theta, batch = point(problem), problem.draw(np.arange(20), None)
    assert_array_equal(problem.hvp(theta, theta, batch), np.zeros(7))
    assert_array_equal(problem.hessian(theta, batch), np.zeros((7, 7)))


@pytest.mark.parametrize("most", [7, 20, 59, 60, 1000])
def test_a_large_batch_goes_through_in_pieces_of_the_right_weights(most, data, bind):
    problem = bind(optframe.TorchProblem(Mlp, F.cross_entropy, data, metrics={"m": accuracy}))
    whole = bind(optframe.TorchProblem(Mlp, F.cross_entropy, data, metrics={"m": accuracy}))
    theta, v = point(problem), point(problem, 5)
    _ = problem.deterministic
    problem._live.most = most
    batch = problem.draw(slice(None), None)
    passed = []
    hook = problem.module.register_forward_hook(lambda m, i, o: passed.append(len(o)))
    found = problem.loss(theta, batch)
    assert passed == [most] * (60 // most) + [60 % most] * (60 % most > 0)
    hook.remove()
    close = {"rtol": 1e-12, "atol": 1e-15}
    assert_allclose(found, whole.loss(theta, batch), **close)
    for word, *more in (("gradient", batch), ("hessian", batch), ("hvp", v, batch)):
        expected = getattr(whole, word)(theta, *more)
        assert_allclose(getattr(problem, word)(theta, *more), expected, **close)
    assert problem.metrics(theta) == pytest.approx(whole.metrics(theta), rel=1e-12)
    assert_allclose(float(problem.backward(theta, batch)), found, **close)
    grads = torch.cat([p.grad.reshape(-1) for p in problem.parameters_at(theta)])
    assert_allclose(grads, whole.gradient(theta, batch), **close)
