"""Modules, data, and torch's own answers at a flat θ."""

import numpy as np
import pytest

RECORDS = 60


@pytest.fixture
def images():
    """The same number of images, (60, 2, 8, 8) and (60,)."""
    random = np.random.default_rng(4)
    y = random.integers(3, size=RECORDS)
    return random.standard_normal((RECORDS, 2, 8, 8)) + y[:, None, None, None], y


@pytest.fixture
def plainly():
    """Return what torch alone finds at θ: the loss and its flat gradient, in float64."""

    import torch

    def ask(module, loss, x, y, theta):
        module = module.double().train()
        parts = torch.tensor(theta).split([p.numel() for p in module.parameters()])
        for parameter, part in zip(module.parameters(), parts, strict=True):
            parameter.data = part.view_as(parameter).clone()
            parameter.grad = None
        value = loss(module(torch.as_tensor(x)), torch.as_tensor(y))
        value.backward()
        gradient = torch.cat([p.grad.reshape(-1) for p in module.parameters()])
        return float(value.detach()), gradient.numpy()

    return ask
