"""PyTorch problems in runs, studies and plugin files; what becomes of modules that fail."""

import doctest
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import optframe
from optframe import Count, OptframeError, PluginError, Study, UsageError
from optframe.testing import check_problem

torch = pytest.importorskip("torch", reason="torch is not installed: pip install torch")
nn, F = torch.nn, torch.nn.functional


class Net(nn.Sequential):
    def __init__(self, width=4):
        super().__init__(nn.Linear(6, width), nn.BatchNorm1d(width), nn.Linear(width, 3))


class Noisy(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(6, 2), nn.BatchNorm1d(2), nn.Dropout(0.2), nn.Linear(2, 3))


class Plain(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 3))


class Convolutional(nn.Sequential):
    def __init__(self, dropout=0.3):
        convolution = nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Tanh(), nn.Flatten()
        super().__init__(*convolution, nn.Dropout(dropout), nn.Linear(108, 3))


class Late(nn.Linear):
    """Raises when its weights have moved far."""

    def forward(self, x):
        if float(self.bias.detach().abs().max()) > 0.7:
            raise ValueError("the bias\nis large")
        return super().forward(x)


@dataclass(frozen=True)
class OfWidth(optframe.TorchProblem):
    """A problem with a parameter, as in a plugin file."""

    width: Count = 4

    def __post_init__(self):
        random = np.random.default_rng(0)
        y = random.integers(3, size=40)
        x = random.standard_normal((40, 6)) + y[:, None]
        super().__init__(lambda: Net(self.width), F.cross_entropy, (x, y), validation=0.2)


STEPS = {"budget": optframe.Budget(steps=6), "samplers": ["shuffled:batch_size=8"]}


def test_a_study_names_problems_by_their_modules_and_goes_on_after_one_that_fails(data, tmp_path):
    def late():
        module = Late(6, 3)
        nn.init.constant_(module.bias, 0.5)
        return module

    problems = [
        optframe.TorchProblem(module, F.cross_entropy, data, test=0.2)
        for module in (late, lambda: nn.Linear(5, 3), Net, lambda: Net(7))
    ]
    study = Study("models", optimizers=["sgd:lr=0.5", "adam:lr=0.1"], problems=problems, **STEPS)
    trials = optframe.run(study, tmp_path).trials.set_index(["problem", "optimizer"])
    assert sorted(set(trials.index.get_level_values(0))) == ["late", "linear", "net", "net-2"]
    assert set(trials.loc["net"]["status"]) == set(trials.loc["net-2"]["status"]) == {"finished"}
    assert set(trials.loc["late"]["status"]) == {"failed"}
    assert set(trials.loc["late"]["reason"]) == {"ValueError: the bias is large"}
    assert all("in forward" in text for text in trials.loc["late"]["traceback"])
    (reason,) = set(trials.loc["linear"]["reason"])
    assert "Linear: its forward and loss on 8 records raised RuntimeError: mat1 and mat2" in reason


def test_a_loss_that_is_no_number_diverges(data):
    problem = optframe.TorchProblem(Net, lambda z, y: F.cross_entropy(z, y) * np.nan, data)
    assert optframe.minimize(problem, "adam", steps=3).status == "diverged"


def test_a_plugin_registers_a_class_with_parameters():
    registry = optframe.load_plugins()
    registry.add("problems", "of-width", OfWidth)
    for width in (4, 7):
        problem = registry.make("problems", "of-width", {"width": width})
        assert problem.size == 12 * width + 3
        assert repr(problem) == f"OfWidth(width={width})"
    found = optframe.minimize(OfWidth(width=5), "adam", epochs=2, sampler="shuffled:batch_size=8")
    assert found.status == "finished"
    assert found.theta.shape == (63,)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_the_trained_parameters_go_back_into_a_module(backend, data):
    if backend == "numba":
        pytest.importorskip("numba", reason="numba is not installed: pip install numba")
    x, y = data
    problem = optframe.TorchProblem(Net, F.cross_entropy, data)
    result = optframe.minimize(problem, "adam:lr=0.1", epochs=3, backend=backend)
    module = Net()
    assert result.apply(module) is module
    flat = np.concatenate([p.detach().numpy().reshape(-1) for p in module.parameters()])
    assert_array_equal(flat, result.theta)
    with torch.no_grad():
        loss = F.cross_entropy(module.eval()(torch.tensor(x, dtype=torch.float32)), torch.tensor(y))
    assert result.loss == pytest.approx(float(loss), rel=1e-5)  # with the statistics at θ
    before = problem.start(np.random.default_rng(0))
    with torch.no_grad():
        module[0].weight.zero_()
    assert_array_equal(problem.start(np.random.default_rng(0)), before)


def test_a_module_that_is_another_one_is_refused(data):
    result = optframe.minimize(optframe.TorchProblem(Net, F.cross_entropy, data), "sgd", steps=1)
    for other, reason in ((Net(5), "size mismatch"), (nn.Linear(6, 3), "Missing key"), (3, "int")):
        with pytest.raises(UsageError, match="θ does not fit into") as refused:
            result.apply(other)
        assert reason in str(refused.value)
        assert "\n" not in str(refused.value)
    with pytest.raises(UsageError, match="Rosenbrock has no module and no pytree; expected"):
        optframe.minimize("rosenbrock", "sgd", steps=1).apply(Net())


