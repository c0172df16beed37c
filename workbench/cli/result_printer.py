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

    def show_place(self, fit: Fit, *, has_report: bool = True) -> None:
        """Print where the fit is, and whether a study in its folder is about an earlier run."""
        from workbench.report.fit.terminal_page import describe_place
        from workbench.results import store
        from workbench.results.run_identity import is_of_earlier_run

        if not self._is_json:
            console.show_line(describe_place(fit, has_report=has_report))
        if fit.folder is not None and is_of_earlier_run(fit.folder / store.STUDY):
            console.show_note(
                "note",
                f"the study in `{fit.folder / store.STUDY}` is about the earlier run; `workbench sensitivity "
                f"{fit.folder}` studies this one",
            )

    def _print(self, fit: Fit) -> None:
        from workbench.report.fit.terminal_page import build_fit_page
        from workbench.results import store

        if self._is_json:
            console.show_json(store.dump(fit.record))
        else:
            console.show(build_fit_page(fit))
        console.show_tips(tip for tip in fit.results.data.tips if tip not in self._told)
