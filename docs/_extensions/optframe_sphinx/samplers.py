"""What a sampler does, shown: the minibatches of two epochs of a few records."""

from __future__ import annotations

import numpy as np

import optframe
from optframe.components.parameters import parameters
from optframe.contracts.seeds import SamplerSeeds, Seeds
from optframe_sphinx.component import indent

__all__ = ["batches"]

_RECORDS, _BATCH = 10, 4


def batches(registry: optframe.Registry, name: str) -> str:
    """Return the minibatches of two epochs as a literal block, or why they cannot be shown."""
    sized = "batch_size" in parameters(registry.load("samplers", name))
    given = {"batch_size": _BATCH} if sized else {}
    try:
        sampler: optframe.Sampler = registry.make("samplers", name, given)
    except optframe.UsageError as error:
        return f"There is no example: {error}."
    mistake = sampler.mistake(_RECORDS)
    if mistake:
        return f"There is no example with {_RECORDS} records: {mistake}."
    seeds = SamplerSeeds(Seeds(0, 0))
    lines = []
    for epoch in range(2):
        drawn = [np.arange(_RECORDS)[each] for each in sampler.epoch(epoch, _RECORDS, seeds)]
        lines.append(f"epoch {epoch}:  " + "  ".join(str(indices) for indices in drawn))
    size = f" and ``batch_size={_BATCH}``" if sized else ""
    return f"With {_RECORDS} records{size}, the minibatches are\n\n::\n\n" + indent(
        "\n".join(lines)
    )
