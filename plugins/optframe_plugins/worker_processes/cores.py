"""How many cores there are for worker processes."""

import os
from math import ceil
from pathlib import Path

__all__ = ["cores"]


def cores() -> int:
    """Return how many cores this process may use: by its affinity, and its container's quota."""
    allowed = getattr(os, "sched_getaffinity", None)
    found = len(allowed(0)) if allowed else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        return max(1, min(found, ceil(int(quota) / int(period))))
    except (OSError, ValueError):  # no such file, or "max"
        return found
