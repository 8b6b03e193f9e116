"""Optimizers of PyTorch: held against plain loops over ordinary parameters, and their contract."""

import dataclasses
from collections import deque

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import optframe
from optframe import Block, Layout, OptframeError, Schedule, UsageError
from optframe.testing import StrictBackend, check_optimizer
from optframe.testing.standard_problems import Bowl, Trough
from optframe.testing.stepping import bound, walk

torch = pytest.importorskip("torch", reason="torch is not installed: pip install torch")
optim = torch.optim

STEPS = 8
CLASSES = [
    *((optim.SGD, given) for given in ({}, {"momentum": 0.9, "nesterov": True, "lr": 0.1})),
    *(
        (optim.AdamW, given)
        for given in ({}, {"amsgrad": True}, {"fused": True}, {"foreach": True})
    ),
    *((found, {}) for found in (optim.Adam, optim.NAdam, optim.RAdam, optim.Adadelta)),
    *((found, {}) for found in (optim.Adagrad, optim.Adafactor, optim.Rprop, optim.ASGD)),
    (optim.RMSprop, {"centered": True, "momentum": 0.5}),
    (optim.LBFGS, {"max_iter": 3}),
    (optim.LBFGS, {"line_search_fn": "strong_wolfe"}),
]


def plain(make, problem, dtype, steps=STEPS, before=lambda k, optimizer: None):
    """The iterates of a plain loop over ordinary parameters, and the parameters."""
    bare = bound(problem, dtype=dtype)
    start = problem.start(np.random.default_rng(0)).astype(dtype)
    blocks = bare.layout().views(start).values()
    parameters = [torch.nn.Parameter(torch.tensor(block)) for block in blocks]
    optimizer = make(parameters)

    def flat():
        return np.concatenate([p.detach().numpy().ravel() for p in parameters])

    def closure():
        gradient = bare.gradient(flat())
        for p, block in zip(parameters, bare.layout().views(gradient).values(), strict=True):
            p.grad = torch.tensor(block)
        return torch.tensor(float(bare.loss(flat())), dtype=parameters[0].dtype)

    iterates = [start]
    for k in range(steps):
        before(k, optimizer)
        if isinstance(optimizer, optim.LBFGS):
            optimizer.step(closure)
        else:
            closure()
            optimizer.step()
        iterates.append(flat())
    return np.stack(iterates)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("found", "given"), CLASSES)
def test_the_bits_are_those_of_a_plain_loop(adapted, trough, found, given, dtype):
    ours = walk(adapted(found, **given), trough, STEPS, dtype=dtype).iterates
    assert_array_equal(ours, plain(lambda p: found(p, **given), trough, dtype))
    assert np.abs(ours[-1] - ours[0]).max() > 1e-4


def test_muon_takes_matrices_alone(adapted):
    component = adapted(optim.Muon)
    assert component.requires() == {"gradient", "matrices"}
    layout = Layout((Block("a", (3, 4), "hidden"), Block("b", (2, 3), "output")))
    matrices = Trough(np.ones(18), np.arange(18.0), layout)
    assert_array_equal(
        walk(component, matrices, STEPS).iterates, plain(optim.Muon, matrices, "float64")
    )


@pytest.mark.parametrize(
    ("ours", "found", "given"),
    [
        ("adam", optim.Adam, {}),
        ("adamw:weight_decay=0.1", optim.AdamW, {"weight_decay": 0.1}),
        ("nadam:lr=0.001", optim.NAdam, {"lr": 0.001}),
        ("amsgrad", optim.Adam, {"amsgrad": True}),
        ("sgd:lr=0.05", optim.SGD, {"lr": 0.05}),
    ],
)
def test_built_in_optimizers_take_the_same_steps(adapted, trough, ours, found, given):
    mine = optframe.make(ours)
    theirs = walk(adapted(found, **given), trough, STEPS).iterates
    assert_allclose(theirs, walk(mine, trough, STEPS).iterates, rtol=1e-6)


