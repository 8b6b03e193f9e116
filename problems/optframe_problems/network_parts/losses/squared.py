"""Half the squared error."""

from typing import Any

from optframe import Array
from optframe_problems.network_parts.losses.loss import Loss, own_places

__all__ = ["SquaredError"]


class SquaredError(Loss):
    """ℓ = ½ ‖z − y‖², with y the one-hot vector of the record's class, or its number.

    ::

        δ = (z − y)/B,    δ̇ = ż/B
    """

    def value(self, xp: Any, z: Array, targets: Array) -> Array:
        """Return the mean of ½ ‖z − y‖²."""
        return _value(_errors(xp, z, targets))

    def slope(self, xp: Any, z: Array, targets: Array) -> Array:
        """Return (z − y)/B."""
        return _slope(_errors(xp, z, targets))

    def value_and_slope(self, xp: Any, z: Array, targets: Array) -> tuple[Array, Array]:
        """Return both."""
        errors = _errors(xp, z, targets)
        return _value(errors), _slope(errors)

    def curvature(self, xp: Any, z: Array, targets: Array, z_dot: Array) -> tuple[Array, Array]:
        """Return δ and δ̇."""
        return self.slope(xp, xp.array(z), targets), z_dot / z.shape[-2]


def _errors(xp: Any, z: Array, targets: Array) -> Array:
    """Return z − y, shape (..., C, B)."""
    errors = xp.ascontiguousarray(z.mT)
    if targets.dtype.kind == "f":
        errors -= targets[..., None, :]
    else:
        errors.reshape(-1)[own_places(xp, errors, targets)] -= 1
    return errors


def _value(errors: Array) -> Array:
    return 0.5 * (errors * errors).sum(axis=-2).mean(axis=-1)


def _slope(errors: Array) -> Array:
    errors /= errors.shape[-1]
    return errors.mT
