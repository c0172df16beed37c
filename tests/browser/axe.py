"""axe-core in a page: barriers for people with disabilities."""

from __future__ import annotations

import importlib.resources
import json

from tests.browser.chromium import Tab

GRAVE = ("serious", "critical")
"""Impacts of findings that count."""


def find_violations(tab: Tab) -> list[str]:
    """Return the serious and critical findings of axe-core, each with the first element it concerns.

    Elements inside drawings are left out: to a screen reader, each drawing is an image with a description.
    """
    source = importlib.resources.files("axe_core_python") / "axe.min.js"
    tab.evaluate(source.read_text(encoding="utf-8") + "; null")
    findings = json.loads(
        tab.evaluate(
            "axe.run({exclude: ['.drawing svg']}, {resultTypes: ['violations']})"
            ".then(result => JSON.stringify(result.violations))"
        )
    )
    return [
        f"{finding['id']}: {finding['nodes'][0]['html'][:200]}"
        for finding in findings
        if finding["impact"] in GRAVE
    ]
