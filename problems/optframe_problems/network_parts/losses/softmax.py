"""Softmax cross-entropy."""

from typing import Any

from optframe import Array
from optframe_problems.network_parts.losses.loss import Loss, own_places

__all__ = ["SoftmaxCrossEntropy"]


class SoftmaxCrossEntropy(Loss):
    """ℓ = −log p_y with p = softmax(z), for targets y that are classes.

    ::

        δ = (p − 1_y)/B,    δ̇ = p∘(ż − pᵀż)/B

    Inside, records lie along the last axis, (..., C, B), where reductions over a few classes run
    several times faster; a narrow linear layer lays its outputs so that this costs no copy.
    """

    def value(self, xp: Any, z: Array, targets: Array) -> Array:
        """Return the mean of log Σ exp z − z_y."""
        scores = _shifted(xp, z)
        own = scores.reshape(-1)[own_places(xp, scores, targets)]
        total = xp.exp(scores, out=scores).sum(axis=-2)
        return (xp.log(total, out=total) - own).mean(axis=-1)

    def slope(self, xp: Any, z: Array, targets: Array) -> Array:
        """Return (p − 1_y)/B."""
        scores = _shifted(xp, z)
        odds = xp.exp(scores, out=scores)
        total = odds.sum(axis=-2, keepdims=True)
        return _slope(odds, total, own_places(xp, odds, targets))

    def value_and_slope(self, xp: Any, z: Array, targets: Array) -> tuple[Array, Array]:
        """Return both from the same exponentials."""
        scores = _shifted(xp, z)
        places = own_places(xp, scores, targets)
        own = scores.reshape(-1)[places]
        odds = xp.exp(scores, out=scores)
        total = odds.sum(axis=-2, keepdims=True)
        value = (xp.log(total[..., 0, :]) - own).mean(axis=-1)
        return value, _slope(odds, total, places)

    def curvature(self, xp: Any, z: Array, targets: Array, z_dot: Array) -> tuple[Array, Array]:
        """Return δ and δ̇."""
        scores = _shifted(xp, xp.array(z))
        odds = xp.exp(scores)
        total = odds.sum(axis=-2, keepdims=True)
        p, along = odds / total, z_dot.mT
        delta_dot = p * (along - (p * along).sum(axis=-2, keepdims=True)) / odds.shape[-1]
        return _slope(odds, total, own_places(xp, odds, targets)), delta_dot.mT


def _shifted(xp: Any, z: Array) -> Array:
    """Return z less its maximum over the classes, so that exp cannot overflow, (..., C, B)."""
    scores = xp.ascontiguousarray(z.mT)
    scores -= scores.max(axis=-2, keepdims=True)
    return scores


def _slope(odds: Array, total: Array, places: Array) -> Array:
    """Return (p − 1_y)/B, (..., B, C), in the place of the odds."""
    count = odds.shape[-1]
    odds /= count * total
    odds.reshape(-1)[places] -= 1 / count
    return odds.mT
