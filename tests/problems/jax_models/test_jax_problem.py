"""`JaxProblem`, held against formulas, against plain JAX, and against differences."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import optframe
from optframe import Function, StochasticProblem
from optframe.contracts.oracle import offers
from optframe.testing import ReadOnlyBackend, check_problem
from optframe_plugins.backends.numpy import NumpyBackend

jax = pytest.importorskip("jax", reason="jax is not installed: pip install jax")
jnp = jax.numpy

pytestmark = pytest.mark.usefixtures("quick_compilations")


def banana(p):
    """Rosenbrock's function."""
    return 100 * (p["y"] - p["x"] ** 2) ** 2 + (1 - p["x"]) ** 2


def net(key):
    """Two layers, 6-4-3."""
    first, second = jax.random.split(key)
    return [
        {"w": 0.5 * jax.random.normal(first, (6, 4)), "b": jnp.zeros(4)},
        {"w": 0.5 * jax.random.normal(second, (4, 3)), "b": jnp.zeros(3)},
    ]


def outputs(p, x, key=None):
    hidden = jnp.tanh(x @ p[0]["w"] + p[0]["b"])
    if key is not None:
        hidden = hidden * jax.random.bernoulli(key, 0.5, hidden.shape) * 2
    return hidden @ p[1]["w"] + p[1]["b"]


def cross_entropy(p, x, y):
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(outputs(p, x)), y[:, None], 1))


def with_dropout(p, x, y, key=None):
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(outputs(p, x, key)), y[:, None], 1))


def accuracy(p, x, y):
    return jnp.mean(outputs(p, x).argmax(1) == y)


def point(problem, *runs, seed=0):
    return 0.5 * np.random.default_rng(seed).standard_normal((*runs, problem.size))


def test_one_name_makes_a_function_or_a_problem_with_data(data):
    bowl, learning = optframe.JaxProblem(banana, {"x": 0.0, "y": 0.0}), None
    assert isinstance(bowl, Function)
    learning = optframe.JaxProblem(cross_entropy, net, data)
    assert isinstance(learning, StochasticProblem)
    for problem in (bowl, learning):
        assert isinstance(problem, optframe.JaxProblem)
    assert bowl.title == "banana"
    assert optframe.JaxProblem(lambda p: p**2, 1.0).title == "JaxProblem"


def test_a_function_is_the_built_in_one(bind):
    ours = optframe.make("rosenbrock")
    problem = bind(optframe.JaxProblem(banana, {"x": -1.2, "y": 1.0}))
    assert_array_equal(problem.start(np.random.default_rng(0)), [-1.2, 1.0])
    for seed in range(3):
        theta, v = point(problem, seed=seed), point(problem, seed=9)
        assert problem.loss(theta) == pytest.approx(ours.loss(theta), rel=1e-13)
        for word in ("gradient", "hessian"):
            assert_allclose(getattr(problem, word)(theta), getattr(ours, word)(theta), rtol=1e-12)
        assert_allclose(problem.hvp(theta, v), ours.hessian(theta) @ v, rtol=1e-12)
        assert problem.loss_and_gradient(theta)[0] == problem.loss(theta)
    assert problem.metrics(theta) == {"loss": problem.loss(theta)}


