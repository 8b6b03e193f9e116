"""Where two sides were measured: which differences can change the last bits of a result.

Counts are deterministic on one machine. On another, a product of matrices may be summed in another
order (the BLAS kernel), exp and log may round otherwise (what NumPy and the C library choose by
the CPU's features), and a new NumPy may do anything. Those things decide whether two sides must
agree exactly; the rest (the CPU's name, the commit) is told beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from optframe.gate.measured import Measured
from optframe.gate.verdicts import Difference

__all__ = ["DECIDING", "differences", "flat", "lasting"]

DECIDING = (
    *("architecture", "cpu_features", "blas", "blas_kernel", "libc"),
    *("python", "numpy", "scipy", "numba"),
    *("backend", "device", "threads"),
)
"""What can change the last bits of a result, beside the code that is compared."""

TOLD = ("cpu", "machine", "optframe", "git")
"""What is told and decides nothing."""

_LASTING = (*DECIDING, "cpu", "optframe")


def flat(description: Mapping[str, Any], backend: str, threads: int) -> dict[str, Any]:
    """Return what is compared of a store's environment (`optframe.execution.environment.describe`).

    ``backend`` and ``threads`` are the trial's. Numba's version is kept where it is the backend.
    """
    versions = description.get("versions", {})
    found = {name: description.get(name) for name in (*DECIDING, *TOLD)}
    found |= {name: versions.get(name) for name in ("numpy", "scipy")}
    found["numba"] = versions.get("numba") if backend == "numba" else None
    python = description.get("python")
    found["python"] = ".".join(str(python).split(".")[:2]) if python else None
    found |= {"backend": backend, "threads": threads}
    return {name: value for name, value in sorted(found.items()) if value is not None}


def lasting(environment: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a baseline keeps: no name of a machine, no commit."""
    return {name: value for name, value in environment.items() if name in _LASTING}


def differences(base: Mapping[str, Any], head: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Return in what two flat environments differ, what decides first.

    What only one side knows is a difference too, if it decides: nobody can say that it is the same.
    """
    names = [name for name in DECIDING if base.get(name) != head.get(name)]
    names += [n for n in TOLD if n in base and n in head and base[n] != head[n]]
    return tuple(
        Difference(
            name.replace("_", " "),
            str(base.get(name, "unknown")),
            str(head.get(name, "unknown")),
            name in DECIDING,
        )
        for name in names
    )


def environments_of(measured: Iterable[Measured]) -> list[dict[str, Any]]:
    """Return the different environments that trials have run in, in their order."""
    found: list[dict[str, Any]] = []
    for one in measured:
        if one.environment and one.environment not in found:
            found.append(one.environment)
    return found
