"""How much memory is free for us and the processes that we start, within the limits of containers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
"""Where Linux shows control groups, which limit the memory of containers and jobs."""

_CACHE = re.compile(r"^(?:total_)?inactive_file (\d+)$", re.MULTILINE)
"""Memory of a group that the kernel takes back when it is needed: files that were read."""


def measure_available_memory() -> int:
    """Return the memory that is free for us [bytes]: the machine's with its swap, or what limits leave."""
    import psutil  # only here: most commands do not ask

    free = psutil.virtual_memory().available + psutil.swap_memory().free
    return min(free, *_list_left_by_limits(_GROUPS, Path("/proc/self/cgroup")), free)


def _list_left_by_limits(root: Path, membership: Path) -> Iterator[int]:
    """Yield what each control group around this process leaves [bytes]."""
    text = ""
    with suppress(OSError):
        text = membership.read_text()
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers:
            yield from _walk_up(root, path, "memory.max", "memory.current")
        elif "memory" in controllers.split(","):
            yield from _walk_up(root / "memory", path, "memory.limit_in_bytes", "memory.usage_in_bytes")


def _walk_up(root: Path, path: str, limit: str, usage: str) -> Iterator[int]:
    """Yield what a group and those around it leave; inside of a container only the outermost can be seen."""
    folder = root / path.strip("/")
    for group in (folder, *folder.parents):
        with suppress(OSError, ValueError):
            most, used = int((group / limit).read_text()), int((group / usage).read_text())
            cached = sum(int(found) for found in _CACHE.findall((group / "memory.stat").read_text())[-1:])
            yield max(0, most - used + cached)
        if group == root:
            return