@pytest.mark.parametrize("backend", [NumpyBackend(), ReadOnlyBackend()], ids=["plain", "read-only"])
def test_answers_on_a_minibatch_are_plain_jaxs(backend, data, bind):
    problem = bind(optframe.JaxProblem(cross_entropy, net, data), backend=backend)
    x, y = data
    rows = np.random.default_rng(1).integers(60, size=13)
    theta = backend.asarray(point(problem))
    batch = problem.draw(rows, None)
    with jax.enable_x64(True):
        b1, w1, b2, w2 = (jnp.asarray(v) for v in problem.layout().views(theta).values())
        params = [{"w": w1, "b": b1}, {"w": w2, "b": b2}]
        loss, slope = jax.value_and_grad(cross_entropy)(params, x[rows], y[rows])
        expected = np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(slope)])
    assert problem.loss(theta, batch) == pytest.approx(float(loss), rel=1e-13)
    assert_allclose(problem.gradient(theta, batch), expected, rtol=1e-10, atol=1e-14)
    both = problem.loss_and_gradient(theta, batch)
    assert both[1].dtype == both[0].dtype == np.float64
    assert_allclose(both[1], expected, rtol=1e-10, atol=1e-14)
    each = problem.per_sample(theta, batch)
    assert each.shape == (13, problem.size)
    assert_allclose(each.mean(0), expected, rtol=1e-10, atol=1e-14)
    for n in range(3):
        one = problem.gradient(theta, problem.draw(rows[n : n + 1], None))
        assert_allclose(each[n], one, rtol=1e-10, atol=1e-14)


def test_second_derivatives_are_slopes_of_the_gradient(data, bind):
    problem = bind(optframe.JaxProblem(cross_entropy, net, data))
    theta, v = point(problem), point(problem, seed=5)
    batch = problem.draw(np.arange(20), None)
    h = 1e-5
    sides = [problem.gradient(theta + sign * h * v, batch) for sign in (1, -1)]
    product = problem.hvp(theta, v, batch)
    assert_allclose(product, (sides[0] - sides[1]) / (2 * h), rtol=1e-5, atol=1e-8)
    hessian = problem.hessian(theta, batch)
    assert_allclose(hessian @ v, product, rtol=1e-10, atol=1e-13)
    assert_array_equal(hessian, hessian.T)


@pytest.mark.parametrize(
    ("loss", "runs"),
    [(cross_entropy, (3, 2)), (with_dropout, (3,))],
    ids=["candidates", "runs with noise"],
)
def test_runs_together_are_lone_runs(loss, runs, data, bind):
    """Each run with records and noise of its own."""
    problem = bind(optframe.JaxProblem(loss, net, data))
    random = np.random.default_rng(0)
    rows, theta, v = random.integers(60, size=(3, 8)), point(problem, *runs), point(problem, *runs)
    words = random.integers(2**32, size=(3, 2), dtype=np.uint32)
    together = problem.draw(rows, None)
    together.words = None if problem.deterministic else words
    for word in ("loss", "loss_and_gradient", "hvp"):
        given = (v,) if word == "hvp" else ()
        found = getattr(problem, word)(theta, *given, together)
        for run in range(3):
            lone = problem.draw(rows[run], None)
            lone.words = None if problem.deterministic else words[run]
            for index in np.ndindex(*runs[1:]):
                at = (run, *index)
                alone = getattr(problem, word)(theta[at], *(x[at] for x in given), lone)
                pairs = zip(found, alone, strict=True) if word == "loss_and_gradient" else ()
                for many, one in pairs or [(found, alone)]:
                    assert_allclose(many[at], one, rtol=1e-9, atol=1e-12)
    if problem.deterministic:
        assert problem.per_sample(theta, together).shape == (*runs, 8, problem.size)


def test_functions_of_many_runs_are_lone_ones(bind):
    problem = bind(optframe.JaxProblem(banana, {"x": 0.0, "y": 0.0}))
    theta = point(problem, 4, 2)
    for word in ("loss", "gradient", "hessian"):
        found = getattr(problem, word)(theta)
        for at in np.ndindex(4, 2):
            assert_allclose(found[at], getattr(problem, word)(theta[at]), rtol=1e-12)


