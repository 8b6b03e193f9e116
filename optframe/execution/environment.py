"""Describes the environment of a study: versions, plugins, machine; once per run, not per trial."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info

from optframe.components.registry import Registry
from optframe.contracts import Backend
from optframe.version import __version__

__all__ = ["describe", "machine_load"]

PACKAGES = ("numpy", "scipy", "scikit-learn", "pandas", "pluggy", "numba")


def describe(registry: Registry, backend: Backend, threads: int, folder: Path) -> dict[str, Any]:
    """Return versions, plugins, machine and device; ``folder`` is that of the study's file."""
    return {
        "optframe": __version__,
        "plugins": {p.name: f"{p.origin} {p.version}".strip() for p in registry.plugins},
        "versions": {
            **{name: _version(name) for name in PACKAGES},
            **registry.by_path.versions(),
        },
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libc": " ".join(platform.libc_ver()).strip() or None,
        "machine": platform.node(),
        "architecture": platform.machine(),
        "cpu": _cpu(),
        "cpu_features": _cpu_features(),
        "cores": os.cpu_count(),
        "blas": _blas(),
        "blas_kernel": _blas_kernel(),
        "threads": threads,
        "device": backend.device,
        "git": _git(folder),
    }


def machine_load() -> float | None:
    """Return the load average of the last minute; None where the system has none."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _cpu_features() -> str:
    """Return the instruction sets that NumPy uses here, by NumPy's names."""
    build: Any = np.show_config(mode="dicts")
    extensions = build.get("SIMD Extensions", {})
    return " ".join([*extensions.get("baseline", []), *extensions.get("found", [])])


def _blas() -> str:
    build: Any = np.show_config(mode="dicts")
    blas = build.get("Build Dependencies", {}).get("blas", {})
    return f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()


def _blas_kernel() -> str | None:
    """Return the kernel that NumPy's BLAS has chosen for this CPU; None if it is unknown (MKL)."""
    libraries = [one for one in threadpool_info() if one.get("user_api") == "blas"]
    # SciPy's own BLAS may be loaded as well.
    of_numpy = [one for one in libraries if "/numpy" in Path(one["filepath"]).as_posix()]
    kernel: str | None = (of_numpy or libraries or [{}])[0].get("architecture")
    return kernel


def _git(folder: Path) -> str | None:
    """Return the commit of the study's folder, with ``+`` if it has uncommitted changes."""
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty=+", "--abbrev=40"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
