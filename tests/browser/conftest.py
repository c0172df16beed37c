"""A browser for the tests of a file, and a page of it in its usual size and colours."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.chromium import Tab, browse


@pytest.fixture(scope="module")
def browser() -> Iterator[Tab]:
    with browse() as tab:
        yield tab


@pytest.fixture
def tab(browser: Tab) -> Tab:
    browser.resize(1200)
    browser.emulate("light")
    return browser
