"""The adapter of optax: held against bare loops, saved, and compiled together with a problem."""

import sys
import types

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import optframe
from optframe import Block, FunctionProblem, Layout, UsageError
from optframe.contracts.oracle import Counts, Oracle
from optframe.testing import PlainBackend, check_optimizer

jax = pytest.importorskip("jax", reason="jax is not installed: pip install jax")
optax = pytest.importorskip("optax", reason="optax is not installed: pip install optax")
jnp = jax.numpy

pytestmark = pytest.mark.usefixtures("quick_compilations")


BLOCKS = Layout((Block("w", (4, 3), "hidden"), Block("b", (3,), "bias")))
SCALE = np.linspace(0.5, 2, 15)
START = np.linspace(-1, 1.5, 15)


def value(blocks):
    """½ Σ sᵢ θᵢ², in JAX."""
    parts = {"w": SCALE[:12].reshape(4, 3), "b": SCALE[12:]}
    return sum(0.5 * jnp.sum(parts[k].astype(v.dtype) * v**2) for k, v in blocks.items())


@pytest.fixture
def bowl():
    """The same in NumPy, with blocks."""
    return FunctionProblem(
        lambda theta: float(0.5 * np.sum(SCALE * theta**2)),
        lambda theta: (SCALE * theta).astype(theta.dtype),
        theta0=START,
        layout=BLOCKS,
    )


@pytest.fixture
def in_jax():
    """The same as a `JaxProblem`."""
    return optframe.JaxProblem(value, {"w": START[:12].reshape(4, 3), "b": START[12:]})


def bare(made, steps, dtype, takes=()):
    """A loop as optax's documentation has it, without compilation."""
    with jax.enable_x64(dtype == "float64"):
        theta = START.astype(dtype)
        params = {k: jnp.asarray(v) for k, v in BLOCKS.views(theta).items()}
        state = made.init(params)
        for _ in range(steps):
            loss, slope = jax.value_and_grad(value)(params)
            every = {"value": loss, "grad": slope, "value_fn": value}
            extra = {name: every[name] for name in takes}
            updates, state = made.update(slope, state, params, **extra)
            params = optax.apply_updates(params, updates)
        return BLOCKS.flat({k: np.asarray(v) for k, v in params.items()})


