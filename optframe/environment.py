"""Where a study runs: measured once per run of a study, never per trial."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from optframe import __version__
from optframe.contracts import Backend
from optframe.registry import Registry

__all__ = ["describe"]


def describe(registry: Registry, backend: Backend, threads: int, folder: Path) -> dict[str, Any]:
    """Return versions, plugins, machine and device; ``folder`` is where the study file lies."""
    return {
        "optframe": __version__,
        "plugins": {p.name: f"{p.origin} {p.version}".strip() for p in registry.plugins},
        "versions": {name: _version(name) for name in ("numpy", "scipy", "scikit-learn", "pandas")},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.node(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "blas": _blas(),
        "threads": threads,
        "device": backend.device,
        "git": _git(folder),
    }


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


def _blas() -> str:
    build: Any = np.show_config(mode="dicts")
    blas = build.get("Build Dependencies", {}).get("blas", {})
    return f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()


def _git(folder: Path) -> str | None:
    """Return the commit of the study's folder, with ``+`` where it has changes."""
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty=+", "--abbrev=40"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
