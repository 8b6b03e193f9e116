"""The blocks of modules, and where runs start."""

import functools

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import optframe
from optframe import UsageError

torch = pytest.importorskip("torch", reason="torch is not installed: pip install torch")
nn, F = torch.nn, torch.nn.functional


class Transformer(nn.Module):
    """Token and position embeddings, a layer of attention, and an output tied to the tokens."""

    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(11, 8)
        self.positions = nn.Embedding(5, 8)
        self.table = nn.Parameter(torch.zeros(5, 8))
        self.temperature = nn.Parameter(torch.ones(()))
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.head = nn.Linear(8, 11, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, x):
        z = self.tokens(x) + self.positions.weight + self.table
        return self.head(self.layer(z)) / self.temperature


class MyNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4))
        self.gamma = nn.Parameter(torch.ones(4))

    def forward(self, x):
        return x * self.weight * self.gamma


def kinds(make, data):
    layout = optframe.TorchProblem(make, F.cross_entropy, data).layout()
    return {block.name: block.kind for block in layout}


def test_kinds_follow_from_the_layers(data, images):
    cnn = [nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 3), nn.GroupNorm(2, 4)]
    assert list(
        kinds(lambda: nn.Sequential(*cnn, nn.Flatten(), nn.Linear(64, 3)), images).items()
    ) == [
        ("0.weight", "input"),
        ("0.bias", "bias"),
        ("1.weight", "scale"),
        ("1.bias", "bias"),
        ("2.weight", "hidden"),
        ("2.bias", "bias"),
        ("3.weight", "scale"),
        ("3.bias", "bias"),
        ("5.weight", "output"),
        ("5.bias", "bias"),
    ]
    assert kinds(lambda: nn.Linear(6, 3), data) == {"weight": "output", "bias": "bias"}
    mine = kinds(
        lambda: nn.Sequential(nn.Linear(6, 4), MyNorm(), nn.PReLU(), nn.Linear(4, 3)), data
    )
    assert (mine["1.weight"], mine["1.gamma"], mine["2.weight"]) == ("scale", "scale", "parameter")


def test_kinds_of_a_transformer():
    x = np.random.default_rng(0).integers(11, size=(6, 5))
    problem = optframe.TorchProblem(
        Transformer, lambda z, y: F.cross_entropy(z.flatten(0, 1), y.flatten()), (x, x)
    )
    found = {block.name: (block.kind, block.shape) for block in problem.layout()}
    assert found["tokens.weight"] == ("input", (11, 8))  # also the output's, which is tied to it
    assert found["positions.weight"] == ("input", (5, 8))
    assert found["table"] == ("parameter", (5, 8))
    assert found["temperature"] == ("parameter", ())
    assert found["layer.self_attn.in_proj_weight"] == ("hidden", (24, 8))
    assert found["layer.self_attn.in_proj_bias"][0] == "bias"
    assert found["layer.norm1.weight"][0] == "scale"
    assert found["layer.linear2.weight"][0] == "output"
    assert "head.weight" not in found
    assert problem.size == sum(p.numel() for p in Transformer().parameters())


def test_tied_weights_stay_tied(bind):
    x = np.random.default_rng(0).integers(11, size=(6, 5))
    problem = bind(
        optframe.TorchProblem(
            Transformer, lambda z, y: F.cross_entropy(z.flatten(0, 1), y.flatten()), (x, x)
        )
    )
    problem.parameters_at(problem.start(np.random.default_rng(0)).astype(float))
    assert problem.module.head.weight is problem.module.tokens.weight
    assert not problem.deterministic  # the layer has dropout


def test_a_start_is_a_module_made_under_the_seed(data):
    problem = optframe.TorchProblem(functools.partial(nn.Linear, 6, 3), F.cross_entropy, data)
    assert problem.draws_start
    random = np.random.default_rng(5)
    start = problem.start(random)
    torch.manual_seed(int(np.random.default_rng(5).integers(2**63)))
    module = nn.Linear(6, 3)
    expected = np.concatenate([p.detach().numpy().reshape(-1) for p in module.parameters()])
    assert_array_equal(start, expected)
    assert_array_equal(problem.random_start(np.random.default_rng(5)), expected)


