"""The check of wrappers that change gradients so that they are those of another loss."""

from optframe import Optimizer

__all__ = ["check_gradients_alone"]


def check_gradients_alone(optimizer: Optimizer, wrapper: str) -> None:
    """Raise a ValueError if an optimizer asks for more than gradients, which would not fit them."""
    more = sorted(optimizer.requires() - {"gradient", "deterministic", "full"})
    if more:
        name = type(optimizer).__name__
        raise ValueError(
            f"{wrapper} changes gradients alone, but {name} needs {', '.join(more)}; "
            "expected an optimizer that needs gradients alone"
        )