def test_both_precisions_in_one_process(data, bind):
    metrics = {"accuracy": accuracy}
    problem = optframe.JaxProblem(cross_entropy, net, data, metrics=metrics)
    double, single = bind(problem), bind(problem, "float32")
    theta = point(problem)
    for _ in range(2):
        for one, dtype in ((double, np.float64), (single, np.float32)):
            batch = one.draw(np.arange(9), None)
            loss, gradient = one.loss_and_gradient(theta.astype(dtype), batch)
            assert loss.dtype == gradient.dtype == dtype
            measured = one.metrics(theta.astype(dtype))
            assert set(measured) == {"loss", "accuracy"}
            assert all(value.dtype == dtype for value in measured.values())
    exact = double.gradient(theta, double.draw(np.arange(9), None))
    assert_allclose(gradient, exact, atol=1e-6)
    assert np.abs(gradient - exact).max() > 1e-10
    assert not jax.config.jax_enable_x64


def test_nothing_is_compiled_after_the_first_step(data):
    """Nor for the last minibatch of an epoch, which is shorter."""
    shapes = []

    def loss(p, x, y):
        shapes.append(len(x))
        return cross_entropy(p, x, y)

    problem = optframe.JaxProblem(loss, net, data)
    compiled = []

    class Sgd(type(optframe.make("sgd"))):
        def step(self, theta, state, oracle):
            found = super().step(theta, state, oracle)
            compiled.append(len(shapes))
            return found

    optframe.minimize(problem, Sgd(), epochs=3, sampler="shuffled:batch_size=16")
    assert {16, 12} <= set(shapes)
    assert len(compiled) == 13  # with that of the warm-up
    assert len(set(compiled)) == 1


def test_answers_are_read_only_and_theta_stays(data, bind):
    problem = bind(optframe.JaxProblem(cross_entropy, net, data))
    theta, batch = point(problem), problem.draw(np.arange(9), None)
    kept = theta.copy()
    gradient = problem.gradient(theta, batch)
    expected = gradient.copy()
    assert not gradient.flags.writeable
    theta += 1
    problem.gradient(theta, batch)
    assert_array_equal(gradient, expected)
    assert_array_equal(theta, kept + 1)


def test_noise_is_that_of_the_seed_and_the_same_within_a_step(data, bind):
    problem = bind(optframe.JaxProblem(with_dropout, net, data))
    theta = point(problem)
    assert not problem.deterministic
    one, same, other = (problem.draw(np.arange(9), np.random.default_rng(s)) for s in (1, 1, 2))
    assert problem.loss(theta, one) == problem.loss(theta, one) == problem.loss(theta, same)
    assert problem.loss(theta, one) != problem.loss(theta, other)
    assert problem.loss_and_gradient(theta, one)[0] == pytest.approx(problem.loss(theta, one))
    without = bind(optframe.JaxProblem(cross_entropy, net, data))
    assert problem.metrics(theta)["loss"] == pytest.approx(without.metrics(theta)["loss"])
    whole = problem.draw(slice(None), None)
    assert problem.loss(theta, whole) == pytest.approx(without.metrics(theta)["loss"])


def test_a_key_may_be_the_last_argument(data, bind):
    def loss(p, x, y, rng):
        return cross_entropy(p, x, y) + (0.0 if rng is None else jax.random.normal(rng))

    problem = bind(optframe.JaxProblem(loss, net, data))
    batches = [problem.draw(np.arange(9), np.random.default_rng(s)) for s in (1, 2)]
    first, second = (problem.loss(point(problem), batch) for batch in batches)
    assert first != second


def test_starts_are_drawn_by_the_function_of_a_key(data):
    problem = optframe.JaxProblem(cross_entropy, net, data)
    assert problem.draws_start
    one, same, other = (problem.start(np.random.default_rng(s)) for s in (1, 1, 2))
    assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    assert one.dtype == np.float32
    ready = optframe.JaxProblem(cross_entropy, net(jax.random.key(0)), data)
    assert not ready.draws_start
    fixed = optframe.JaxProblem(banana, lambda key: {"x": 1.0, "y": 2.0})
    assert not fixed.draws_start


