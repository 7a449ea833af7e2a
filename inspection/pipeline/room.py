"""Measure how much memory and disk this process may still take."""

import math
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

_MEMINFO = Path("/proc/meminfo")
_STATM = Path("/proc/self/statm")
_CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Say what a process may take; MB are 10⁶ bytes.

    Attributes:
        memory_mb: what it holds already and what is free besides, None when nobody knows.
        disk_mb: free in the folder of unfinished files.
    """

    memory_mb: float | None
    disk_mb: float


def room_here(folder: Path) -> Room:
    """Measure the room of this process, and on the disk of a folder that may not exist yet."""
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    return Room(memory_mb=memory_mb(), disk_mb=shutil.disk_usage(there).free / 1e6)


def endless(_folder: Path) -> Room:
    """Have room for everything, for whoever knows better than a forecast."""
    return Room(memory_mb=None, disk_mb=math.inf)


def memory_mb(
    meminfo: Path = _MEMINFO, statm: Path = _STATM, cgroup: Path = _CGROUP
) -> float | None:
    """Give the memory that this process holds and may still get, MB; None when nobody knows.

    The smaller of what the machine has and what a container is granted counts.

    Source: proc(5), ``MemAvailable`` and ``statm``; Linux kernel, admin-guide/cgroup-v2,
    ``memory.max``, ``memory.current``, ``memory.stat``.
    """
    free = [kb for kb in (_available_mb(meminfo), _granted_mb(cgroup)) if kb is not None]
    if not free:
        return None
    try:
        held = int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except (OSError, ValueError, IndexError):
        held = 0.0
    return min(free) + held


def _available_mb(meminfo: Path) -> float | None:
    try:
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024 / 1e6
    except (OSError, ValueError):
        return None
    return None


def _granted_mb(cgroup: Path) -> float | None:
    """Give what the container of this process may still take; files in its cache can go."""
    try:
        most = (cgroup / "memory.max").read_text().strip()
        if most == "max":
            return None
        taken = int((cgroup / "memory.current").read_text())
        rows = (line.split() for line in (cgroup / "memory.stat").read_text().splitlines())
        cached = sum(int(value) for name, value in rows if name == "inactive_file")
        return (int(most) - taken + cached) / 1e6
    except (OSError, ValueError):
        return None