@pytest.mark.parametrize("found", [optim.AdamW, optim.SGD, optim.LBFGS])
def test_the_kit_accepts_them(adapted, found):
    # Without a line search, L-BFGS diverges on minibatches of four records, and it takes minutes.
    slow = {"lowers-the-loss", "enough-checks-apply"} if found is optim.LBFGS else set()
    checks = [one for one in check_optimizer(adapted(found)) if one.__name__ not in slow]
    assert [one.outcome for one in checks if one.outcome.status == "failed"] == []
    assert sum(one.outcome.status == "passed" for one in checks) >= 15


def test_another_device_is_served_by_copies(adapted, trough):
    pytest.importorskip("array_api_strict", reason="array-api-strict is not installed")
    component = adapted(optim.AdamW)
    strict = walk(component, trough, STEPS, backend=StrictBackend()).iterates
    assert_array_equal(strict, walk(component, trough, STEPS).iterates)


def test_groups_differ_by_kind_and_by_name(adapted, trough):
    groups = (
        {"kind": "bias", "weight_decay": 0.0},
        {"name": "first.*", "lr": 0.5, "weight_decay": 0.1},
    )
    ours = walk(adapted(optim.SGD, lr=0.1, weight_decay=0.2, groups=groups), trough, STEPS)

    def make(parameters):
        weight, bias, *others = parameters
        return optim.SGD(
            [
                {"params": [bias], "weight_decay": 0.0},
                {"params": [weight], "lr": 0.5, "weight_decay": 0.1},
                {"params": others},
            ],
            lr=0.1,
            weight_decay=0.2,
        )

    assert_array_equal(ours.iterates, plain(make, trough, "float64"))


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (({"weight_decay": 0},), "groups: expected { kind = ... } or { name = ... }"),
        (({"kind": "bias", "weight_decy": 0},), "did you mean 'weight_decay'"),
        (({"kind": "bias", "lr": {"schedule": "cosine"}},), "groups: lr: expected a value"),
    ],
)
def test_wrong_groups_are_refused(adapted, groups, message):
    with pytest.raises(ValueError, match=message):
        adapted(optim.SGD, groups=groups)


def test_a_group_for_no_block_is_refused(adapted, trough):
    with pytest.raises(
        UsageError, match=r"no block has the name 'layers.\*'; the blocks are first"
    ):
        walk(adapted(optim.SGD, groups=({"name": "layers.*"},)), trough, 1)


@dataclasses.dataclass(frozen=True)
class Falling(Schedule):
    """0.2, 0.1, 0.05, ...; or one that begins at 0."""

    first: float = 0.2

    def __call__(self, k, epoch, progress):
        return self.first * 0.5**k if self.first else min(k / 4, 1.0) / 10


class TwoRates(optim.SGD):
    """A class whose second group has a rate of its own, as those with Adam beside Muon have."""

    def __init__(self, params, lr=0.1):
        params = list(params)
        super().__init__([{"params": params[:1]}, {"params": params[1:], "lr": 0.003}], lr=lr)


def test_a_constant_rate_is_never_written_into_groups(adapted, trough):
    ours = walk(adapted(TwoRates, lr=0.2), trough, STEPS).iterates
    assert_array_equal(ours, plain(lambda p: TwoRates(p, lr=0.2), trough, "float64"))


@pytest.mark.parametrize("first", [0.2, 0.0])
def test_a_schedule_scales_what_the_constructor_made(adapted, trough, first):
    schedule = Falling(first)
    base = first or 0.1

    def rates(k, optimizer):
        value = schedule(k, 0.0, 0.0)
        one, other = optimizer.param_groups
        one["lr"], other["lr"] = value, 0.003 * (value / base)

    ours = walk(adapted(TwoRates, lr=schedule), trough, STEPS).iterates
    theirs = plain(lambda p: TwoRates(p, lr=base), trough, "float64", before=rates)
    assert_array_equal(ours, theirs)


