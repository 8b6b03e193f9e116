"""The state of methods that remember where they are going."""

from dataclasses import dataclass

from optframe import Array

__all__ = ["Velocity"]


@dataclass
class Velocity:
    """v, the velocity, shape (..., P); changes at every step."""

    v: Array
