"""A page of the browser in its usual size and colours."""

from __future__ import annotations

import pytest

from tests.browser.chromium import Tab


@pytest.fixture
def tab(browser: Tab) -> Tab:
    browser.resize(1200)
    browser.emulate("light")
    return browser
