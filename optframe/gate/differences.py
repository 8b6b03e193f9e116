"""Compares two environments: which differences can change the last bits of a result.

Counts are deterministic on one machine. On another machine, a BLAS kernel may sum a product of
matrices in another order. NumPy and the C library choose by the CPU's features how exp and log
round. A new NumPy may compute anything differently. If two environments agree in all of these, two
sides must agree exactly. Other differences (the CPU's name, the commit) are only shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from optframe.execution.environment import PACKAGES
from optframe.gate.measured import Measured
from optframe.gate.verdicts import Difference

__all__ = ["DECIDING", "differences", "flat", "lasting"]

DECIDING = (
    *("architecture", "cpu_features", "blas", "blas_kernel", "libc"),
    *("python", "numpy", "scipy", "numba"),
    *("backend", "device", "threads"),
)
"""What can change the last bits of a result, apart from the code that is compared."""

TOLD = ("cpu", "machine", "optframe", "git")
"""What is shown and not used for a verdict, as are the versions of libraries that import paths
name: these are what is compared."""

_LASTING = (*DECIDING, "cpu", "optframe")


def flat(description: Mapping[str, Any], backend: str, threads: int) -> dict[str, Any]:
    """Return the parts of a store's environment that are compared, as a flat table.

    ``description`` is what `optframe.execution.environment.describe` returns. ``backend`` and
    ``threads`` are the trial's. Numba's version is included only if Numba is the backend.
    """
    versions = description.get("versions", {})
    found = {name: description.get(name) for name in (*DECIDING, *TOLD)}
    found |= {name: value for name, value in versions.items() if name not in PACKAGES}
    found |= {name: versions.get(name) for name in ("numpy", "scipy")}
    found["numba"] = versions.get("numba") if backend == "numba" else None
    python = description.get("python")
    found["python"] = ".".join(str(python).split(".")[:2]) if python else None
    found |= {"backend": backend, "threads": threads}
    return {name: value for name, value in sorted(found.items()) if value is not None}


def lasting(environment: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a baseline stores: neither the machine's name nor the commit."""
    return {name: value for name, value in environment.items() if name in _LASTING}


def differences(base: Mapping[str, Any], head: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Return the differences of two flat environments, those that can change bits first.

    If one side lacks such a value, that is a difference, too: the two may not be the same.
    """
    names = [name for name in DECIDING if base.get(name) != head.get(name)]
    libraries = sorted((base.keys() | head.keys()) - {*DECIDING, *TOLD})
    told = (*TOLD, *libraries)
    names += [n for n in told if n in base and n in head and base[n] != head[n]]
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
    """Return the different environments that trials ran in, in order of the trials."""
    found: list[dict[str, Any]] = []
    for one in measured:
        if one.environment and one.environment not in found:
            found.append(one.environment)
    return found
