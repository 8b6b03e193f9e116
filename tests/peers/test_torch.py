"""The same steps as torch.optim, in float64, from one shared sequence of gradients."""

import dataclasses

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
from optframe_plugins.optimizers.momentum import Momentum
from optframe_plugins.optimizers.nadam import NAdam
from optframe_plugins.optimizers.nesterov import Nesterov
from optframe_plugins.optimizers.rmsprop import RMSProp
from optframe_plugins.optimizers.sgd import SGD

torch = pytest.importorskip(
    "torch", reason="peers are not installed: pip install 'optframe-bench[peers]'"
)

STEPS, SIZE = 200, 5
rate = st.floats(1e-4, 0.5)
decay = st.floats(0.1, 0.999)
eps = st.floats(1e-10, 1e-2)
peer = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(autouse=True, scope="module")
def float64():
    """NAdam keeps its product of momenta in torch's default precision."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


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


def compare(optimizer, build, seed, change=None):
    """Take the same steps; ``change`` is a step and the learning rate from then on."""
    random = np.random.default_rng(seed)
    scale = 10 ** random.uniform(-2, 2, SIZE)
    gradients = random.standard_normal((STEPS, SIZE)) * scale
    start = random.standard_normal(SIZE)

    parameter = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))
    theirs = build([parameter])
    expected = []
    for k, gradient in enumerate(gradients):
        if change and k == change[0]:
            theirs.param_groups[0]["lr"] = change[1]
        parameter.grad = torch.tensor(gradient)
        theirs.step()
        expected.append(parameter.detach().numpy().copy())

    backend, theta = NumpyBackend(), start.copy()
    oracle = Oracle(Given(gradients), backend, Counts(), np.random.default_rng)
    with computing_with(backend):
        state = optimizer.init(theta, oracle)
        for k, row in enumerate(expected):
            if change and k == change[0]:
                optimizer = dataclasses.replace(optimizer, lr=change[1])
            theta, state = optimizer.step(theta, state, oracle)
            np.testing.assert_allclose(theta, row, rtol=1e-10, atol=1e-10, err_msg=f"step {k}")


seeds = st.integers(0, 2**32)
switches = st.integers(1, STEPS - 1)


@peer
@given(lr=rate, seed=seeds)
def test_sgd(lr, seed):
    compare(SGD(lr), lambda p: torch.optim.SGD(p, lr=lr), seed)


@peer
@given(lr=rate, momentum=st.floats(0.0, 0.99), seed=seeds)
def test_momentum(lr, momentum, seed):
    compare(Momentum(lr, momentum), lambda p: torch.optim.SGD(p, lr=lr, momentum=momentum), seed)


@peer
@given(
    lr=rate, momentum=st.floats(0.01, 0.99), dampening=st.floats(0.0, 0.99), seed=seeds, k=switches
)
def test_momentum_with_dampening_and_a_rate_that_changes(lr, momentum, dampening, seed, k):
    """ε stands outside of the buffer: a lower rate slows all of it at once."""
    compare(
        Momentum(lr, momentum, "torch", dampening),
        lambda p: torch.optim.SGD(p, lr=lr, momentum=momentum, dampening=dampening),
        seed,
        change=(k, lr / 10),
    )


@peer
@given(lr=rate, momentum=st.floats(0.01, 0.99), seed=seeds, k=switches)
def test_nesterov_with_a_rate_that_changes(lr, momentum, seed, k):
    compare(
        Nesterov(lr, momentum, "torch"),
        lambda p: torch.optim.SGD(p, lr=lr, momentum=momentum, nesterov=True),
        seed,
        change=(k, lr / 10),
    )


@peer
@given(lr=rate, momentum=st.floats(0.01, 0.99), seed=seeds)
def test_at_a_constant_rate_nesterov_looked_ahead_is_the_same(lr, momentum, seed):
    compare(
        Nesterov(lr, momentum, "keras"),
        lambda p: torch.optim.SGD(p, lr=lr, momentum=momentum, nesterov=True),
        seed,
    )


@peer
@given(lr=rate, eps=eps, seed=seeds)
def test_adagrad(lr, eps, seed):
    compare(AdaGrad(lr, eps), lambda p: torch.optim.Adagrad(p, lr=lr, eps=eps), seed)


@peer
@given(lr=rate, rho=decay, eps=eps, seed=seeds)
def test_rmsprop(lr, rho, eps, seed):
    compare(
        RMSProp(lr, rho, eps=eps, eps_inside_root=False),
        lambda p: torch.optim.RMSprop(p, lr=lr, alpha=rho, eps=eps),
        seed,
    )


@peer
@given(lr=rate, rho=decay, momentum=st.floats(0.01, 0.99), eps=eps, seed=seeds)
def test_rmsprop_with_momentum(lr, rho, momentum, eps, seed):
    compare(
        RMSProp(lr, rho, momentum, eps=eps, eps_inside_root=False),
        lambda p: torch.optim.RMSprop(p, lr=lr, alpha=rho, eps=eps, momentum=momentum),
        seed,
    )


@peer
@given(lr=rate, rho=decay, eps=eps, seed=seeds)
def test_adadelta(lr, rho, eps, seed):
    compare(
        AdaDelta(lr, rho, eps), lambda p: torch.optim.Adadelta(p, lr=lr, rho=rho, eps=eps), seed
    )


@peer
@given(lr=rate, beta1=decay, beta2=decay, eps=eps, seed=seeds)
def test_adam(lr, beta1, beta2, eps, seed):
    compare(
        Adam(lr, beta1, beta2, eps),
        lambda p: torch.optim.Adam(p, lr=lr, betas=(beta1, beta2), eps=eps),
        seed,
    )


@peer
@given(lr=rate, beta1=decay, beta2=decay, eps=eps, seed=seeds)
def test_amsgrad(lr, beta1, beta2, eps, seed):
    compare(
        AMSGrad(lr, beta1, beta2, eps),
        lambda p: torch.optim.Adam(p, lr=lr, betas=(beta1, beta2), eps=eps, amsgrad=True),
        seed,
    )


@peer
@given(lr=rate, beta1=decay, beta2=decay, weight_decay=st.floats(0.0, 1.0), seed=seeds)
def test_adamw(lr, beta1, beta2, weight_decay, seed):
    compare(
        AdamW(lr, beta1, beta2, weight_decay=weight_decay),
        lambda p: torch.optim.AdamW(p, lr=lr, betas=(beta1, beta2), weight_decay=weight_decay),
        seed,
    )


@peer
@given(lr=rate, beta1=decay, beta2=decay, psi=st.floats(0.001, 0.1), seed=seeds)
def test_nadam(lr, beta1, beta2, psi, seed):
    compare(
        NAdam(lr, beta1, beta2, momentum_decay=psi),
        lambda p: torch.optim.NAdam(p, lr=lr, betas=(beta1, beta2), momentum_decay=psi),
        seed,
    )