def test_the_users_arrays_are_copied():
    x = np.ones(2)
    problem = optframe.JaxProblem(lambda p: jnp.sum(p**2), x)
    x[:] = 5
    assert_array_equal(problem.start(np.random.default_rng(0)), [1, 1])
    problem.start(np.random.default_rng(0))[:] = 7
    assert_array_equal(problem.start(np.random.default_rng(0)), [1, 1])


def test_apply_gives_the_pytree_back():
    params = {"a": jnp.ones(2), "b": [np.ones((1, 2)), 3.0], "none": jnp.zeros((0,))}

    def loss(p):
        return jnp.sum(p["a"] ** 2) + jnp.sum(p["b"][0]) * p["b"][1] + p["none"].sum()

    problem = optframe.JaxProblem(loss, params)
    assert problem.dtype == "float32"
    result = optframe.minimize(problem, "sgd:lr=0.5", steps=1, dtype="float64")
    found = result.apply()
    assert isinstance(found["a"], jax.Array)
    assert found["a"].dtype == np.float32
    assert_array_equal(found["a"], [0, 0])
    assert found["b"][0].dtype == np.float64
    assert_array_equal(found["b"][0], [[-0.5, -0.5]])
    assert found["b"][1] == 2.0
    assert type(found["b"][1]) is float
    assert found["none"].shape == (0,)
    other = result.apply(jax.tree.map(np.float64, params))
    assert other["a"].dtype == np.float64
    assert_array_equal(np.concatenate([np.ravel(x) for x in jax.tree.leaves(other)]), result.theta)


def test_the_kit_finds_nothing(data):
    problem = optframe.JaxProblem(with_dropout, net, data, test=0.2)
    found = {o.check: o.reason for o in check_problem(problem).run() if o.status == "failed"}
    assert not found


def test_the_kit_finds_nothing_in_a_function():
    outcomes = check_problem(optframe.JaxProblem(banana, {"x": 0.0, "y": 0.5})).run()
    assert not [o for o in outcomes if o.status not in ("passed", "not applicable")]


def test_it_pickles_without_what_is_compiled(data):
    problem = optframe.JaxProblem(banana, {"x": 0.0, "y": 0.5})
    problem.loss(np.zeros(2))
    again = pickle.loads(pickle.dumps(problem))
    assert again.loss(np.zeros(2)) == problem.loss(np.zeros(2))


def test_words_that_it_offers(data):
    with_data = optframe.JaxProblem(cross_entropy, net, data)
    assert {"hvp", "hessian", "per_sample", "full"} <= offers(with_data, None)
    assert not {"apply", "traceable"} & offers(with_data, None)
    noisy = optframe.JaxProblem(with_dropout, net, data)
    assert "per_sample" not in offers(noisy, None)


def test_a_loss_that_is_no_mean_is_told_and_has_no_gradients_of_records(data, capsys):
    def loss(p, x, y):
        return jnp.sum((x @ p - y) ** 2)

    problem = optframe.JaxProblem(loss, jnp.zeros(6), data)
    assert "per_sample" not in problem.offers()
    assert "is not the mean of its records' losses" in capsys.readouterr().err
    assert "per_sample" not in problem.offers()
    assert capsys.readouterr().err == ""


def test_leaves_without_a_gradient_are_told(data, capsys):
    optframe.JaxProblem(lambda p: p["x"] ** 2, {"x": 1.0, "y": 1.0})
    assert "gradient is 0: y" in capsys.readouterr().err


def test_traceable_is_the_loss_of_the_blocks(data, bind):
    problem = bind(optframe.JaxProblem(with_dropout, net, data))
    batch = problem.draw(np.arange(9), np.random.default_rng(0))
    traceable, theta = problem.traceable(), point(problem)
    with jax.enable_x64(True):
        blocks = {name: jnp.asarray(v) for name, v in problem.layout().views(theta).items()}
        found = jax.jit(traceable.value)(blocks, *traceable.arguments(batch))
    assert float(found) == pytest.approx(float(problem.loss(theta, batch)), rel=1e-14)
    assert traceable.value == problem.traceable().value
