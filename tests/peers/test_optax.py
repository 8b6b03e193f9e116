"""The same steps as optax, in float64, from one shared sequence of gradients.

Not here: ``optax.rmsprop(nesterov=True)``, which keeps θ + αv as its parameters where ours takes
the gradient there (Goodfellow et al., algorithm 8.6); ``optax.adagrad`` with another
``initial_accumulator_value`` than 0, AMSGrad without its corrections, and ``eps`` and ``eps_root``
at once, which ours do not have; delta-bar-delta and the methods with Hessians, which optax has not;
and L-BFGS, whose line search there is another one.
"""

import functools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optframe import Function, Oracle
from optframe.contracts.oracle import Counts
from optframe.rules import computing_with
from optframe_plugins.backends.numpy import NumpyBackend
from optframe_plugins.optimizers.adadelta import AdaDelta
from optframe_plugins.optimizers.adagrad import AdaGrad
from optframe_plugins.optimizers.adam import Adam
from optframe_plugins.optimizers.adamw import AdamW
from optframe_plugins.optimizers.amsgrad import AMSGrad
from optframe_plugins.optimizers.lion import Lion
from optframe_plugins.optimizers.momentum import Momentum
from optframe_plugins.optimizers.nadam import NAdam
from optframe_plugins.optimizers.nesterov import Nesterov
from optframe_plugins.optimizers.rmsprop import RMSProp
from optframe_plugins.optimizers.sgd import SGD

ABSENT = "peers are not installed: pip install 'optframe-bench[peers]'"
jax = pytest.importorskip("jax", reason=ABSENT)
optax = pytest.importorskip("optax", reason=ABSENT)

STEPS, SIZE = 200, 5
rate = st.floats(1e-4, 0.5)
decay = st.floats(0.1, 0.999)
momenta = st.floats(0.0, 0.99)
eps = st.floats(1e-10, 1e-2)
seeds = st.integers(0, 2**32)
peer = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(autouse=True, scope="module")
def float64():
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


class Given(Function):
    """Answers with the next gradient of a sequence."""

    size = SIZE

    def __init__(self, gradients):
        self.gradients = iter(gradients)

    def start(self, random):
        raise NotImplementedError

    def loss(self, theta):
        raise NotImplementedError

    def gradient(self, theta):
        return next(self.gradients)


@functools.cache
def compiled(build):
    """All iterates of ``build(*numbers)`` as a function of the numbers, compiled once."""

    def iterates(numbers, gradients, start):
        transform = build(*numbers)

        def step(carry, gradient):
            theta, state = carry
            updates, state = transform.update(gradient, state, theta)
            theta = optax.apply_updates(theta, updates)
            return (theta, state), theta

        return jax.lax.scan(step, (start, transform.init(start)), gradients)[1]

    return jax.jit(iterates)


def compare(optimizer, build, numbers, seed):
    random = np.random.default_rng(seed)
    scale = 10 ** random.uniform(-2, 2, SIZE)
    gradients = random.standard_normal((STEPS, SIZE)) * scale
    start = random.standard_normal(SIZE)
    expected = np.asarray(compiled(build)(tuple(map(np.float64, numbers)), gradients, start))
    assert expected.dtype == np.float64

    backend, theta = NumpyBackend(), start.copy()
    oracle = Oracle(Given(gradients), backend, Counts(), np.random.default_rng)
    with computing_with(backend):
        state = optimizer.init(theta, oracle)
        for k, row in enumerate(expected):
            theta, state = optimizer.step(theta, state, oracle)
            np.testing.assert_allclose(theta, row, rtol=1e-10, atol=1e-10, err_msg=f"step {k}")


@peer
@given(lr=rate, seed=seeds)
def test_sgd(lr, seed):
    compare(SGD(lr), optax.sgd, [lr], seed)


@peer
@given(lr=rate, momentum=momenta, seed=seeds)
def test_momentum(lr, momentum, seed):
    compare(Momentum(lr, momentum), optax.sgd, [lr, momentum], seed)
    compare(Momentum(lr, momentum, "torch"), optax.sgd, [lr, momentum], seed)


def nesterov(lr, momentum):
    return optax.chain(optax.trace(momentum, nesterov=True), optax.scale(-lr))


