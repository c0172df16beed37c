"""What the shell completes."""

from __future__ import annotations

from pathlib import Path


def complete_models(incomplete: str) -> list[str]:
    """Return the bundled models and the Stan programs whose names begin with a text."""
    folder = Path(incomplete).parent if "/" in incomplete else Path()
    programs = [str(path) for path in folder.glob("*.stan")] if folder.is_dir() else []
    names = (*complete_bundled(incomplete), *sorted(programs))
    return [name for name in names if name.startswith(incomplete)]


def complete_bundled(incomplete: str) -> list[str]:
    """Return the bundled models whose names begin with a text."""
    from workbench import library

    return [name for name in library.list_names() if name.startswith(incomplete)]