CASES = {
    "optax.adam:learning_rate=0.1": (lambda: optax.adam(0.1), ()),
    "optax.contrib.muon:learning_rate=0.1": (lambda: optax.contrib.muon(0.1), ()),
    "optax.polyak_sgd": (optax.polyak_sgd, ("value",)),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_steps_are_those_of_a_bare_loop(name, dtype, bowl):
    make, takes = CASES[name]
    result = optframe.minimize(bowl, name, steps=8, dtype=dtype)
    expected = bare(make(), 8, dtype, takes)
    moved = np.abs(expected - START).max()
    assert moved > 0.1
    reach = moved * (5e-14 if dtype == "float64" else 1e-4)
    assert_allclose(result.theta, expected, rtol=0, atol=reach)
    assert result.theta.dtype == dtype
    assert (result.counts.gradients, result.counts.losses) == (8, 8 * len(takes))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_search_asks_the_oracle(dtype, bowl):
    """The zoom search evaluates at points of its own, and each evaluation is counted."""
    result = optframe.minimize(bowl, "optax.lbfgs", steps=4, dtype=dtype)
    expected = bare(optax.lbfgs(), 4, dtype, ("value", "grad", "value_fn"))
    assert_allclose(result.theta, expected, atol=1e-10 if dtype == "float64" else 1e-4)
    assert result.counts.losses == result.counts.gradients > 4


@pytest.mark.parametrize("name", ["optax.adam:learning_rate=0.1", "optax.lbfgs"])
def test_a_problem_in_jax_is_compiled_with_the_step(name, bowl, in_jax, monkeypatch):
    apart = optframe.minimize(bowl, name, steps=4)
    monkeypatch.setattr(type(in_jax), "gradient", pytest.fail)
    monkeypatch.setattr(type(in_jax), "loss_and_gradient", pytest.fail)
    shared = optframe.minimize(in_jax, name, steps=4)
    order = np.r_[shared.theta[3:], shared.theta[:3]]  # JAX sorts the keys
    assert_allclose(order, apart.theta, rtol=1e-10, atol=1e-12)
    assert shared.counts == apart.counts


def test_a_wrapper_that_changes_gradients_is_seen(in_jax):
    result = optframe.minimize(in_jax, "optax.sgd:learning_rate=1+clip-value:max=0.01", steps=1)
    start = in_jax.start(np.random.default_rng(0))
    assert_allclose(np.abs(result.theta - start), 0.01, rtol=1e-9)


def test_the_users_minibatches_and_noise_are_those_of_the_oracle():
    random = np.random.default_rng(0)
    x, y = random.standard_normal((60, 3)), random.standard_normal(60)

    def loss(w, x, y, key=None):
        noise = 0.0 if key is None else jax.random.normal(key, (3,)) @ w
        return jnp.mean((x @ w - y) ** 2) + noise

    problem = optframe.JaxProblem(loss, np.ones(3), (x, y))
    shared, ours = (
        optframe.minimize(problem, name, epochs=3, sampler="shuffled:batch_size=16")
        for name in ("optax.sgd:learning_rate=0.1", "sgd:lr=0.1")
    )
    assert_allclose(shared.theta, ours.theta, rtol=1e-11)
    assert shared.counts == ours.counts


def test_nothing_is_compiled_after_the_first_step():
    """Nor for the last minibatch of an epoch, which is shorter."""
    shapes, compiled = [], []
    x = np.random.default_rng(0).standard_normal((60, 3))

    def loss(w, x):
        shapes.append(len(x))
        return jnp.mean((x @ w - 1) ** 2)

    class Told(type(optframe.make("optax.adam:learning_rate=0.1"))):
        def step(self, theta, state, oracle):
            found = super().step(theta, state, oracle)
            compiled.append(len(shapes))
            return found

    problem = optframe.JaxProblem(loss, np.ones(3), (x,))
    told = Told(learning_rate=0.1)
    optframe.minimize(problem, told, epochs=3, sampler="shuffled:batch_size=16")
    assert {16, 12} <= set(shapes)
    assert len(compiled) == 13  # with that of the warm-up
    assert len(set(compiled)) == 1


def test_the_kit_finds_nothing():
    checks = check_optimizer(optframe.make("optax.adam:learning_rate=0.01"))
    assert not [one for one in checks.run() if one.status == "failed"]


def test_one_compilation_serves_all_learning_rates(bowl):
    from optframe_plugins.optax_optimizer.compiled import compiled_for

    compiled_for.cache_clear()
    for rate in (0.1, 0.2, 0.3):
        optframe.minimize(bowl, f"optax.adam:learning_rate={rate}", steps=2)
    assert compiled_for.cache_info().misses == 1
    optframe.minimize(bowl, "optax.adam:learning_rate=0.1,b1=0.8", steps=2)
    assert compiled_for.cache_info().misses == 2


def test_schedules_of_ours_and_of_optax_drive_a_parameter(bowl):
    ours = optframe.minimize(
        bowl,
        optframe.make("optax.sgd:learning_rate={schedule=step,start=0.1,factor=0.5,steps=2}"),
        steps=4,
    )
    theta = START.copy()
    for k in range(4):
        theta -= 0.1 * 0.5 ** (k // 2) * SCALE * theta
    assert_allclose(ours.theta, theta, rtol=1e-12)
    name = "optax.exponential_decay"
    given = f"schedule={name},init_value=0.1,transition_steps=2,decay_rate=0.5,staircase=true"
    theirs = optframe.minimize(bowl, f"optax.sgd:learning_rate={{{given}}}", steps=4)
    assert_allclose(theirs.theta, theta, rtol=1e-12)
    built_in = optframe.minimize(bowl, f"sgd:lr={{{given}}}", steps=4)
    assert_allclose(built_in.theta, theta, rtol=1e-12)


@pytest.fixture
def own_rules(monkeypatch):
    """A module with a function that says what it returns."""

    def in_halves(learning_rate: float = 0.1) -> optax.GradientTransformation:
        return optax.adam(learning_rate, mu_dtype=jnp.bfloat16)

    module = types.ModuleType("rules_for_this_test")
    module.in_halves = in_halves
    monkeypatch.setitem(sys.modules, "rules_for_this_test", module)


def stepped(optimizer, problem, theta, state, oracle, steps):
    for _ in range(steps):
        oracle.step += 1
        theta, state = optimizer.step(theta, state, oracle)
    return theta, state


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "name",
    [
        "optax.adam:learning_rate=0.1",
        "optax.noisy_sgd:learning_rate=0.1",
        "rules_for_this_test.in_halves",
    ],
)
def test_a_saved_run_goes_on_to_the_bit(name, dtype, bowl, own_rules):
    optimizer = optframe.make(name)

    def oracle():
        generator = np.random.default_rng
        return Oracle(bowl, PlainBackend(), Counts(), generator)

    first = oracle()
    theta = START.astype(dtype)
    state = optimizer.init(theta, first)
    theta, state = stepped(optimizer, bowl, theta, state, first, 3)
    plain = [np.array(leaf) for leaf in optimizer.dump(state)]
    assert all(leaf.dtype.kind in "fiub" for leaf in plain)
    kept = theta.copy()
    expected, _ = stepped(optimizer, bowl, theta, state, first, 3)
    again = oracle()
    state = optimizer.load(kept, plain, again)
    found, _ = stepped(optimizer, bowl, kept, state, again, 3)
    assert_array_equal(found, expected)


def test_draws_follow_the_seed(bowl):
    name = "optax.noisy_sgd:learning_rate=0.01"
    assert optframe.make(name).random
    one, same, other = (optframe.minimize(bowl, name, steps=2, seed=s).theta for s in (1, 1, 2))
    assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_schedule_free_methods_are_measured_at_their_average(bowl):
    result = optframe.minimize(bowl, "optax.contrib.schedule_free_sgd:learning_rate=0.1", steps=5)
    made = optax.contrib.schedule_free_sgd(0.1)
    with jax.enable_x64(True):
        params = {k: jnp.asarray(v) for k, v in BLOCKS.views(START).items()}
        state = made.init(params)
        for _ in range(5):
            updates, state = made.update(jax.grad(value)(params), state, params)
            params = optax.apply_updates(params, updates)
        at = optax.contrib.schedule_free_eval_params(state, params)
    expected = BLOCKS.flat({k: np.asarray(v) for k, v in at.items()})
    assert_allclose(result.theta, expected, rtol=1e-12)
    assert np.abs(expected - np.asarray(BLOCKS.flat(params))).max() > 1e-3


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("optax.adam:learning_rat=1", "did you mean 'learning_rate'"),
        ("optax.adam", "learning_rate"),
        ("optax.contrib.sophia:learning_rate=0.1", "differentiates the objective itself"),
        ("optax.chain", "optax.chain"),
        ("optax.contrib.dpsgd:learning_rate=1,l2_norm_clip=1,noise_multiplier=1,seed=0", "dpsgd"),
    ],
)
def test_what_cannot_be_used_is_refused(name, reason, bowl):
    with pytest.raises(UsageError) as refused:
        optframe.minimize(bowl, name, steps=1)
    assert reason in str(refused.value)
    assert all("\n" not in line for line in refused.value.mistakes)


def test_it_is_listed_and_shown(capsys, monkeypatch):
    from optframe.cli import main

    for words, expected in (
        (["list", "optax"], "optax.adam  "),
        (["list", "optax"], "The Adam optimizer."),
        (["list", "optax"], "optax.cosine_decay_schedule"),
        (["list", "optax.contrib"], "optax.contrib.dog "),
        (["show", "optax.adam"], "a whole number or a number; default 0.9\n"),
    ):
        monkeypatch.setattr(sys, "argv", ["optframe", *words])
        with pytest.raises(SystemExit):
            main()
        assert expected in capsys.readouterr().out