@peer
@given(lr=rate, momentum=momenta, seed=seeds)
def test_nesterov(lr, momentum, seed):
    compare(Nesterov(lr, momentum, "torch"), nesterov, [lr, momentum], seed)
    compare(Nesterov(lr, momentum, "keras"), nesterov, [lr, momentum], seed)


def average(lr, momentum):
    return optax.chain(optax.ema(momentum, debias=False), optax.scale(-lr))


@peer
@given(lr=rate, momentum=momenta, seed=seeds)
def test_momentum_as_an_average(lr, momentum, seed):
    compare(Momentum(lr, momentum, "average"), average, [lr, momentum], seed)


def adagrad(lr, eps):
    return optax.adagrad(lr, initial_accumulator_value=0.0, eps=eps)


@peer
@given(lr=rate, eps=eps, seed=seeds)
def test_adagrad(lr, eps, seed):
    compare(AdaGrad(lr, eps, eps_inside_root=True), adagrad, [lr, eps], seed)


def rmsprop_outside(lr, rho, eps):
    return optax.rmsprop(lr, rho, eps, eps_in_sqrt=False)


def rmsprop_with_momentum(lr, rho, eps, momentum):
    return optax.rmsprop(lr, rho, eps, momentum=momentum)


@peer
@given(lr=rate, rho=decay, eps=eps, seed=seeds)
def test_rmsprop(lr, rho, eps, seed):
    compare(RMSProp(lr, rho, eps=eps), optax.rmsprop, [lr, rho, eps], seed)
    outside = RMSProp(lr, rho, eps=eps, eps_inside_root=False)
    compare(outside, rmsprop_outside, [lr, rho, eps], seed)


@peer
@given(lr=rate, rho=decay, eps=eps, momentum=st.floats(0.01, 0.99), seed=seeds)
def test_rmsprop_with_momentum(lr, rho, eps, momentum, seed):
    optimizer = RMSProp(lr, rho, momentum, eps=eps)
    compare(optimizer, rmsprop_with_momentum, [lr, rho, eps, momentum], seed)


@peer
@given(lr=rate, rho=decay, eps=eps, seed=seeds)
def test_adadelta(lr, rho, eps, seed):
    compare(AdaDelta(lr, rho, eps), optax.adadelta, [lr, rho, eps], seed)


def adam_inside(lr, beta1, beta2, eps):
    return optax.adam(lr, beta1, beta2, eps=0.0, eps_root=eps)


@peer
@given(lr=rate, beta1=decay, beta2=decay, eps=eps, seed=seeds)
def test_adam(lr, beta1, beta2, eps, seed):
    numbers = [lr, beta1, beta2, eps]
    compare(Adam(*numbers), optax.adam, numbers, seed)
    compare(Adam(*numbers, eps_inside_root=True), adam_inside, numbers, seed)


def adamw(lr, beta1, beta2, eps, weight_decay):
    return optax.adamw(lr, beta1, beta2, eps, weight_decay=weight_decay)


@peer
@given(lr=rate, beta1=decay, beta2=decay, eps=eps, weight_decay=st.floats(0.0, 1.0), seed=seeds)
def test_adamw(lr, beta1, beta2, eps, weight_decay, seed):
    optimizer = AdamW(lr, beta1, beta2, eps, weight_decay=weight_decay)
    compare(optimizer, adamw, [lr, beta1, beta2, eps, weight_decay], seed)


@peer
@given(lr=rate, beta1=decay, beta2=decay, eps=eps, seed=seeds)
def test_amsgrad(lr, beta1, beta2, eps, seed):
    numbers = [lr, beta1, beta2, eps]
    compare(AMSGrad(*numbers, bias_correct_max=True), optax.amsgrad, numbers, seed)


@peer
@given(lr=rate, beta1=decay, beta2=decay, eps=eps, seed=seeds)
def test_nadam(lr, beta1, beta2, eps, seed):
    numbers = [lr, beta1, beta2, eps]
    compare(NAdam(*numbers, momentum_decay=0.0), optax.nadam, numbers, seed)


def lion(lr, beta1, beta2, weight_decay):
    return optax.lion(lr, beta1, beta2, weight_decay=weight_decay)


@peer
@given(lr=rate, beta1=decay, beta2=decay, weight_decay=st.floats(0.0, 1.0), seed=seeds)
def test_lion(lr, beta1, beta2, weight_decay, seed):
    numbers = [lr, beta1, beta2, weight_decay]
    compare(Lion(*numbers), lion, numbers, seed)
