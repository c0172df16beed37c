"""`make pictures`: the terminal and the report that the README shows, from a fit made here and now.

Usage: python -m tests.library.pictures

Writes `docs/pictures/terminal.svg` and `docs/pictures/report.png`; the second needs Chromium.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from tests.browser.chromium import find_executable
from tests.conftest import ROOT

PICTURES = ROOT / "docs" / "pictures"
"""Where they are kept."""

COMMAND = ("workbench", "fit", "eight_schools", "--output", "schools")
"""What is shown."""

_COLUMNS = 104
"""Width of the terminal."""

_REPORT_SIZE = (920, 1560)
"""Pixels of the report that are shown, from its top."""


def main() -> None:
    """Fit, and draw both pictures."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / COMMAND[-1]
        printed = _fit(Path(folder))
        (PICTURES / "terminal.svg").write_text(draw_terminal(printed), encoding="utf-8")
        (PICTURES / "report.png").write_bytes(_photograph(run / "report.html"))


def _fit(folder: Path) -> str:
    """Return what the command prints on a terminal with colours, without its progress."""
    environment = os.environ | {"COLUMNS": str(_COLUMNS), "FORCE_COLOR": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", *COMMAND]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True, cwd=folder)
    return done.stdout


def draw_terminal(printed: str) -> str:
    """Return what was printed as an SVG that loads nothing: text in the reader's own fixed-width font."""
    console = Console(record=True, width=_COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.assemble(("$ ", "bold green"), " ".join(COMMAND)))
    console.print(Text.from_ansi(printed.rstrip()))
    svg = console.export_svg(title="workbench", theme=MONOKAI, unique_id="terminal")
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.S)
    return svg.replace("Fira Code", "DejaVu Sans Mono, Menlo, Consolas")


def _photograph(page: Path) -> bytes:
    browser = find_executable() or "chromium"
    width, height = _REPORT_SIZE
    picture = page.with_suffix(".png")
    options = (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        f"--window-size={width},{height}",
    )
    command = [browser, *options, f"--screenshot={picture}", page.as_uri()]
    subprocess.run(command, capture_output=True, check=True)
    small = io.BytesIO()
    Image.open(picture).convert("RGB").quantize(64).save(small, "PNG", optimize=True)
    return small.getvalue()


if __name__ == "__main__":
    main()
