"""Components of torch's classes, as import paths make them, and problems with several blocks."""

import numpy as np
import pytest

from optframe import Block, Layout
from optframe.components.signatures import component_class
from optframe.testing.standard_problems import Trough
from optframe_plugins.adapters.torch import Torch

BLOCKS = Layout(
    (
        Block("first.weight", (5, 4), "input"),
        Block("first.bias", (5,), "bias"),
        Block("kernel.weight", (2, 2, 3, 3), "hidden"),
        Block("norm.weight", (5,), "scale"),
        Block("last.weight", (3, 5), "output"),
    )
)


@pytest.fixture
def adapted():
    """Make a component of a class of torch."""
    adapter = Torch()

    def make(found, **given):
        kind = adapter.recognizes(found)
        base, left_out = adapter.base(found, kind), adapter.leaves_out(found)
        path = f"{found.__module__}.{found.__name__}"
        return component_class(found, path, base, left_out, frozenset())(**given)

    return make


@pytest.fixture
def trough():
    """A convex function of blocks of one, two and four axes."""
    random = np.random.default_rng(5)
    scales, center = random.uniform(0.5, 2, BLOCKS.size), random.standard_normal(BLOCKS.size)
    return Trough(scales, center, BLOCKS)
