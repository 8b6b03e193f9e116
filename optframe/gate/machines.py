"""Runs a study again as on older machines: with older BLAS kernels and instruction sets.

OpenBLAS, NumPy and glibc choose their code by the CPU when a process starts. Environment variables
make them choose as on an older CPU. A run of the study under each setting shows which counts depend
on the machine, and by how much.
"""

from __future__ import annotations

import math
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optframe.errors import UnavailableError
from optframe.gate.measured import Measured
from optframe.gate.sources import Source, open_source
from optframe.gate.tolerance import Tolerance, Tolerances, change, changes

__all__ = ["Machine", "machines", "measure"]

_KERNELS = {
    "x86_64": ("Prescott", "Nehalem", "Sandybridge", "Haswell", "SkylakeX"),
    "aarch64": ("ARMV8", "CORTEXA57", "NEOVERSEN1", "NEOVERSEV1"),
}
"""OpenBLAS's kernels, the oldest first, without aliases."""


@dataclass(frozen=True)
class Machine:
    """An older machine that can be emulated here: its name and its environment variables."""

    name: str
    variables: Mapping[str, str]


def machines(environment: Mapping[str, Any]) -> list[Machine]:
    """Return the machines that can be emulated in an environment (flat); raise if there are none.

    They need Linux, or an OpenBLAS that chooses among kernels.
    """
    architecture = platform.machine().replace("AMD64", "x86_64")
    own = environment.get("blas_kernel")
    found = [
        Machine(f"OpenBLAS {kernel}", {"OPENBLAS_CORETYPE": kernel})
        for kernel in _KERNELS.get(architecture, ())
        if kernel != own and "openblas" in str(environment.get("blas")).lower()
    ]
    features = _dispatched()
    if features:
        glibc = "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,-AVX512F"
        tuned = {"GLIBC_TUNABLES": glibc} if architecture == "x86_64" else {}
        variables = {"NPY_DISABLE_CPU_FEATURES": " ".join(features), **tuned}
        found.append(Machine("NumPy without " + " ".join(features), variables))
    wide = [name for name in features if name.startswith(("AVX512", "X86_V4"))]
    if wide and wide != features:
        variables = {"NPY_DISABLE_CPU_FEATURES": " ".join(wide)}
        found.append(Machine("NumPy without " + " ".join(wide), variables))
    if not found:
        raise UnavailableError(
            "no older machine can be emulated here: found "
            f"{environment.get('blas', 'no BLAS')} on {platform.platform()}, expected OpenBLAS or "
            "Linux; measure tolerances on another machine"
        )
    return found


def measure(
    here: Source,
    study: str,
    plugins: Sequence[str],
    tell: Callable[[str], None],
    timeout: float = 3600.0,
) -> Tolerances:
    """Run a study again as on each machine that can be emulated, and return how counts change.

    ``here`` has the results on this machine without emulation. ``study`` and ``plugins`` are
    arguments of ``optframe run``: the study, and the value of each ``-P``. ``tell`` prints a line
    for each machine. One run may take ``timeout`` seconds.
    """
    environment = next((one.environment for one in here.trials if one.environment), {})
    seen = [_choice(environment)]
    others: list[Sequence[Measured]] = []
    names: list[str] = []
    for machine in machines(environment):
        trials, why = _run(machine, study, plugins, timeout)
        if not trials:
            tell(f"{machine.name}: left out, {why}")
            continue
        choice = _choice(next((one.environment for one in trials if one.environment), {}))
        if choice in seen:
            tell(f"{machine.name}: left out, since it changes no choice of BLAS or NumPy here")
            continue
        seen.append(choice)
        others.append(trials)
        names.append(machine.name)
        changed = _changes(here.trials, trials)
        tell(f"{machine.name}: {'; '.join(changed) or 'no count changed'}")
    if not others:
        raise UnavailableError("no older machine could be emulated here; no tolerance was measured")
    return Tolerances(changes(here.trials, others), tuple(names))


def _run(
    machine: Machine, study: str, plugins: Sequence[str], timeout: float
) -> tuple[Sequence[Measured], str]:
    """Run the study in a process of its own; return its trials, or why there are none."""
    named = [word for plugin in plugins for word in ("-P", plugin)]
    with tempfile.TemporaryDirectory() as folder:
        words = [study, "--out", folder, "--no-report", *named]
        # Python's -P: run the installed package, not one in the present folder.
        command = [sys.executable, "-P", "-m", "optframe", "run", *words]
        try:
            done = subprocess.run(
                command,
                env={**os.environ, **machine.variables},
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return (), str(error)
        if done.returncode < 0:
            return (), f"this CPU cannot run it (signal {-done.returncode})"
        if done.returncode:
            last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            return (), last
        return open_source(Path(folder)).trials, ""


def _choice(environment: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(environment.get(name) for name in ("blas_kernel", "cpu_features"))


def _changes(here: Sequence[Measured], there: Sequence[Measured]) -> list[str]:
    """Return lines: by how much each optimizer's counts changed, and on which problem most."""
    cells = {one.cell: one for one in there}
    worst: dict[str, tuple[float, str]] = {}
    for one in here:
        found = change(one, cells[one.cell]) if one.cell in cells else Tolerance()
        size = found.counts if found.stable else math.inf
        name = one.spec.optimizer_name
        if size > worst.get(name, (0.0, ""))[0]:
            worst[name] = size, one.spec.problem
    lines = []
    for name, (size, problem) in sorted(worst.items()):
        much = f"{100 * size:.3g} %" if math.isfinite(size) else "another status"
        lines.append(f"{name} {much} on {problem}")
    return lines


def _dispatched() -> list[str]:
    """Return the instruction sets that NumPy found here beyond its baseline."""
    import numpy as np

    build: Any = np.show_config(mode="dicts")
    return list(build.get("SIMD Extensions", {}).get("found", []))