class Averaging(optim.Optimizer):
    """Keeps an average, which ``eval`` puts in the parameters' place, with rounding."""

    def __init__(self, params, lr=0.1):
        super().__init__(params, {"lr": lr})
        self.training = False

    def train(self):
        self._move(1 / 3, True)

    def eval(self):
        self._move(3, False)

    @torch.no_grad()
    def _move(self, factor, training):
        for group in self.param_groups if self.training is not training else ():
            for p in group["params"]:
                p.mul_(factor)
        self.training = training

    @torch.no_grad()
    def step(self, closure=None):
        if not self.training:
            raise RuntimeError("not in train mode")
        for group in self.param_groups:
            for p in group["params"]:
                p.sub_(p.grad, alpha=group["lr"])


def test_a_solution_moves_neither_theta_nor_the_run(adapted, trough):
    component = adapted(Averaging)
    problem = bound(trough, dtype="float32")
    oracle = oracle_of(problem)
    theta = problem.start(np.random.default_rng(0)).astype("float32")
    state = component.init(theta, oracle)
    for _ in range(3):
        theta, state = component.step(theta, state, oracle)
        kept = theta.copy()
        solution = component.solution(theta, state)
        assert_array_equal(theta, kept)
        assert_allclose(solution, 3 * kept, rtol=1e-6)
        assert_array_equal(component.solution(kept, state), solution)
    assert_array_equal(theta, walk(component, trough, 3, dtype="float32").theta)


def oracle_of(problem):
    from optframe import Oracle
    from optframe.contracts.counts import Counts

    return Oracle(problem, problem.setting.backend, Counts(), np.random.default_rng)


