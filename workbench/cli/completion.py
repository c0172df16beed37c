"""What the shell completes."""

from __future__ import annotations

from pathlib import Path


def models(incomplete: str) -> list[str]:
    """Return the bundled models and Stan programs that begin like a word."""
    folder = Path(incomplete).parent if "/" in incomplete else Path()
    programs = [str(path) for path in folder.glob("*.stan")] if folder.is_dir() else []
    return [name for name in (*bundled(incomplete), *sorted(programs)) if name.startswith(incomplete)]


def bundled(incomplete: str) -> list[str]:
    """Return the bundled models that begin like a word."""
    from workbench import library

    return [name for name in library.list_names() if name.startswith(incomplete)]