@pytest.mark.parametrize("draw", ["numpy", "python"])
def test_a_function_may_draw_from_numpy_and_python(draw, data):
    import random

    def make():
        module = nn.Linear(6, 3)
        scale = np.random.standard_normal() if draw == "numpy" else random.random()
        nn.init.constant_(module.weight, scale)
        nn.init.zeros_(module.bias)
        return module

    problem = optframe.TorchProblem(make, F.cross_entropy, data)
    before = random.getstate()
    one, same, other = (problem.start(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert random.getstate() == before
    assert_array_equal(one, same)
    assert one[0] != other[0]
    assert problem.draws_start


def test_a_function_that_draws_nothing_and_one_that_draws_by_itself(data):
    def fixed():
        module = nn.Linear(6, 3)
        nn.init.ones_(module.weight)
        nn.init.ones_(module.bias)
        return module

    assert not optframe.TorchProblem(fixed, F.cross_entropy, data).draws_start
    generator = np.random.default_rng(0)

    def own():
        module = nn.Linear(6, 3)
        nn.init.constant_(module.weight, generator.random())
        return module

    with pytest.raises(UsageError, match="makes another start under the same seed"):
        _ = optframe.TorchProblem(own, F.cross_entropy, data).draws_start


def test_frozen_parameters_are_no_part_of_theta_and_that_is_said_once(data, capsys, bind):
    def make():
        module = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3), nn.Linear(3, 3))
        module[0].requires_grad_(False)
        return module

    class Half(nn.Module):
        def __init__(self):
            super().__init__()
            self.all = make()

        def forward(self, x):
            return self.all[:3](x)

    problem = optframe.TorchProblem(Half, F.cross_entropy, data)
    assert list(problem.layout().slices) == [
        f"all.{n}.{w}" for n in (2, 3) for w in ("weight", "bias")
    ]
    theta = np.ones(problem.size)
    gradient = bind(problem).gradient(theta, bind(problem).draw(np.arange(5), None))
    assert np.abs(gradient[:18]).min() > 0
    assert_array_equal(gradient[18:], np.zeros(12))
    binding = bind(problem)
    binding.backward(theta, binding.draw(np.arange(5), None))
    assert all(p.grad is not None for p in binding.parameters_at(theta))
    assert capsys.readouterr().err.splitlines() == [
        "optframe: Half: no part of θ, since requires_grad = False: all.0.weight, all.0.bias",
        "optframe: Half: the loss does not depend on these, whose gradient is 0: all.3.weight, "
        "all.3.bias",
    ]


def test_the_precision_is_the_runs_and_the_modules_by_default(data, bind):
    for make, dtype in (
        (lambda: nn.Linear(6, 3), "float32"),
        (lambda: nn.Linear(6, 3).double(), "float64"),
    ):
        problem = optframe.TorchProblem(make, F.cross_entropy, data)
        assert problem.dtype == dtype
        for asked in ("float32", "float64"):
            binding = bind(problem, asked)
            theta = binding.start(np.random.default_rng(0)).astype(asked)
            batch = binding.draw(slice(None), None)
            assert binding.gradient(theta, batch).dtype == asked
            assert binding.loss(theta, batch).dtype == asked
            assert binding.hessian(theta, batch).dtype == asked


@pytest.mark.filterwarnings("ignore:Complex modules")
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.Linear(6, 3).half(), "'weight' is float16; expected float32 or float64: call"),
        (lambda: nn.Linear(6, 3).to(torch.complex64), "'weight' is complex64; .*view_as_complex"),
        (lambda: nn.Linear(6, 3, device="meta"), "'weight' is on the device 'meta'"),
        (lambda: nn.LazyLinear(3), "'weight' has no shape yet; call the module once"),
        (lambda: nn.Linear(6, 3).requires_grad_(False), "has no parameters to train"),
        (lambda: 3, "makes the module returned 3; expected a torch.nn.Module"),
        (lambda width: nn.Linear(6, 3), "expected a function without arguments"),
        (None, "module is None; expected a torch.nn.Module, or a function"),
    ],
)
def test_modules_that_cannot_be_trained_are_refused_in_one_line(make, message, data):
    for given in (make, make() if make and not make.__code__.co_argcount else make):
        with pytest.raises(UsageError, match=message if given is make else None) as refused:
            optframe.TorchProblem(given, F.cross_entropy, data).layout()
        assert "\n" not in str(refused.value)


def test_a_function_that_makes_another_module_later_is_refused(data):
    widths = iter((3, 4))

    def make():
        return nn.Sequential(nn.Linear(6, width := next(widths)), nn.Linear(width, 3))

    problem = optframe.TorchProblem(make, F.cross_entropy, data)
    with pytest.raises(UsageError, match=r"'0.weight' has shape \(3, 6\), then \(4, 6\)"):
        problem.start(np.random.default_rng(0))
