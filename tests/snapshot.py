"""Texts that a file beside the test records: read in full by people, compared in full by tests.

A changed text is accepted by running its test with `REWRITE_SNAPSHOTS=1` in the environment::

    REWRITE_SNAPSHOTS=1 .venv/bin/pytest tests/binding/test_messages.py

The diff of the file then shows what changed.
"""

import os
from pathlib import Path


def assert_recorded(path: Path, text: str) -> None:
    """Compare a text with the file that records it, or record it."""
    if os.environ.get("REWRITE_SNAPSHOTS"):
        path.write_text(text, encoding="utf-8")
    recorded = path.read_text(encoding="utf-8")
    assert text == recorded, f"{path} records another text; REWRITE_SNAPSHOTS=1 accepts this one"