class Hoarding(optim.Optimizer):
    """Its state has all that `load_state_dict` would spoil, and one attribute changes."""

    def __init__(self, params, lr=0.05):
        super().__init__(params, {"lr": lr})
        self.calls = 0
        self.last = deque(maxlen=2)

    @torch.no_grad()
    def step(self, closure=None):
        self.calls += 1
        for group in self.param_groups:
            group["lr"] *= 0.9
            for p in group["params"]:
                state = self.state[p]
                state.setdefault("short", torch.zeros_like(p, dtype=torch.bfloat16))
                state.setdefault("long", torch.zeros(p.shape, dtype=torch.float64))
                state["short"].add_(p.grad)
                state["long"].add_(p.grad)
                state["alias"], state["kind"] = state["long"], p.dtype
                p.sub_(state["short"] + state["alias"], alpha=group["lr"])
        self.state["sum"] = self.state.get("sum", torch.zeros(())) + self.calls
        self.last.append(float(self.state["sum"]))
        first = self.param_groups[0]["params"][0]
        first.add_(sum(self.last) * 1e-3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("found", [Hoarding, optim.AdamW, optim.LBFGS, optim.NAdam])
def test_a_run_goes_on_to_the_bit(adapted, trough, found, dtype):
    component = adapted(found)
    assert component.resumable
    whole = walk(component, trough, STEPS, dtype=dtype)
    half = walk(component, trough, STEPS // 2, dtype=dtype)
    saved = component.dump(half.state)
    rest = walk(
        component, trough, STEPS // 2, half.theta.copy(), dtype=dtype, plain=saved, first=STEPS // 2
    )
    assert_array_equal(rest.iterates, whole.iterates[STEPS // 2 :])


def test_what_cannot_be_saved_is_said(adapted):
    class Strange(optim.SGD):
        def step(self, closure=None):
            self.strange = object()
            return super().step(closure)

    component = adapted(Strange)
    assert not component.resumable
    assert component.facts.unsaved == "its state contains a object"


class Drawing(optim.SGD):
    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                p.grad += torch.randn(p.shape, dtype=p.dtype)
        return super().step(closure)


def test_draws_follow_from_the_oracles_generator(adapted, trough):
    component = adapted(Drawing)
    assert component.random
    before = torch.get_rng_state()
    one, again, other = (walk(component, trough, 3, seed=seed).iterates[-1] for seed in (0, 0, 1))
    assert_array_equal(one, again)
    assert np.abs(one - other).max() > 1e-4
    assert not adapted(optim.SGD).random
    assert not torch.equal(before, torch.get_rng_state())


def test_a_probe_leaves_the_generators_as_they_were(adapted):
    states = torch.get_rng_state(), np.random.get_state()[1].tolist()
    adapted(type("Another", (Drawing,), {}))
    assert torch.equal(states[0], torch.get_rng_state())
    assert states[1] == np.random.get_state()[1].tolist()


class Curved(optim.Optimizer):
    """θ ← θ − lr·(g + H g), by differentiating the gradient."""

    def __init__(self, params, lr=0.05):
        super().__init__(params, {"lr": lr})

    def step(self, closure=None):
        parameters = [p for group in self.param_groups for p in group["params"]]
        gradients = [p.grad for p in parameters]
        weights = [g.detach() for g in gradients]
        products = torch.autograd.grad(gradients, parameters, weights)
        with torch.no_grad():
            for p, g, h in zip(parameters, gradients, products, strict=True):
                p.sub_(g.detach() + h, alpha=self.param_groups[0]["lr"])


def test_products_with_the_hessian_are_the_oracles(adapted):
    component = adapted(Curved)
    assert component.requires() == {"gradient", "hvp"}
    a = np.array([[3.0, 1.0], [1.0, 2.0]])
    bowl = Bowl(a, np.zeros(2))
    found = walk(component, bowl, 1, np.array([1.0, -1.0]))
    g = a @ [1.0, -1.0]
    assert_allclose(found.theta, [1.0, -1.0] - 0.05 * (g + a @ g), rtol=1e-12)
    assert found.words == {"gradient", "hvp", "layout"}


class Sharp(optim.Optimizer):
    """Sharpness-aware: it reads the gradient, moves, and calls the closure there."""

    def __init__(self, params, lr=0.1):
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure):
        parameters = [p for group in self.param_groups for p in group["params"]]
        kept = [p.clone() for p in parameters]
        for p in parameters:
            p.add_(p.grad, alpha=0.05)
        with torch.enable_grad():
            closure()
        for p, old in zip(parameters, kept, strict=True):
            p.copy_(old)
            p.sub_(p.grad, alpha=self.param_groups[0]["lr"])


def test_a_closure_is_answered_and_counted_by_the_oracle(adapted):
    component = adapted(Sharp)
    assert (component.facts.closure, component.facts.before) == (True, True)
    assert component.requires() == {"gradient", "loss"}
    a = np.array([[3.0, 1.0], [1.0, 2.0]])
    problem = bound(Bowl(a, np.zeros(2)))
    oracle = oracle_of(problem)
    start = np.array([1.0, -1.0])
    theta, _ = component.step(start, component.init(start, oracle), oracle)
    assert_allclose(theta, start - 0.1 * a @ (start + 0.05 * a @ start), rtol=1e-12)
    assert (oracle.counts.gradients, oracle.counts.losses) == (2, 1)


class Replacing(optim.SGD):
    """Puts other tensors in the parameters' place."""

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                p.data = p.data - group["lr"] * p.grad


def test_other_tensors_in_place_of_the_parameters_are_copied_back(adapted, trough):
    ours = walk(adapted(Replacing), trough, STEPS).iterates
    assert_array_equal(ours, plain(Replacing, trough, "float64"))
    assert np.abs(ours[-1] - ours[0]).max() > 1e-4


class Growing(optim.SGD):
    @torch.no_grad()
    def step(self, closure=None):
        for p in self.param_groups[0]["params"]:
            p.data = torch.cat([p.data, p.data])


class Elsewhere(optim.SGD):
    """Steps copies of its parameters."""

    def __init__(self, params, lr=0.1):
        super().__init__([p.detach().clone().requires_grad_() for p in params], lr)


class Keeping(optim.SGD):
    """Calls the closure of its first step again, after that step."""

    def step(self, closure):
        self.kept = getattr(self, "kept", closure)
        return super().step(closure)


class Broken(optim.SGD):
    def __init__(self, params, lr=0.1):
        raise RuntimeError("no\nsuch thing")


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (optim.SparseAdam, "it does not run: SparseAdam does not support dense gradients"),
        (Growing, "Growing changed the shape of hidden.weight from"),
        (Elsewhere, "it steps other parameters than those that it was given"),
        (Broken, "^no such thing$"),
    ],
)
def test_a_class_that_cannot_run_says_why_in_one_line(adapted, found, message):
    with pytest.raises(ValueError, match=message) as raised:
        adapted(found)
    assert "\n" not in str(raised.value)


def test_torchs_own_message_refuses_a_value(adapted):
    with pytest.raises(ValueError, match=r"^Invalid beta parameter at index 0: 1\.5$"):
        adapted(optim.AdamW, betas=(1.5, 0.9))


def test_a_closure_outside_of_a_step_is_refused(adapted, trough):
    component = adapted(Keeping)
    walked = walk(component, trough, 1)
    with pytest.raises(OptframeError, match="Keeping called its closure outside of a step"):
        walked.state.optimizer.kept()


def test_only_classes_are_recognized_that_are_optimizers():
    from optframe_plugins.adapters.torch import Torch

    adapter = Torch()
    assert adapter.recognizes(optim.AdamW) == "optimizers"
    assert adapter.recognizes(optim.lr_scheduler.StepLR) == "schedules"
    for other in (optim.Optimizer, torch.nn.Linear, optim, "torch", optim.SGD([torch.zeros(1)])):
        assert adapter.recognizes(other) is None


def module():
    torch.manual_seed(0)
    nn = torch.nn
    return nn.Sequential(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 3))


