"""The state of the methods with momentum."""

from dataclasses import dataclass

from optframe import Array

__all__ = ["Velocity"]


@dataclass
class Velocity:
    """State; both change at every step.

    v, shape (..., P), the velocity, or b, the decaying sum of gradients, in the forms that have
    it; begun, whether a step has been done.
    """

    v: Array
    begun: bool = False
