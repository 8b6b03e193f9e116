"""The blocks of a module's parameters, with their kinds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from optframe import Block, Layout

__all__ = ["layout_of_module"]

_NORMS = (
    torch.nn.modules.batchnorm._NormBase,
    torch.nn.LayerNorm,
    torch.nn.GroupNorm,
    *([torch.nn.RMSNorm] if hasattr(torch.nn, "RMSNorm") else []),
)
_EMBEDDINGS = (torch.nn.Embedding, torch.nn.EmbeddingBag)


def layout_of_module(module: Any, names: Sequence[str]) -> Layout:
    """Return the blocks of these parameters, in this order, in torch's shapes.

    ==========  ================================================================================
    kind        parameter
    ==========  ================================================================================
    ``scale``   the weight of a normalization; of a class of the user's, where its name says so
    ``bias``    a bias, by its name
    ``input``   the first weight, and the weights of embeddings
    ``output``  the last weight, also an only one
    ``hidden``  a weight between: of two or more axes, with ``weight`` in its name
    ==========  ================================================================================

    Anything else is a ``parameter``: a position's embedding that is no layer, for example. First
    and last are meant in the order in which the module lists them.
    """
    parameters = dict(module.named_parameters())
    modules = dict(module.named_modules())
    owners = {name: modules[name.rpartition(".")[0]] for name in names}
    kinds = {name: _kind(name, owners[name], parameters[name]) for name in names}
    weights = [name for name in names if kinds[name] == "hidden"]
    for name in weights:
        if isinstance(owners[name], _EMBEDDINGS):
            kinds[name] = "input"
    if weights:
        kinds[weights[0]] = "input"
        if kinds[weights[-1]] == "hidden" or len(weights) == 1:
            kinds[weights[-1]] = "output"
    return Layout(tuple(Block(name, tuple(parameters[name].shape), kinds[name]) for name in names))


def _kind(name: str, owner: Any, parameter: Any) -> str:
    """Return the kind of a parameter; ``hidden`` for every weight."""
    parts = name.split(".")
    if "parametrizations" in parts:  # weight.original0, for example
        parts = parts[: parts.index("parametrizations") + 2]
    own, flat = parts[-1].lower(), parameter.ndim <= 1
    if own.startswith("bias") or own.endswith("bias"):
        return "bias"
    if isinstance(owner, _NORMS) or (flat and "norm" in type(owner).__name__.lower()):
        return "scale"
    if flat:
        return "scale" if own in ("scale", "gamma") else "parameter"
    return "hidden" if "weight" in own else "parameter"
