"""Split gives each kind of block its optimizer: as if each part were run by hand."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import optframe
from optframe import Block, Function, Layout, Optimizer, Study, UsageError, load_plugins
from optframe.components.binder import Binder
from optframe.execution.trial_runner import TrialRunner
from optframe.study.study import plan
from optframe.testing import check_optimizer
from optframe.testing.optimizers.sealed import Sealed
from optframe_plugins.optimizers.adam import Adam
from optframe_plugins.optimizers.bfgs import BFGS
from optframe_plugins.optimizers.delta_bar_delta import DeltaBarDelta
from optframe_plugins.optimizers.momentum import Momentum
from optframe_plugins.optimizers.nesterov import Nesterov
from optframe_plugins.optimizers.newton import Newton
from optframe_plugins.optimizers.regularized_newton import RegularizedNewton
from optframe_plugins.optimizers.sgd import SGD
from optframe_plugins.optimizers.split import Split
from optframe_plugins.schedules.linear import Linear
from optframe_plugins.wrappers.clip_norm import ClipNorm
from optframe_plugins.wrappers.polyak import Polyak
from optframe_plugins.wrappers.weight_decay import WeightDecay

BLOCKS = Layout(
    (
        Block("w1", (2, 3), "input"),
        Block("b1", (3,), "bias"),
        Block("w2", (3, 3), "hidden"),
        Block("s2", (3,), "scale"),
        Block("w3", (3, 2), "hidden"),
        Block("k", (2, 1, 1, 2), "hidden"),
        Block("v", (2,), "parameter"),
        Block("w4", (2, 2), "output"),
    )
)
SIZE = BLOCKS.size
WHERE = {
    kind: np.concatenate(
        [np.arange(SIZE)[BLOCKS.slices[block.name]] for block in BLOCKS if block.kind == kind]
    )
    for kind in ("input", "hidden", "output", "bias", "scale", "parameter")
}


@dataclass(frozen=True)
class Coupled(Function):
    """½(θ − c)ᵀA(θ − c), whose blocks depend on each other; with ``apart``, they do not."""

    apart: bool = False
    blocks: Layout = BLOCKS

    @property
    def size(self):
        return self.blocks.size

    def layout(self):
        return self.blocks

    @property
    def matrix(self):
        random = np.random.default_rng(5)
        mix = random.standard_normal((self.size, self.size)) / 8
        whole = mix @ mix.T + np.eye(self.size)
        return np.diag(np.diag(whole)) if self.apart else whole

    @property
    def center(self):
        return np.random.default_rng(6).standard_normal(self.size)

    def start(self, random):
        return np.random.default_rng(7).standard_normal(self.size)

    def _off(self, theta):
        return theta - self.asarray(self.center)

    def loss(self, theta):
        off = self._off(theta)
        return 0.5 * self.xp.sum(off * self.gradient(theta), axis=-1)

    def gradient(self, theta):
        return self.xp.sum(self.asarray(self.matrix) * self._off(theta)[..., None, :], axis=-1)

    def hessian(self, theta):
        return self.asarray(self.matrix)

    def hvp(self, theta, v):
        return self.asarray(self.matrix) @ v


def iterates(optimizer, problem=None, steps=12, **given):
    return optframe.minimize(
        problem or Coupled(), optimizer, steps=steps, iterates=True, backend="numpy", **given
    )


class Given:
    """An oracle that was told the gradient."""

    xp, layout = np, None

    def __init__(self, gradient):
        self._gradient = gradient

    def gradient(self, theta):
        return self._gradient


def by_hand(parts, steps=12, dtype="float64"):
    """Run optimizers on the separate arrays of their parameters, all at the gradient of one θ."""
    problem = Coupled()
    theta = problem.start(None).astype(dtype)
    matrix, center = problem.matrix.astype(dtype), problem.center.astype(dtype)
    states = [one.init(theta[where].copy(), Given(None)) for one, where in parts]
    found = [theta]
    for _ in range(steps):
        g = (matrix * (theta - center)[None, :]).sum(axis=-1)
        following = theta.copy()
        for i, (one, where) in enumerate(parts):
            phi, states[i] = one.step(theta[where].copy(), states[i], Given(g[where].copy()))
            following[where] = phi
        theta = following
        found.append(theta)
    return np.stack(found)


def rest(*kinds):
    return np.sort(np.concatenate([WHERE[kind] for kind in WHERE if kind not in kinds]))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_each_part_takes_the_steps_that_it_takes_by_hand_to_the_bit(dtype):
    split = Split(hidden=Momentum(lr=0.1), bias=SGD(lr=0.3), rest=Adam(lr=0.05))
    parts = [
        (Momentum(lr=0.1), WHERE["hidden"]),
        (SGD(lr=0.3), WHERE["bias"]),
        (Adam(lr=0.05), rest("hidden", "bias")),
    ]
    found = iterates(split, dtype=dtype)
    assert found.iterates.dtype == dtype
    assert np.array_equal(found.iterates, by_hand(parts, dtype=dtype))
    assert (found.counts.gradients, found.counts.losses, found.counts.work) == (12, 0, 12)


def test_every_kind_may_have_its_own():
    each = {kind: Momentum(lr=0.01 * (i + 1)) for i, kind in enumerate(WHERE)}
    parts = [(each[kind], WHERE[kind]) for kind in WHERE]
    assert np.array_equal(iterates(Split(**each)).iterates, by_hand(parts))


def test_matrices_are_the_blocks_with_two_axes_whose_kind_has_no_optimizer():
    names = {"w1", "w2", "w3"}
    matrices = np.concatenate([np.arange(SIZE)[BLOCKS.slices[name]] for name in sorted(names)])
    others = np.setdiff1d(np.arange(SIZE), [*matrices, *WHERE["output"]])
    split = Split(matrices=Momentum(lr=0.1), output=SGD(lr=0.3), rest=Adam(lr=0.05))
    parts = [
        (Momentum(lr=0.1), matrices),
        (SGD(lr=0.3), WHERE["output"]),
        (Adam(lr=0.05), others),
    ]
    assert np.array_equal(iterates(split).iterates, by_hand(parts))


@pytest.mark.parametrize("make", [SGD, Momentum, Adam, lambda: Nesterov(form="torch")])
def test_parts_with_the_same_rule_for_each_number_are_that_rule(make):
    split = Split(hidden=make(), bias=make(), rest=make())
    assert np.array_equal(iterates(split).iterates, iterates(make()).iterates)


def test_without_parts_it_is_adamw():
    assert np.array_equal(iterates("split").iterates, iterates("adamw").iterates)


def test_where_blocks_do_not_interact_parts_are_independent_runs():
    """θₖ = c + (1 − εa)ᵏ(θ₀ − c) for gradient descent on a separable quadratic."""
    problem = Coupled(apart=True)
    found = iterates(Split(hidden=SGD(lr=0.3), rest=SGD(lr=0.1)), problem, steps=9).iterates
    a, c = np.diag(problem.matrix), problem.center
    lr = np.full(SIZE, 0.1)
    lr[WHERE["hidden"]] = 0.3
    expected = c + (1 - lr * a) ** np.arange(10)[:, None] * (found[0] - c)
    assert np.allclose(found, expected, rtol=0, atol=1e-14)


def held(problem, theta, where, phi):
    """∂f/∂φ at φ, with the other blocks as in θ."""
    whole = theta.copy()
    whole[where] = phi
    return (problem.matrix @ (whole - problem.center))[where]


def test_a_part_that_looks_ahead_sees_the_other_blocks_held():
    split = Split(hidden=Nesterov(lr=0.1, momentum=0.5), rest=Nesterov(lr=0.2, momentum=0.8))
    problem = Coupled()
    found = iterates(split, problem, steps=6)
    parts = [(WHERE["hidden"], 0.1, 0.5), (rest("hidden"), 0.2, 0.8)]
    theta, v = found.iterates[0], np.zeros(SIZE)
    for k in range(6):
        following = theta.copy()
        for where, lr, momentum in parts:
            g = held(problem, theta, where, theta[where] + momentum * v[where])
            v[where] = momentum * v[where] - lr * g
            following[where] = theta[where] + v[where]
        theta = following
        assert np.allclose(found.iterates[k + 1], theta, rtol=0, atol=1e-13), k
    # At the first step both look at θ itself, and share its gradient.
    assert found.counts.gradients == 1 + 2 * 5


def test_newton_on_one_part_uses_its_block_of_the_hessian():
    problem, where = Coupled(), WHERE["hidden"]
    found = iterates(Split(hidden=Newton(), rest=SGD(lr=0.1)), problem, steps=3)
    block = problem.matrix[np.ix_(where, where)]
    for before, after in zip(found.iterates[:-1], found.iterates[1:], strict=True):
        g = problem.matrix @ (before - problem.center)
        step = np.linalg.solve(block, g[where])
        assert np.allclose(after[where], before[where] - step, rtol=0, atol=1e-12)
        others = rest("hidden")
        assert np.allclose(after[others], before[others] - 0.1 * g[others], rtol=0, atol=1e-12)
    assert (found.counts.gradients, found.counts.hessians) == (3, 3)


def test_a_wrapper_inside_sees_its_part_and_one_outside_sees_all():
    problem = Coupled()
    theta = problem.start(None)
    g = problem.matrix @ (theta - problem.center)
    where, others = WHERE["hidden"], rest("hidden")
    inside = iterates(Split(hidden=ClipNorm(SGD(lr=1.0), max=0.5), rest=SGD(lr=1.0)), steps=1)
    clipped = 0.5 * g[where] / np.linalg.norm(g[where])
    assert np.allclose(inside.theta[where], theta[where] - clipped, rtol=0, atol=1e-14)
    assert np.allclose(inside.theta[others], theta[others] - g[others], rtol=0, atol=1e-14)
    outside = iterates(ClipNorm(Split(hidden=SGD(lr=1.0), rest=SGD(lr=1.0)), max=0.5), steps=1)
    expected = theta - 0.5 * g / np.linalg.norm(g)
    assert np.allclose(outside.theta, expected, rtol=0, atol=1e-14)


def test_a_penalty_inside_is_that_of_the_part_and_is_clipped_with_it():
    """The gradient of one part is g + λφ at its own φ, and what wraps this sees the sum."""
    problem, where, others = Coupled(), WHERE["hidden"], rest("hidden")
    penalized = ClipNorm(WeightDecay(SGD(lr=1.0), decay=0.3, form="coupled"), max=0.5)
    inside = WeightDecay(ClipNorm(SGD(lr=1.0), max=0.5), decay=0.3, form="coupled")
    theta = problem.start(None)
    g = problem.matrix @ (theta - problem.center)
    clip = lambda part: 0.5 * part / np.linalg.norm(part)  # noqa: E731
    for optimizer, step in (
        (penalized, clip(g[where]) + 0.3 * theta[where]),
        (inside, clip(g[where] + 0.3 * theta[where])),
    ):
        found = iterates(Split(hidden=optimizer, rest=SGD(lr=1.0)), steps=1).theta
        assert np.allclose(found[where], theta[where] - step, rtol=0, atol=1e-14)
        assert np.allclose(found[others], theta[others] - g[others], rtol=0, atol=1e-14)


def test_the_solution_is_that_of_each_part():
    found = iterates(Split(hidden=Polyak(SGD(lr=0.1)), rest=SGD(lr=0.1)), steps=7)
    plain = iterates(SGD(lr=0.1), steps=7).iterates
    where, others = WHERE["hidden"], rest("hidden")
    assert np.allclose(found.theta[where], plain[1:, where].mean(axis=0), rtol=0, atol=1e-14)
    assert np.array_equal(found.theta[others], plain[-1][others])


@dataclass(frozen=True)
class InPlace(Optimizer):
    """It moves θ in place, asks there, and fills what it was given with nonsense."""

    def step(self, theta, state, oracle):
        theta -= 0.25
        new = theta - 0.1 * oracle.gradient(theta)
        theta[...] = np.nan
        return new, state


def test_a_part_may_overwrite_what_it_is_given():
    problem = Coupled()
    found = iterates(Split(hidden=InPlace(), rest=InPlace()), problem, steps=1)
    theta = problem.start(None)
    for where in (WHERE["hidden"], rest("hidden")):
        moved = theta[where] - 0.25
        expected = moved - 0.1 * held(problem, theta, where, moved)
        assert np.allclose(found.theta[where], expected, rtol=0, atol=1e-13)
    assert found.counts.gradients == 2


@dataclass(frozen=True)
class AsksMuch(Optimizer):
    """It asks for everything, with the gradient twice at the same θ."""

    needs = frozenset({"gradient", "loss", "hvp"})

    def step(self, theta, state, oracle):
        loss, g = oracle.loss_and_gradient(theta)
        assert oracle.loss(theta) == loss == oracle.full.loss(theta)
        assert np.array_equal(oracle.gradient(theta), g)
        points = oracle.xp.stack([theta, theta + 0.1, theta - 0.1])
        losses = oracle.loss(points)
        assert losses.shape == (3,)
        assert np.allclose(losses[0], loss, rtol=1e-13)
        slope = (losses[1] - losses[2]) / 0.2
        assert np.allclose(slope, g.sum(), rtol=1e-9)
        turned = oracle.hvp(theta, g)
        ahead = oracle.gradient(theta + 1e-3 * g)
        assert np.allclose(turned, (ahead - g) / 1e-3, rtol=1e-9)
        assert oracle.layout.size == theta.shape[-1]
        return theta - 0.01 * g, state


def test_all_evaluations_are_those_of_the_part_and_are_counted():
    found = iterates(Split(hidden=AsksMuch(), rest=AsksMuch()), steps=1)
    counts = found.counts
    # What is asked at θ is shared; each part asks at 3 points, at one, and for a product.
    assert (counts.losses, counts.gradients, counts.hvps) == (1 + 2 * 3, 1 + 2, 2)


@pytest.mark.parametrize("word", ["partial", "coordinate_minimum", "minimum", "counted", "prox"])
def test_what_a_part_cannot_have_is_refused_where_it_is_asked(word):
    @dataclass(frozen=True)
    class Asks(Optimizer):
        def step(self, theta, state, oracle):
            if word in ("minimum", "counted"):
                found = getattr(oracle, word)
                return theta + found(gradients=1), state
            if word == "prox":
                return oracle.ask("prox", theta), state
            return theta - getattr(oracle, word)(theta, 0), state

    with pytest.raises(LookupError, match=f"hidden: an optimizer of some blocks .* {word}"):
        iterates(Split(hidden=Asks()), steps=1)


@dataclass(frozen=True)
class MatricesOnly(Optimizer):
    needs = frozenset({"gradient", "matrices"})

    def step(self, theta, state, oracle):
        views = oracle.layout.views(oracle.gradient(theta))
        assert all(view.ndim == 2 for view in views.values())
        signs = {name: np.sign(view) for name, view in views.items()}
        return theta - 0.01 * oracle.layout.flat(signs), state


def test_an_optimizer_of_matrices_gets_matrices():
    split = Split(matrices=MatricesOnly(), rest=SGD())
    assert split.requires() == {"gradient"}
    found = iterates(split, steps=2).iterates
    for name, where in BLOCKS.slices.items():
        if name in ("w1", "w2", "w3", "w4"):
            assert np.allclose(np.abs(found[1] - found[0])[where], 0.01)
    reason = "hidden: MatricesOnly needs matrices, and block 'k' has the shape (2, 1, 1, 2)"
    assert Split(hidden=MatricesOnly()).refusal(BLOCKS) == reason
    with pytest.raises(UsageError) as refused:
        iterates(Split(hidden=MatricesOnly()))
    assert str(refused.value) == f"minimize: Split cannot run on Coupled: {reason}"


def test_trials_on_problems_without_blocks_of_a_kind_are_skipped():
    registry = load_plugins()
    problems = ["softmax:data=iris", "mlp:data=iris,hidden=[4,4]", "rosenbrock"]
    optimizers = ["split:hidden=sgd", "split:matrices=sgd+polyak", "split:output='split:scale=sgd'"]
    study = Study("s", {"steps": 5}, optimizers, problems)
    trials = plan(study, registry, Binder(registry))
    reasons = [(trial.problem.name, trial.skip) for trial in trials]
    none = "split cannot run on {}: no block is left for {!r} (kinds of its blocks: {})"
    inside = (
        "split cannot run on {}: output: no block is left for 'scale' (kinds of its blocks: {})"
    )
    assert reasons == [
        ("softmax", none.format("softmax", "hidden", "output, bias")),
        ("softmax", None),
        ("softmax", inside.format("softmax", "output")),
        ("mlp", None),
        ("mlp", None),
        ("mlp", inside.format("mlp", "output")),
        ("rosenbrock", none.format("rosenbrock", "hidden", "parameter")),
        ("rosenbrock", none.format("rosenbrock", "matrices", "parameter")),
        ("rosenbrock", none.format("rosenbrock", "output", "parameter")),
    ]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            "split:hidden=bfgs",
            "hidden: BFGS needs deterministic, which an optimizer of some blocks",
        ),
        ("split:rest=delta-bar-delta", "rest: DeltaBarDelta needs deterministic, which"),
        ("split:rest='bfgs+polyak'", "rest: Polyak needs deterministic, which"),
        ("split:bias=coordinate-descent", "bias: CoordinateDescent needs coordinate_minimum"),
        ("split:hiden=sgd", "unknown parameter 'hiden'; did you mean 'hidden'?"),
        ("split:hidden='sgd:lr=0'", "hidden: lr: expected a number > 0, found 0"),
        ("split:weights=sgd", "unknown parameter 'weights'"),
    ],
)
def test_wrong_parts_are_one_line(written, told):
    with pytest.raises(UsageError) as refused:
        iterates(written)
    (line,) = refused.value.mistakes
    assert line.startswith(f"minimize: [[optimizer]] split: {told}")


@pytest.mark.parametrize("make", [BFGS, DeltaBarDelta])
def test_wrong_parts_made_in_python_are_refused_too(make):
    with pytest.raises(ValueError, match=r"hidden: .* needs deterministic"):
        Split(hidden=make())


@dataclass(frozen=True)
class Promotes(Optimizer):
    def step(self, theta, state, oracle):
        return theta - 0.1 * oracle.gradient(theta).astype("float64"), state


@dataclass(frozen=True)
class Stops(Optimizer):
    def step(self, theta, state, oracle):
        oracle.stop("enough")
        return theta, state


def test_what_a_part_does_wrong_names_the_part():
    with pytest.raises(
        TypeError, match=r"bias: Promotes.step returned θ as float64 \(3,\); expect"
    ):
        iterates(Split(bias=Promotes()), dtype="float32")
    found = iterates(Split(bias=Stops()))
    assert (found.status, found.reason) == ("stopped", "bias: enough")


@dataclass(frozen=True)
class Shaken(Optimizer):
    random = True

    def step(self, theta, state, oracle):
        return theta - 0.1 * oracle.random.standard_normal(theta.shape), state


def test_parts_that_draw_draw_different_numbers_and_have_seeds():
    layout = Layout((Block("a", (3,), "bias"), Block("b", (3,), "scale")))
    problem = Coupled(blocks=layout)
    moved = np.diff(iterates(Split(bias=Shaken(), scale=Shaken()), problem, steps=1).iterates[:2].T)
    assert not np.isclose(moved[:3], moved[3:]).any()
    study = Study("s", {"steps": 5}, [Split(bias=Shaken()), Split()], [problem], seeds=3)
    assert [trial.seed for trial in study.trials(load_plugins())] == [0, 1, 2, 0]


def test_schedules_and_differing_rates_inside_work_alone_and_together():
    optimizers = [
        {"name": "split", "hidden": f"momentum:lr={lr}", "rest": {"name": "sgd", "lr": ramp}}
        for lr in (0.05, 0.1)
        for ramp in ({"schedule": "linear", "start": 0.1, "end": 0.01, "steps": 20},)
    ]
    registry = load_plugins()
    binder = Binder(registry)
    study = Study("s", {"steps": 20}, optimizers, ["mlp:data=iris,hidden=[4,4]"], seeds=2)
    trials = plan(study, registry, binder)
    runner = TrialRunner(registry, binder)
    together, alone = runner(trials), [runner([trial])[0] for trial in trials]
    for one, other in zip(together, alone, strict=True):
        assert (one.together, other.together) == (4, 1)
        columns = [name != "seconds" for name in one.columns]
        assert np.allclose(one.curve[:, columns], other.curve[:, columns], rtol=1e-9)
    ramp = Linear(0.1, 0.01, 20)
    made = Split(hidden=Momentum(lr=0.05), rest=SGD(lr=ramp))
    parts = [(Momentum(lr=0.05), WHERE["hidden"]), (SGD(lr=ramp(0, 0, 0)), rest("hidden"))]
    assert np.array_equal(iterates(made, steps=1).iterates, by_hand(parts, 1))


@pytest.mark.parametrize(
    "optimizer",
    [
        Split(),
        Split(hidden=Momentum(), rest=Adam()),
        Split(matrices=Nesterov(), rest=Polyak(SGD())),
        Split(
            hidden=Sealed(Adam()), input=ClipNorm(Polyak(Sealed(Momentum()))), rest=Sealed(SGD())
        ),
        Polyak(Split(bias=Split(bias=Sealed(Adam())), output=RegularizedNewton())),
    ],
)
def test_the_kit_has_no_complaint(optimizer):
    outcomes = check_optimizer(optimizer).run()
    assert [one for one in outcomes if one.status in ("failed", "warned")] == []


def test_blocks_side_by_side_are_seen_without_a_copy():
    from optframe.contracts.restricted import Blocks

    array = np.arange(float(SIZE))
    pair = Blocks(BLOCKS, BLOCKS.blocks[2:5], np)
    assert np.shares_memory(pair.taken(array), array)
    assert not np.shares_memory(pair.copied(array), array)
    apart = Blocks(BLOCKS, [BLOCKS.blocks[0], BLOCKS.blocks[2]], np)
    assert not np.shares_memory(apart.taken(array), array)
    for blocks in (pair, apart):
        phi = blocks.copied(array)
        assert blocks.same(array, phi)
        assert not blocks.same(array, phi + (np.arange(blocks.size) == blocks.size - 1))
        other = np.zeros(SIZE)
        blocks.put(other, phi)
        assert other.sum() == phi.sum()
        assert np.array_equal(blocks.taken(other), phi)


def test_large_blocks_that_lie_apart_are_compared_where_they_lie(monkeypatch):
    wide = Layout(tuple(Block(str(i), (1500,), ("bias", "scale")[i % 2]) for i in range(4)))
    problem = Coupled(apart=True, blocks=wide)

    @dataclass(frozen=True)
    class Wide(Function):
        size = wide.size

        def layout(self):
            return wide

        def start(self, random):
            return np.linspace(-1, 1, wide.size)

        def loss(self, theta):
            return self.xp.sum(theta**4, axis=-1)

        def gradient(self, theta):
            return 4 * theta**3

    assert problem.size == 6000
    for dtype in ("float64", "float32"):
        split = iterates(Split(bias=Momentum(), scale=Momentum()), Wide(), dtype=dtype, steps=4)
        plain = iterates(Momentum(), Wide(), dtype=dtype, steps=4)
        assert np.array_equal(split.iterates, plain.iterates)
        assert split.counts.gradients == 4


def test_two_parts_are_pickled_and_compared_like_any_component():
    made: Any = Split(hidden=Momentum(), rest=Adam())
    assert dataclasses.replace(made, rest=SGD()) == Split(hidden=Momentum(), rest=SGD())
