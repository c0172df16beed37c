"""The results of a fit, printed before its report is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.cli import console
from workbench.errors import EXIT_UNREAD

if TYPE_CHECKING:
    from workbench.results import Fit


class ResultPrinter:
    """Prints the tips about the data before a fit starts, and its results before its report is drawn.

    Where they cannot be printed, the report is drawn all the same; then the failure is raised.
    """

    def __init__(self, *, is_json: bool) -> None:
        self._is_json = is_json
        self._failure: BaseException | None = None
        self._told: tuple[str, ...] = ()

    def show_tips(self, tips: tuple[str, ...]) -> None:
        """Print tips about the data; they are not repeated with the results."""
        console.show_tips(tips)
        self._told = tips

    def show(self, fit: Fit) -> None:
        """Print the results."""
        try:
            self._print(fit)
        except OSError as reason:
            self._failure = reason
        except SystemExit as reason:
            if reason.code != EXIT_UNREAD:
                raise
            self._failure = reason

    def raise_failure(self) -> None:
        """Raise what prevented the results from being printed, if anything did."""
        if self._failure is not None:
            raise self._failure

    def _print(self, fit: Fit) -> None:
        from workbench.report.fit.terminal_page import build_fit_page
        from workbench.results import store

        if self._is_json:
            console.show_json(store.dump(fit.record))
        else:
            console.show(build_fit_page(fit))
        console.show_tips(tip for tip in fit.results.data.tips if tip not in self._told)
