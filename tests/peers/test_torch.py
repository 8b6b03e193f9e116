"""The same steps as torch.optim, in float64, from one shared sequence of gradients."""

import inspect

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
optim = torch.optim


@pytest.fixture(autouse=True, scope="module")
def float64():
    """NAdam keeps its product of momenta in torch's default precision."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def stepping(build, change=None):
    """The iterates of torch's optimizer for given gradients."""

    def iterates(gradients, start):
        parameter = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))
        theirs = build([parameter])
        for k, gradient in enumerate(gradients):
            if change and k == change[0]:
                theirs.param_groups[0]["lr"] = change[1]
            parameter.grad = torch.tensor(gradient)
            theirs.step()
            yield parameter.detach().numpy().copy()

    return iterates


def nesterov(lr, momentum, form="torch"):
    return Nesterov(lr, momentum, form), optim.SGD, {"momentum": momentum, "nesterov": True}


RULES = {
    "sgd": lambda lr: (SGD(lr), optim.SGD, {}),
    "momentum": lambda lr, any_momentum: (
        Momentum(lr, any_momentum),
        optim.SGD,
        {"momentum": any_momentum},
    ),
    "nesterov, looked ahead": lambda lr, momentum: nesterov(lr, momentum, "keras"),
    "adagrad": lambda lr, eps: (AdaGrad(lr, eps), optim.Adagrad, {"eps": eps}),
    "rmsprop": lambda lr, rho, eps: (
        RMSProp(lr, rho, eps=eps, eps_inside_root=False),
        optim.RMSprop,
        {"alpha": rho, "eps": eps},
    ),
    "rmsprop with momentum": lambda lr, rho, momentum, eps: (
        RMSProp(lr, rho, momentum, eps=eps, eps_inside_root=False),
        optim.RMSprop,
        {"alpha": rho, "eps": eps, "momentum": momentum},
    ),
    "adagrad, begun": lambda lr, eps, initial: (
        AdaGrad(lr, eps, initial=initial),
        optim.Adagrad,
        {"eps": eps, "initial_accumulator_value": initial},
    ),
    "rmsprop, centered": lambda lr, rho, eps: (
        RMSProp(lr, rho, eps=eps, eps_inside_root=False, centered=True),
        optim.RMSprop,
        {"alpha": rho, "eps": eps, "centered": True},
    ),
    "adadelta": lambda lr, rho, eps: (
        AdaDelta(lr, rho, eps),
        optim.Adadelta,
        {"rho": rho, "eps": eps},
    ),
    "adam": lambda lr, beta1, beta2, eps: (
        Adam(lr, beta1, beta2, eps),
        optim.Adam,
        {"betas": (beta1, beta2), "eps": eps},
    ),
    "amsgrad": lambda lr, beta1, beta2, eps: (
        AMSGrad(lr, beta1, beta2, eps),
        optim.Adam,
        {"betas": (beta1, beta2), "eps": eps, "amsgrad": True},
    ),
    "adamw": lambda lr, beta1, beta2, weight_decay: (
        AdamW(lr, beta1, beta2, weight_decay=weight_decay),
        optim.AdamW,
        {"betas": (beta1, beta2), "weight_decay": weight_decay},
    ),
    "nadam": lambda lr, beta1, beta2, psi: (
        NAdam(lr, beta1, beta2, momentum_decay=psi),
        optim.NAdam,
        {"betas": (beta1, beta2), "momentum_decay": psi},
    ),
}
RULES_WHOSE_RATE_CHANGES = {
    "momentum with dampening": lambda lr, momentum, dampening: (
        Momentum(lr, momentum, "torch", dampening),
        optim.SGD,
        {"momentum": momentum, "dampening": dampening},
    ),
    "nesterov": lambda lr, momentum: nesterov(lr, momentum),
    "rmsprop with momentum, centered": lambda lr, rho, momentum, eps: (
        RMSProp(lr, rho, momentum, eps=eps, eps_inside_root=False, centered=True, form="torch"),
        optim.RMSprop,
        {"alpha": rho, "eps": eps, "momentum": momentum, "centered": True},
    ),
}
"""ε stands outside of the buffer: a lower rate slows all of it at once."""


@pytest.mark.parametrize("name", [*RULES, *RULES_WHOSE_RATE_CHANGES])
@settings.get_profile("peers")
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_the_same_steps(compare, numbers, name, data, seed):
    rule = (RULES | RULES_WHOSE_RATE_CHANGES)[name]
    lr, *others = data.draw(numbers(inspect.signature(rule).parameters))
    optimizer, theirs, words = rule(lr, *others)
    changes = name in RULES_WHOSE_RATE_CHANGES
    change = (data.draw(st.integers(1, 199)), lr / 10) if changes else None
    compare(optimizer, stepping(lambda p: theirs(p, lr=lr, **words), change), seed, change)
