"""The state of methods that remember where they are going."""

from dataclasses import dataclass

from optframe import Array

__all__ = ["Velocity"]


@dataclass
class Velocity:
    """State; both change at every step.

    v, the velocity, shape (..., P), or b, the gathered gradients, where the learning rate stands
    outside; begun, whether there was a step.
    """

    v: Array
    begun: bool = False
