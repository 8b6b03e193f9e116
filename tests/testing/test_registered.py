"""Everything that comes with optframe passes its own kit."""

import pytest

from optframe import load_plugins
from optframe.components.building import make_wrapped
from optframe.components.notation import parse
from optframe.testing import (
    check_backend,
    check_optimizer,
    check_problem,
    check_protocol,
    check_sampler,
    check_schedule,
    check_tuner,
)
from optframe.testing.standard_problems import Bowl, Descent

REGISTRY = load_plugins(strict=True)
CHECKS = {
    "optimizers": check_optimizer,
    "wrappers": check_optimizer,
    "problems": check_problem,
    "transforms": check_problem,
    "samplers": check_sampler,
    "schedules": check_schedule,
    "backends": check_backend,
    "tuners": check_tuner,
    "protocols": check_protocol,
}
INSIDE = {
    "wrappers": {"optimizer": Descent()},
    "transforms": {"problem": Bowl(((2.0, 0.5), (0.5, 1.0)), (0.3, -0.2), least=1.5)},
}
VARIANTS = {
    "optimizers": [
        "adam:eps_inside_root=true",
        "adam:eps_hat=true,eps=0.01",
        "adam:eps_hat=true,eps=0.01,eps_inside_root=true",
        "adamw:eps_hat=true,eps=0.01",
        "amsgrad:eps_hat=true,eps=0.01",
        "adagrad:eps_inside_root=true",
        "adagrad:initial=0.1",
        "adagrad:zero_guard=true,eps=0",
        "rmsprop:eps_inside_root=false",
        "rmsprop:momentum=0.8",
        "rmsprop:momentum=0.8,nesterov=true",
        "rmsprop:momentum=0.8,nesterov=true,form=keras",
        "rmsprop:momentum=0.8,nesterov=true,form=torch",
        "rmsprop:momentum=0.8,form=torch,centered=true",
        "rmsprop:momentum=0.8,nesterov=true,centered=true",
        "rmsprop:centered=true,eps=0.01",
        "rmsprop:centered=true,eps_inside_root=false,initial=0.5",
        "momentum:momentum=0",
        "momentum:form=torch,dampening=0.3",
        "momentum:form=torch,momentum=0",
        "momentum:form=average",
        "momentum:form=average,momentum=0",
        "nesterov:form=torch",
        "nesterov:form=keras",
        "amsgrad:bias_correct_max=true",
        "nadam:momentum_decay=0",
        "lion:weight_decay=0",
        "coordinate-descent:order=random",
        "coordinate-descent:order=greedy",
        "coordinate-descent:step=gradient",
        "coordinate-descent:step=gradient,order=greedy",
        "nonlinear-cg:formula=fr",
        "nonlinear-cg:formula=hs",
        "nonlinear-cg:formula=dy",
        "bfgs:search=armijo",
        "bfgs:scale_first=true",
        "lbfgs:search=armijo",
        "nonlinear-cg:search=exact",
        "lbfgs:memory=2,scale=false",
        "adam+clip-norm:max=0.5+polyak",
        "nesterov+weight-decay+clip-value:max=0.5",
        "adam+weight-decay:decay=0.1,form=coupled",
        "nesterov+weight-decay:decay=0.1,form=coupled+clip-norm:max=0.5",
        "sgd+weight-decay:decay=0.1,times_lr=true",
        "adam+weight-decay:decay=0.1,times_lr=true,form=after",
    ],
    "problems": [
        "quadratic:rotate=true",
        "quadratic:size=50,spectrum=clustered,condition=1000",
        "logistic:data=breast-cancer,l2=0.01",
        "softmax:l2=0.01",
        "mlp:hidden=[5],activation=tanh,l2=0.01",
        "mlp:hidden=[5],loss=squared,dropout_input=0.2,dropout_hidden=0.5",
    ],
    "schedules": [
        "linear:start=1,factor=0.1,share=0.5",
        "cosine:start=1,share=1",
        "cosine:start=1,factor=0.1,epochs=3",
        "polynomial:start=1,share=0.9,factor=0.01,power=2.3",
        "step:start=1,factor=0.5,share=0.1",
        "one-cycle:max=1,share=0.7",
        "cosine-restarts:start=1,epochs=1.5,end=0.1,growth=2",
        "trapezoid:value=1,rise=0,fall=0,share=1",
        "warmup:value=1,share=0.05",
        "warmup:steps=10,then={schedule=polynomial,start=1,share=0.9,factor=0.01,power=1.7}",
        "warmup:share=0.05,then={schedule=cosine,start=1,share=1}",
        "warmup:epochs=2,then={schedule=step,start=1,epochs=1}",
        "warmup:share=0.1,then={schedule=warmup,share=0.1,then={schedule=inverse-sqrt,start=1}}",
    ],
    "samplers": [
        "shuffled:batch_size=7,drop_last=true",
        "with-replacement:batch_size=3",
        "simple-random:batch_size=50",
        "grouped:how=whole",
        "grouped:by=class",
        "stream:batch_size=5,drop_last=true",
    ],
    "tuners": ["grid:points=2", "grid:points=30", "optuna:round=1", "optuna:round=30"],
}
NEEDED = {
    "constant": "value=0.1",
    "linear": "start=1,end=0.1,steps=50",
    "inverse-time": "start=1,decay=0.1",
    "inverse-sqrt": "start=1",
    "step": "start=1,factor=0.5,steps=10",
    "exponential": "start=1,decay=0.99",
    "cosine": "start=1,steps=100",
    "polynomial": "start=1,steps=100",
    "warmup": "value=1,steps=10",
    "one-cycle": "max=1,steps=100",
    "cosine-restarts": "start=1,steps=100",
    "trapezoid": "value=1,rise=0.1,fall=0.2,steps=100",
    "undo-bias-correction": "value=1",
    "clip-norm": "max=1",
    "clip-value": "max=1",
    # their own data is not always there
    "mnist-lecture": "data=digits",
    "mnist-logistic": "data=digits",
    "news20-logistic": "data=iris",
}
EXPECTED = {"maximize": ["expected failure"]}  # it does not lower the loss
LARGE = {"mnist-mlp", "cifar10-cnn"}  # of layers that tests/problems/networks and `network` check


def components():
    for kind in CHECKS:
        for name in sorted({*REGISTRY.names(kind)} - LARGE):
            yield kind, f"{name}:{NEEDED[name]}" if name in NEEDED else name
        for notation in VARIANTS.get(kind, []):
            yield kind, notation


@pytest.mark.parametrize(("kind", "notation"), [*components()])
def test_what_is_registered_passes(kind, notation, monkeypatch):
    # What is imported is tests/test_architecture.py's affair, without a process for each.
    monkeypatch.setattr("optframe.testing.shared.check_imports", lambda component: None)
    table = {**parse(notation), **INSIDE.get(kind, {})}
    made = make_wrapped(REGISTRY, kind, table, notation)
    if kind == "backends" and made.missing():
        pytest.skip(made.missing())
    outcomes = CHECKS[kind](made, seed=None).run()
    sound = ("passed", "not applicable", *EXPECTED.get(notation, ()))
    broken = [f"{o.check}: {o.reason}" for o in outcomes if o.status not in sound]
    assert broken == []
