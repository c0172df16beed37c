"""The registry from Python: the verbs of `workbench registry`, with fits and tables."""

from __future__ import annotations

import getpass
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import results
from workbench.api.finished_fit import Fit, as_fit
from workbench.errors import RequestError
from workbench.registry import ModelRegistry, Signer, Version
from workbench.registry.differences import FitDifferences, compare_fits
from workbench.results import run_directory

if TYPE_CHECKING:
    import pandas as pd

    from workbench.registry.verify import Verification


class Registry(ModelRegistry):
    """Versions of fits under names, in a folder of plain files that only grows.

    Parameters
    ----------
    folder
        The folder; the first `add` makes it.
    author
        Who writes, as the log has it; by default the user and the machine.
    key
        A private key (Ed25519, as `ssh-keygen` writes it) that signs what is written.
    required_keys
        A file of public keys: the registry must be signed with them.

    Examples
    --------
    >>> registry = workbench.Registry("registry")  # doctest: +SKIP
    >>> registry.add("radon", fit, alias="champion")  # doctest: +SKIP
    >>> registry.load("radon@champion").predict(new_rows)  # doctest: +SKIP
    """

    def __init__(
        self,
        folder: str | Path = "registry",
        *,
        author: str | None = None,
        key: str | Path | None = None,
        required_keys: str | Path | None = None,
    ) -> None:
        super().__init__(
            Path(folder),
            author or f"{getpass.getuser()}@{socket.gethostname()}",
            None if key is None else Signer(Path(key), os.environ.get("WORKBENCH_KEY_PASSWORD")),
            None if required_keys is None else Path(required_keys),
        )

    def __repr__(self) -> str:
        """Return where it is."""
        return f"<workbench.Registry in {self.folder}>"

    def add(self, name: str, run: Any, **options: Any) -> Version:
        """Add a fit, or a run directory, as the next version of a model; the run is copied.

        Parameters
        ----------
        name
            The name of the model.
        run
            A fit that has a run directory, or the folder.
        options
            `alias`, `note`, `owner`, `purpose` and `limits`, as `workbench registry add` has them.

        Raises
        ------
        RequestError, StoreError
            The fit has no run directory, is a version already, or the registry cannot be written.
        """
        return super().add(name, _find_run(run), **options)

    def load(self, version: str) -> Fit:
        """Return a version as a fit: `load("radon@champion")`. Its files are checked first.

        Raises
        ------
        RequestError, StoreError
            There is no such version, its run was pruned, or is not as it was added.
        """
        return as_fit(run_directory.read_whole(self.open_run(version)[1]))

    def versions(self, name: str = "") -> pd.DataFrame:
        """Return the versions of a model, or of all, a row for each, the oldest first.

        Columns: `name`, `version`, `aliases`, `verdict`, `time` (UTC), `author`, `rows`, `elpd`, `note`,
        `approved_by`, `pruned`.

        Raises
        ------
        RequestError, StoreError
            There is no such name, or no registry.
        """
        import pandas as pd

        state = self.read_state()
        models = [state.find_model(name)] if name else list(state.models.values())
        rows = [
            {
                "name": model.name,
                "version": version.number,
                "aliases": ", ".join(sorted(k for k, v in model.aliases.items() if v == version.number)),
                "verdict": version.added.summary.verdict,
                "time": version.time,
                "author": version.author,
                "rows": version.added.summary.rows,
                "elpd": version.added.summary.elpd,
                "note": version.added.note,
                "approved_by": ", ".join(author for author, _ in version.approvals),
                "pruned": version.is_pruned,
            }
            for model in models
            for version in model.versions
        ]
        frame = pd.DataFrame(rows)
        if not frame.empty:
            frame["time"] = pd.to_datetime(frame["time"], utc=True)
        return frame

    def diff(self, before: Any, after: Any) -> FitDifferences:
        """Return what differs between two versions, fits or run directories.

        Raises
        ------
        RequestError, StoreError
            One of them does not exist.
        """
        one, other = (self._read_results(each) for each in (before, after))
        return compare_fits(one, other)

    def report(self, name: str, output: str | Path | None = None) -> Path:
        """Write the audit page of a model as one HTML file, and return its path.

        Parameters
        ----------
        name
            The model.
        output
            The file; by default `reports/registry-<name>.html`.

        Raises
        ------
        RequestError, StoreError
            There is no such name or no registry, or the file cannot be written.
        """
        from workbench.workflow.registry_report import write_audit_page

        return write_audit_page(self, name, None if output is None else Path(output))

    def verify(self, head: str = "") -> Verification:
        """Check each event, signature and file, and compute the numbers of each run again.

        Parameters
        ----------
        head
            The hash of an event that was once the last one.

        Raises
        ------
        RegistryNotFound
            There is no registry.
        """
        from workbench.registry.verify import verify

        return verify(self, head)

    def _read_results(self, which: Any) -> results.view.Results:
        if isinstance(which, results.Fit):
            return which.results
        if isinstance(which, Path) or Path(which).is_dir():
            return run_directory.read_without_draws(Path(which)).results
        return run_directory.read_without_draws(self.open_run(which)[1]).results


def _find_run(run: Any) -> Path:
    if not isinstance(run, results.Fit):
        return Path(run)
    if run.folder is None:
        raise RequestError("the fit has no run directory.", hint="fit.save('folder') writes one")
    return run.folder