@pytest.mark.parametrize(
    "make",
    [Plain(), lambda: Plain(), Net, Noisy],
    ids=["module", "lambda", "batch norm", "noise"],
)
def test_the_kit_finds_nothing(make, data):
    problem = optframe.TorchProblem(make, F.cross_entropy, data)
    for outcome in check_problem(problem).run():
        assert outcome.status != "failed", f"{outcome.check}: {outcome.reason}"


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_the_kit_finds_nothing_in_a_convolutional_network(dropout, images):
    problem = optframe.TorchProblem(lambda: Convolutional(dropout), F.cross_entropy, images)
    for outcome in check_problem(problem).run():
        assert outcome.status != "failed", f"{outcome.check}: {outcome.reason}"


def test_the_example_of_the_docstring_prints_what_it_shows():
    (example,) = doctest.DocTestFinder(recurse=False).find(optframe.TorchProblem, module=False)
    printed = []
    found = doctest.DocTestRunner().run(example, out=printed.append)
    assert found.attempted == 6
    assert not found.failed, "".join(printed)


class Counting(nn.Linear):
    def __init__(self):
        super().__init__(6, 3)
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, x):
        if self.training:
            self.seen += 1
        return super().forward(x)


class Remembering(nn.Linear):
    calls = 0

    def forward(self, x):
        self.calls += 1
        return super().forward(x) * self.calls


class DrawingFromNumpy(nn.Linear):
    def forward(self, x):
        return super().forward(x) * np.random.random()


class Clamping(nn.Linear):
    def forward(self, x):
        self.weight.data.clamp_(-0.1, 0.1)
        return super().forward(x)


class WithoutGraph(nn.Linear):
    def forward(self, x):
        return super().forward(x).detach()


class Raising(nn.Linear):
    def forward(self, x):
        raise ValueError("first\nsecond")


def each(outputs, targets):
    return F.cross_entropy(outputs, targets, reduction="none")


def one(module):
    return lambda: module(6, 3)


def squares(outputs, targets):
    return ((outputs - targets) ** 2).mean()


@pytest.mark.parametrize(
    ("make", "loss", "message"),
    [
        (Counting, None, "Counting: its forward changes the buffer 'seen', so that the loss would"),
        (one(Clamping), None, "Clamping: its forward changes the parameter 'weight', so that"),
        (one(Remembering), None, "Remembering: the same records and seed give the loss"),
        (one(DrawingFromNumpy), None, "draws from NumPy's or Python's global generator"),
        (one(WithoutGraph), None, "the loss does not depend on its parameters; its forward may"),
        (one(Raising), None, "forward and loss on 8 records raised ValueError: first second"),
        (lambda: nn.Linear(5, 3), None, "raised RuntimeError: mat1 and mat2 shapes cannot be"),
        (one(nn.Linear), each, r"the loss returned 8 numbers of shape \(8,\); expected a tensor"),
        (one(nn.Linear), lambda z, y: 1.0, "the loss returned a float; expected a tensor with one"),
        (lambda: nn.Linear(6, 1), F.mse_loss, "the loss warned: Using a target size"),
        (
            lambda: nn.Linear(6, 1),
            squares,
            r"targets of shape \(8,\) are paired each",
        ),
        (lambda: nn.Linear(6, 2), None, "raised IndexError: Target 2 is out of bounds"),
    ],
)
def test_what_would_give_wrong_numbers_is_refused_in_one_line(make, loss, message, data):
    problem = optframe.TorchProblem(make, loss or F.cross_entropy, data)
    with pytest.raises(OptframeError, match=message) as refused:
        optframe.minimize(problem, "sgd", steps=1)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"loss": None}, "loss is None; expected a function of"),
        ({"metrics": {"accuracy": 3}}, "accuracy is 3; expected a function of"),
        ({"metrics": {"loss": each}}, "a metric is named 'loss', which is measured"),
        ({"batch_norm": "keep"}, "batch_norm is 'keep'; expected 'recompute' or 'refuse'"),
    ],
)
def test_arguments_are_checked_at_once(arguments, message, data):
    with pytest.raises(UsageError, match=message):
        optframe.TorchProblem(Net, **{"loss": F.cross_entropy, "data": data, **arguments})


def test_a_metric_returns_one_number(data):
    problem = optframe.TorchProblem(
        Net, F.cross_entropy, data, metrics={"hits": lambda z, y: z.argmax(1) == y}
    )
    with pytest.raises(PluginError, match="the metric 'hits' returned 60 numbers; expected one"):
        optframe.minimize(problem, "sgd", steps=1)


def test_a_subclass_changes_the_loss_where_torchs_optimizers_see_it():
    with pytest.raises(TypeError, match=r"Ridge.loss overrides that of TorchProblem"):

        class Ridge(optframe.TorchProblem):
            def loss(self, theta, batch):
                return 0