def records():
    random = np.random.default_rng(3)
    return random.standard_normal((60, 6)).astype("float32"), random.integers(3, size=60)


@pytest.mark.parametrize(("found", "given"), CLASSES)
def test_the_parameters_of_a_torch_problem_are_stepped_themselves(adapted, found, given):
    x, y = (torch.tensor(part) for part in records())
    loss = torch.nn.functional.cross_entropy
    problem = bound(optframe.TorchProblem(module(), loss, (x, y)), dtype="float32")
    component, oracle = adapted(found, **given), oracle_of(problem)
    oracle.see(problem.draw(slice(None), None))
    theta = problem.start(np.random.default_rng(0))
    state = component.init(theta, oracle)
    own = problem.parameters_at(state.memory.read())
    assert all(p is mine for p, mine in zip(state.parameters, own, strict=True))

    plain_module = module()
    theirs = found(plain_module.parameters(), **given)

    def closure():
        theirs.zero_grad()
        value = loss(plain_module(x), y)
        value.backward()
        return value

    for _ in range(4):
        theta, state = component.step(theta, state, oracle)
        problem.metrics(theta + 1)  # another θ comes in between
        if component.facts.closure:
            theirs.step(closure)
        else:
            closure()
            theirs.step()
    assert state.memory.read() is theta
    flat = np.concatenate([p.detach().numpy().ravel() for p in plain_module.parameters()])
    assert_array_equal(theta, flat)
    assert oracle.counts.gradients >= 4


def test_a_wrapper_that_changes_gradients_is_heard(adapted):
    x, y = records()
    problem = bound(
        optframe.TorchProblem(module(), torch.nn.functional.cross_entropy, (x, y)), dtype="float32"
    )
    component, oracle = adapted(optim.SGD, lr=0.1), oracle_of(problem)
    oracle.see(problem.draw(slice(None), None))
    theta = problem.start(np.random.default_rng(0))
    start, state = theta.copy(), component.init(theta, oracle)
    theta, _ = component.step(theta, state, oracle.through(lambda g: 0 * g + 1))
    assert_allclose(theta, start - np.float32(0.1), rtol=1e-6)


def test_products_with_the_hessian_of_a_torch_problem(adapted):
    problem = bound(
        optframe.TorchProblem(module(), torch.nn.functional.cross_entropy, records()),
        dtype="float32",
    )
    component, oracle = adapted(Curved), oracle_of(problem)
    batch = problem.draw(slice(None), None)
    oracle.see(batch)
    theta = problem.start(np.random.default_rng(0))
    start = theta.copy()
    theta, _ = component.step(theta, component.init(theta, oracle), oracle)
    g = problem.gradient(start, batch)
    assert_allclose(theta, start - 0.05 * (g + problem.hvp(start, g, batch)), atol=1e-6)
    assert np.abs(theta - start).max() > 1e-3
