"""Runs of the framework for benchmarks, and what others need to do the same.

Tests read this file by its path: ``runpy.run_path``.
"""

import math
from time import perf_counter
from typing import Any

import numpy as np

import optframe
from optframe.contracts.seeds import SamplerSeeds, Seeds
from optframe.contracts.trial import Budget, Checkpoints
from optframe.trial.run import Run, Setup

TORCH_RULES = {
    "sgd": ("", lambda torch, p, lr: torch.optim.SGD(p, lr)),
    "momentum": ("", lambda torch, p, lr: torch.optim.SGD(p, lr, momentum=0.9)),
    "nesterov": (
        'form = "torch"',
        lambda torch, p, lr: torch.optim.SGD(p, lr, momentum=0.9, nesterov=True),
    ),
    "adagrad": ("eps = 1e-10", lambda torch, p, lr: torch.optim.Adagrad(p, lr)),
    "rmsprop": (
        "rho = 0.99\neps = 1e-8\neps_inside_root = false",
        lambda torch, p, lr: torch.optim.RMSprop(p, lr),
    ),
    "adam": ("", lambda torch, p, lr: torch.optim.Adam(p, lr)),
}
"""What a study says of an optimizer beside its learning rates, and the same in torch."""


def run_of(problem: optframe.Problem, optimizer: Any, start: np.ndarray, **given: Any) -> Run:
    """A run that is yet to be executed: of a bound problem, measured at its ends."""
    usual = {"checkpoints": Checkpoints(count=2), "seeds": Seeds(0, 0), "sampler": None}
    given["budget"] = Budget(**given["budget"])
    where = {"backend": problem.setting.backend, "dtype": problem.setting.dtype}
    return Run(Setup(problem=problem, optimizer=optimizer, start=start, **where, **usual | given))


def minibatches(problem: optframe.Problem, sampler: optframe.Sampler, seeds: Seeds, steps: int):
    """The records of each of a run's steps."""
    records, epochs = problem.records, -(-steps * sampler.batch_size // problem.records)
    return [
        np.asarray(indices)
        for epoch in range(epochs)
        for indices in sampler.epoch(epoch, records, SamplerSeeds(seeds))
    ][:steps]


def random_data(name: str, shape: tuple[int, ...], records: int) -> optframe.Dataset:
    """Images of numbers: only their shape matters here."""
    random = np.random.default_rng(0)
    part = optframe.Part(
        random.random((records, int(np.prod(shape)))).astype("float32"),
        random.integers(0, 10, records),
    )
    test = optframe.Part(part.inputs[:10], part.targets[:10])
    return optframe.Dataset(name, part, test, test, classes=10, shape=shape)


def rosenbrock(theta):
    """Rosenbrock's function of torch's θ, whose first axis has x and y."""
    x, y = theta.unbind()
    rise, rest = y - x * x, 1 - x
    return 100 * rise * rise + rest * rest


def rastrigin(theta):
    """Rastrigin's function of torch's θ."""
    return 10 * theta.numel() + (theta * theta - 10 * (2 * math.pi * theta).cos()).sum()


def descend(function: Any, optimizer: Any, theta: Any, steps: int, iterates: list | None = None):
    """Do a torch optimizer's steps; return the seconds, and keep every θ in ``iterates``."""
    began = perf_counter()
    for _ in range(steps):
        if iterates is not None:
            iterates.append(theta.detach().numpy().copy())
        optimizer.zero_grad()
        function(theta).backward()
        optimizer.step()
    return perf_counter() - began
