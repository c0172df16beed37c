"""axe-core in a page: what would keep people out of it."""

from __future__ import annotations

import importlib.resources
import json

from tests.browser.chromium import Tab

GRAVE = ("serious", "critical")


def violations(tab: Tab) -> list[str]:
    """Return the serious and critical findings of axe-core, each with the first element it is about.

    The insides of drawings are left out, as they are for a screen reader: to it each is one image with words.
    """
    source = importlib.resources.files("axe_core_python") / "axe.min.js"
    tab.evaluate(source.read_text(encoding="utf-8") + "; null")
    found = json.loads(
        tab.evaluate(
            "axe.run({exclude: ['.drawing svg']}, {resultTypes: ['violations']})"
            ".then(result => JSON.stringify(result.violations))"
        )
    )
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found if one["impact"] in GRAVE]
