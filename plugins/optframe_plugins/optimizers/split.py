"""An optimizer of its own for each kind of block."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from optframe import Array, Block, Layout, Optimizer, Oracle, UsageError
from optframe.contracts.restricted import Blocks, Point, Restricted
from optframe_plugins.optimizers.adamw import AdamW

__all__ = ["Split"]


@dataclass
class Parts:
    """State: the blocks and the state of each part that has blocks, by the name of its field."""

    blocks: dict[str, Blocks]
    states: dict[str, Any]


@dataclass(frozen=True)
class Split(Optimizer):
    """Split: an optimizer of its own for each kind of block, such as one for hidden matrices.

    With φᵢ the parameters of part i, and all gradients at the same θ::

        φᵢ ← the step of optimizer i from φᵢ with ∂f/∂φᵢ,    i = 1, ..., n

    The gradient is computed and counted once per step. For an optimizer, its part is a problem of
    its own, φᵢ ↦ f(φ₁, ..., φₙ) with the other blocks held at the values before the step: it may
    ask for the loss, the gradient, products with the Hessian and the Hessian there. Evaluations
    anywhere else than at θ count as evaluations of f. From step to step this function changes,
    as the other parts step, too. So optimizers that need ``deterministic`` (line searches,
    quasi-Newton methods) or ``minimum`` are refused.

    A block belongs to the field of its kind; if that has no optimizer, to ``matrices`` if it has
    two axes; else to ``rest``. A problem without a block for one of the given optimizers is
    skipped.

    Parameters
    ----------
    input, hidden, output
        The optimizers for the weights of the first, a middle and the last layer.
    bias, scale, parameter
        Those for biases, for scales, and for all other blocks.
    matrices
        That for other blocks with two axes.
    rest
        That for all blocks that are left.

    References
    ----------
    Jordan, K., et al. (2024), Muon: an optimizer for hidden layers in neural networks,
    kellerjordan.github.io/posts/muon, which leaves all but the matrices of hidden layers to AdamW.

    Examples
    --------
    >>> import optframe
    >>> optframe.minimize("mlp:data=iris", 'split:bias=sgd,rest="adam:lr=0.1"', epochs=9).loss < 0.2
    True
    """

    input: Optimizer | None = None
    hidden: Optimizer | None = None
    output: Optimizer | None = None
    bias: Optimizer | None = None
    scale: Optimizer | None = None
    parameter: Optimizer | None = None
    matrices: Optimizer | None = None
    rest: Optimizer = field(default_factory=AdamW)

    def __post_init__(self) -> None:
        for name, part in self._given():
            beyond = part.requires() - Restricted.OFFERS
            if beyond:
                raise ValueError(
                    f"{name}: {type(part).__name__} needs {', '.join(sorted(beyond))}, which an "
                    "optimizer of some blocks does not have: the other parts step, too"
                )

    def _given(self) -> Iterator[tuple[str, Optimizer]]:
        """Yield the name of each part that has an optimizer, and the optimizer."""
        for name in self.__dataclass_fields__:
            part = getattr(self, name)
            if part is not None:
                yield name, part

    def requires(self) -> frozenset[str]:
        """Return what the parts need; where they need matrices is asked by `refusal`."""
        needs = self.needs.union(*(part.requires() for _, part in self._given()))
        return needs - {"matrices"}

    def _owner(self, block: Block) -> str:
        """Return the name of the part that a block belongs to."""
        if getattr(self, block.kind) is not None:
            return block.kind
        return "matrices" if self.matrices is not None and len(block.shape) == 2 else "rest"

    def refusal(self, layout: Layout) -> str | None:
        """Return which optimizer has no blocks, or does not accept its blocks."""
        for name, part in self._given():
            blocks = [block for block in layout if self._owner(block) == name]
            if not blocks and name != "rest":
                kinds = ", ".join(dict.fromkeys(block.kind for block in layout))
                return f"no block is left for {name!r} (kinds of its blocks: {kinds})"
            vectors = [block for block in blocks if len(block.shape) != 2]
            if "matrices" in part.requires() and vectors:
                return (
                    f"{name}: {type(part).__name__} needs matrices, and block "
                    f"{vectors[0].name!r} has the shape {vectors[0].shape}"
                )
            reason = part.refusal(Layout(tuple(blocks))) if blocks else None
            if reason is not None:
                return f"{name}: {reason}"
        return None

    def _blocks(self, oracle: Oracle) -> dict[str, Blocks]:
        """Return the blocks of each part that has some.

        Raises
        ------
        UsageError
            If an optimizer has no blocks, or does not accept them.
        """
        reason = self.refusal(oracle.layout)
        if reason is not None:
            raise UsageError(f"Split: {reason}")
        blocks: dict[str, list[Block]] = {name: [] for name, _ in self._given()}
        for block in oracle.layout:
            blocks[self._owner(block)].append(block)
        return {name: Blocks(oracle.layout, own, oracle.xp) for name, own in blocks.items() if own}

    def init(self, theta: Array, oracle: Oracle) -> Parts:
        """Start each part on its blocks."""
        state, point = Parts(self._blocks(oracle), {}), Point(oracle, theta)
        for name, blocks in state.blocks.items():
            seen = Restricted(point, blocks, name)
            state.states[name] = getattr(self, name).init(blocks.copied(theta), seen)
        return state

    def step(self, theta: Array, state: Parts, oracle: Oracle) -> tuple[Array, Parts]:
        """Do one step of each part."""
        point, moved = Point(oracle, theta), []
        for name, blocks in state.blocks.items():
            # A part may overwrite what it gets. θ stays, for the evaluations of the other parts.
            part, seen = getattr(self, name), Restricted(point, blocks, name)
            phi = blocks.copied(theta)
            shape, dtype = phi.shape, phi.dtype
            phi, state.states[name] = part.step(phi, state.states[name], seen)
            if phi.shape != shape or phi.dtype != dtype:
                raise TypeError(
                    f"{name}: {type(part).__name__}.step returned θ as {phi.dtype} {phi.shape}; "
                    f"expected {dtype} {shape}"
                )
            moved.append((blocks, phi))
        return _joined(theta, moved, oracle.xp), state

    def solution(self, theta: Array, state: Parts) -> Array:
        """Return the solutions of all parts."""
        found = []
        for name, blocks in state.blocks.items():
            phi = blocks.taken(theta)
            solution = getattr(self, name).solution(phi, state.states[name])
            if solution is not phi:
                found.append((blocks, solution))
        xp = blocks.xp
        return _joined(xp.asarray(theta, copy=True), found, xp) if found else theta

    def dump(self, state: Parts) -> dict[str, Any]:
        """Return the states of the parts as plain data."""
        return {name: getattr(self, name).dump(part) for name, part in state.states.items()}

    def load(self, theta: Array, plain: dict[str, Any], oracle: Oracle) -> Parts:
        """Return the states of the parts, on their blocks."""
        state, point = Parts(self._blocks(oracle), {}), Point(oracle, theta)
        for name, blocks in state.blocks.items():
            seen = Restricted(point, blocks, name)
            state.states[name] = getattr(self, name).load(blocks.copied(theta), plain[name], seen)
        return state


def _joined(theta: Array, parts: list[tuple[Blocks, Array]], xp: Any) -> Array:
    """Write the parts to their places in θ, or in a copy if it cannot be written to."""
    if not getattr(getattr(theta, "flags", None), "writeable", True):
        theta = xp.asarray(theta, copy=True)
    for blocks, phi in parts:
        blocks.put(theta, phi)
    return theta
