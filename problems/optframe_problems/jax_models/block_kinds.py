"""The blocks of a pytree's leaves, with their kinds."""

from __future__ import annotations

import re
from collections.abc import Sequence

from optframe import Block, Layout

__all__ = ["layout_of_leaves"]

_EMBEDDING = re.compile(r"embed", re.I)
_OUTPUT = re.compile(r"^(out|output|outputs|head|logits)$|_(out|output|head)$", re.I)


def layout_of_leaves(
    names: Sequence[str], shapes: Sequence[tuple[int, ...]], network: bool
) -> Layout:
    """Return the blocks of leaves with these names (paths with dots) and shapes, in their order.

    ==========  ================================================================================
    kind        leaf
    ==========  ================================================================================
    ``bias``    of at most one axis; its name is ``b`` or has ``bias`` at its end
    ``scale``   of at most one axis; its name is ``scale`` or ``gamma``
    ``input``   the first of the weights, and embeddings (``embed`` in the path)
    ``output``  the last of the weights, also an only one; ``head``, ``out``, ``output``,
                ``logits`` in the path
    ``hidden``  any other weight: a leaf of two or more axes
    ==========  ================================================================================

    Anything else is a ``parameter``; so are all matrices if this is no ``network``. JAX sorts the
    keys of a dict, which is no order of layers. First and last are meant in the order of the paths
    with numbers compared as numbers: ``layer2`` before ``layer10``.
    """
    kinds = dict(zip(names, map(_kind, names, shapes), strict=True))
    weights = sorted((name for name in names if kinds[name] == "hidden"), key=_order)
    if not network:
        kinds.update(dict.fromkeys(weights, "parameter"))
        weights = []
    for name in weights:
        if _EMBEDDING.search(name):
            kinds[name] = "input"
        elif any(map(_OUTPUT.search, name.split("."))):
            kinds[name] = "output"
    if weights and "input" not in kinds.values() and kinds[weights[0]] == "hidden":
        kinds[weights[0]] = "input"
    last = weights[-1] if weights and "output" not in kinds.values() else ""
    if last and (kinds[last] == "hidden" or len(weights) == 1):
        kinds[last] = "output"
    return Layout(
        tuple(Block(name, shape, kinds[name]) for name, shape in zip(names, shapes, strict=True))
    )


def _kind(name: str, shape: tuple[int, ...]) -> str:
    """Return the kind of a leaf; ``hidden`` for every weight."""
    own = name.rpartition(".")[2].lower()
    if len(shape) > 1:
        return "hidden"
    if own == "b" or own.endswith("bias"):
        return "bias"
    return "scale" if own in ("scale", "gamma") else "parameter"


def _order(name: str) -> list[tuple[int, int, str]]:
    """Return what paths are sorted by: numbers as numbers."""
    parts = re.split(r"(\d+)", name)
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]
