"""A fit logged to MLflow while it is made; whatever happens there, the fit goes on."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from workbench.errors import StoreError, WorkbenchError
from workbench.registry.runs import hash_run, name_content
from workbench.results import Fit
from workbench.tracking import LoggedFit, MlflowServer, check_address, describe_fit, open_server
from workbench.tracking.logged_fit import RUN_TAG, USER_TAG

ERROR_TAG = "workbench.error"
"""The tag that says why a fit ended."""

_LONGEST_ERROR = 1000
"""The most characters of it. Ours."""


class FitTracker:
    """A fit that MLflow sees: running, then finished or failed. Whatever MLflow does, the fit goes on.

    Parameters
    ----------
    address, experiment
        The server, and the experiment there.
    name
        What the run is called there.
    on_link
        Is told where the run is shown.
    on_failure
        Is told what went wrong with MLflow.
    """

    def __init__(
        self,
        address: str,
        experiment: str,
        name: str,
        on_link: Callable[[str], None],
        on_failure: Callable[[str], None],
    ) -> None:
        self._address = check_address(address)
        self._experiment = experiment
        self._name = name
        self._on_link = on_link
        self._on_failure = on_failure
        self._run = ""

    def start(self) -> None:
        """Show the fit as running."""
        consequence = "the fit goes on, and is logged at its end if a server answers then"
        with self._forgiving(consequence), open_server(self._address) as server:
            self._start(server)

    def finish(self, fit: Fit) -> None:
        """Log what was found, with the report; a fit without a posterior that was asked for has failed."""
        with self._forgiving("the fit is not in MLflow, or not all of it", fit.folder):
            logged = describe_fit(fit.results, self._identify(fit))
            is_failed = fit.results.nuts.status == "failed"
            error = {ERROR_TAG: fit.results.nuts.reason} if is_failed else {}
            with open_server(self._address) as server:
                if not self._run:
                    self._start(server)
                with server.closing(self._run):
                    server.log(
                        self._run, LoggedFit(logged.parameters, logged.metrics, {**logged.tags, **error})
                    )
                    if fit.folder is not None:
                        server.log_report(self._run, fit.folder)
                    server.end_run(self._run, "FAILED" if is_failed else "FINISHED")

    def fail(self, reason: BaseException) -> None:
        """Show the fit as failed, with the reason."""
        if not self._run:
            return
        is_error = isinstance(reason, Exception)
        words = reason.message if isinstance(reason, WorkbenchError) else type(reason).__name__
        with self._forgiving("MLflow still shows the fit as running"), open_server(self._address) as server:
            server.log(self._run, LoggedFit({}, {}, {ERROR_TAG: words[:_LONGEST_ERROR]}))
            server.end_run(self._run, "FAILED" if is_error else "KILLED")

    def _start(self, server: MlflowServer) -> None:
        experiment = server.find_experiment(self._experiment or self._name)
        self._run = server.start_run(experiment, self._name, {USER_TAG: getpass.getuser()})
        self._on_link(server.link_run(experiment, self._run))

    def _identify(self, fit: Fit) -> dict[str, str]:
        if fit.folder is None:
            return {}
        try:
            return {RUN_TAG: name_content(hash_run(fit.folder)), "workbench.folder": str(fit.folder)}
        except StoreError:
            return {}

    @contextmanager
    def _forgiving(self, consequence: str, folder: Path | None = None) -> Iterator[None]:
        try:
            yield
        except KeyboardInterrupt:
            if folder is None:
                raise
            raise KeyboardInterrupt(f"the run in `{folder}` is complete; {consequence}") from None
        except (WorkbenchError, OSError) as reason:
            words, hint = getattr(reason, "message", str(reason)), getattr(reason, "hint", None)
            self._on_failure(f"{words.rstrip('.')}{f' ({hint})' if hint else ''}; {consequence}")


@contextmanager
def track_fit(
    address: str | None,
    experiment: str,
    name: str,
    on_link: Callable[[str], None],
    on_failure: Callable[[str], None],
) -> Iterator[Callable[[Fit], None]]:
    """Show a fit in MLflow while it is made; give what logs its end. Without an address, nothing is logged.

    Parameters
    ----------
    address, experiment, name, on_link, on_failure
        As `FitTracker` takes them; the experiment is by default called as the run is.

    Raises
    ------
    RequestError, TrackingError
        The address is none, or the package that reaches MLflow is not installed: nothing was begun then.
    """
    if address is None:
        yield lambda _: None
        return
    tracker = FitTracker(address, experiment, name, on_link, on_failure)
    tracker.start()
    try:
        yield tracker.finish
    except BaseException as reason:
        tracker.fail(reason)
        raise
