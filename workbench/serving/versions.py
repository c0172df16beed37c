"""The versions in use: opened, changed when an alias moves, and closed once nothing is answered by them."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from workbench import toolchain
from workbench.backends.stan import StanBackend
from workbench.errors import RequestError, StoreError, WorkbenchError
from workbench.estimation.sampling.stored_draws import StoredDraws, select_draws
from workbench.files import make_scratch
from workbench.journal import EVENTS
from workbench.prediction.chunk import OpenPredictor
from workbench.prediction.outcomes import find_predicted, list_quantities
from workbench.program.predictive.dependence import find_dependent
from workbench.program.read import read_tree
from workbench.registry import ModelRegistry, Version, parse_reference
from workbench.registry.names import CHAMPION, LATEST, VersionReference
from workbench.registry.runs import hash_run, name_content
from workbench.registry.state import RegistryState
from workbench.results import Fit, run_directory
from workbench.results.outcomes import list_outcome_data
from workbench.results.stored import PlainArray
from workbench.serving.columns import list_columns, list_outcome_columns
from workbench.serving.loaded_stan import LoadedStan
from workbench.serving.options import Canary, ServingOptions
from workbench.toolchain import ToolchainSettings
from workbench.workflow.predict_rows import open_predictor

_AGAIN = 60.0
"""How long a version that cannot be opened is left alone [s]. Ours: it may be opened after a repair."""


@dataclass(frozen=True)
class ServedOrigin:
    """What a version is called.

    Attributes
    ----------
    model
        The name of the model; of a run directory, the name of the folder.
    alias
        What it was asked for by; empty for a run directory.
    number
        The number of the version; `None` for a run directory.
    run
        The hash that names its run.
    """

    model: str
    alias: str
    number: int | None
    run: str

    @property
    def label(self) -> str:
        """The version in few characters: its number, or else the beginning of its hash."""
        return self.run[:12] if self.number is None else str(self.number)

    @property
    def reference(self) -> str:
        """The version as people call it."""
        return self.model if self.number is None else f"{self.model}@{self.number}"


@dataclass(frozen=True)
class ServedVersion:
    """A version that answers.

    Attributes
    ----------
    origin
        What it is called.
    opened
        Its predictive program and the draws that are used, for rows whose outcome may be known.
    stan
        What computes.
    draws_of_fit
        How many draws the fit has.
    folder
        Where bodies that are files for a moment are written.
    opened_at
        When it was opened [s since 1970].
    """

    origin: ServedOrigin
    opened: OpenPredictor
    stan: LoadedStan
    draws_of_fit: int
    folder: Path
    opened_at: float = field(default_factory=time.time)
    _files: ExitStack = field(default_factory=ExitStack, repr=False, compare=False)

    @property
    def draws(self) -> int:
        """How many draws are used."""
        return self.opened.parameters.count

    def close(self) -> None:
        """End its processes and remove its files."""
        self.stan.close()
        self._files.close()


def open_version(
    fit: Fit, origin: ServedOrigin, options: ServingOptions, on_crash: Callable[[], None] = lambda: None
) -> ServedVersion:
    """Make a run ready to answer: its predictive program is built, and tried on the fit's own rows.

    Raises
    ------
    WorkbenchError
        As `workbench.workflow.predict_rows.open_predictor`.
    """
    settings = ToolchainSettings(
        compiler=options.compiler,
        source=options.stan,
        native=options.native,
    )
    with ExitStack() as files:
        opened = files.enter_context(open_predictor(fit, options.method, settings))
        folder = files.enter_context(make_scratch())
        every = opened.parameters.count
        stored = thin_draws(select_draws(fit, options.method), options.draws)
        if isinstance(opened.predictor.backend, StanBackend):
            opened.predictor.backend.end_idle()  # those that tried the program
        stan = LoadedStan(opened.predictor.request, on_crash)
        predictor = replace(opened.predictor, backend=stan)
        opened = replace(
            opened,
            predictor=predictor,
            stored=stored,
            parameters=predictor.read_parameters(stored.draws),
            is_independent=is_independent(opened, settings, folder),
        )
        return ServedVersion(origin, opened, stan, every, folder, _files=files.pop_all())


def thin_draws(stored: StoredDraws, most: int) -> StoredDraws:
    """Return the draws of a run, evenly thinned chain by chain to so many at most, the last ones among them.

    >>> thin_draws(StoredDraws({"mu": PlainArray(("chain", "draw"), np.arange(8.0).reshape(2, 4))}), 4).draws[
    ...     "mu"
    ... ].values.tolist()
    [[1.0, 3.0], [5.0, 7.0]]
    """
    count = next((variable.values.shape[1] for variable in stored.draws.values()), 0)
    kept = max(1, most // max(1, stored.chains))
    if kept >= count:
        return stored
    places = np.arange(1, kept + 1) * count // kept - 1
    thinned = {
        name: PlainArray(variable.dims, np.ascontiguousarray(variable.values[:, places]))
        for name, variable in stored.draws.items()
    }
    return replace(stored, draws=thinned)


def is_independent(opened: OpenPredictor, settings: ToolchainSettings, folder: Path) -> bool:
    """Return whether the predictive program computes predictions without reading any outcome of new rows.

    Its text is asked: where it may read one, each request is tried with other outcomes, as by `predict`.
    """
    predictor = opened.predictor
    path = folder / "predictive.stan"
    path.write_text(predictor.program.source, encoding="utf-8")
    try:
        tree = read_tree(path, toolchain.provision(settings).stanc)
    except WorkbenchError:  # of a program with includes
        return False
    outcomes = list_outcome_data(predictor.request.program)
    unsure = find_dependent(tree, outcomes, is_shape_known=True)
    wanted = {
        quantity
        for item in find_predicted(predictor.program.replicates).values()
        for quantity in list_quantities(predictor.program, item)
    }
    return not wanted & unsure


@dataclass
class ServedVersions:
    """The versions that answer now, and what becomes of them when an alias moves.

    Attributes
    ----------
    options
        What the service is told to do.
    on_change
        Called with the version that is in use from now on, and the one before it; `None` where there is none.
    on_failure
        Called with what a version is called that cannot be opened, and the reason.
    on_wait
        Called with what a second version is called whose alias does not exist yet.
    on_crash
        Called when a process of Stan ended by itself.
    """

    options: ServingOptions
    on_change: Callable[[ServedVersion | None, ServedVersion | None], None]
    on_failure: Callable[[str, WorkbenchError], None]
    on_wait: Callable[[str], None]
    on_crash: Callable[[], None]
    _used: dict[str, ServedVersion] = field(default_factory=dict, init=False)
    _seen: tuple[int, int] = field(default=(0, 0), init=False)
    _failed: dict[tuple[str, int], float] = field(default_factory=dict, init=False)
    _end: threading.Event = field(default_factory=threading.Event, init=False)
    _watcher: threading.Thread | None = field(default=None, init=False)

    @property
    def main(self) -> ServedVersion:
        """The version that answers."""
        return self._used[""]

    @property
    def canary(self) -> ServedVersion | None:
        """The version that answers a share of the requests; `None` while its alias does not exist."""
        return None if self.options.canary is None else self._used.get(self.options.canary.alias)

    @property
    def shadow(self) -> ServedVersion | None:
        """The version that answers unheard; `None` while its alias does not exist."""
        return self._used.get(self.options.shadow) if self.options.shadow else None

    @property
    def all(self) -> tuple[ServedVersion, ...]:
        """Every version that is open."""
        return tuple(self._used.values())

    def choose(self, key: str | bytes) -> ServedVersion:
        """Return the version that answers requests with a key: always the same, in every process."""
        canary = self.canary
        if canary is not None and is_of_canary(key, self.options.canary):
            return canary
        return self.main

    def open(self) -> None:
        """Open all versions, and look from now on whether their aliases move.

        Raises
        ------
        WorkbenchError
            One of them cannot be opened.
        """
        if not self.options.registry:
            self._open_run_directory()
            return
        self._seen = self._stamp()
        registry = self._registry()
        state = registry.read_state()
        for role, reference in self._list_references().items():
            if role and _is_absent(reference, state):
                self.on_wait(str(reference))
                continue
            self._change(role, registry, state.find_version(reference), reference)
        self._check_key_column()
        if any(not reference.which.isdecimal() for reference in self._list_references().values()):
            self._watcher = threading.Thread(target=self._watch, daemon=True, name="versions")
            self._watcher.start()

    def close(self) -> None:
        """Close all versions."""
        self._end.set()
        if self._watcher is not None:
            self._watcher.join()
        for version in self._used.values():
            version.close()

    def _open_run_directory(self) -> None:
        folder = Path(self.options.source)
        origin = ServedOrigin(folder.name, "", None, name_content(hash_run(folder)))
        fit = run_directory.read(folder, run_directory.PREDICTED_FROM)
        self._used[""] = open_version(fit, origin, self.options, self.on_crash)
        self.on_change(self._used[""], None)

    def _check_key_column(self) -> None:
        """Refuse a column as the key of a request that no request would have.

        Raises
        ------
        RequestError
            The fit has no such column.
        """
        column, opened = self.options.key_column, self.main.opened
        if not column:
            return
        known = list_columns(opened)
        if column in list_outcome_columns(opened) or column not in (*known, *opened.fit.results.data.columns):
            message = f"{self.main.origin.reference} takes no column `{column}` (--canary-key)."
            raise RequestError(message, hint=f"it takes {', '.join(f'`{name}`' for name in known)}")

    def _list_references(self) -> dict[str, VersionReference]:
        """Return what each version is asked for by."""
        main = parse_reference(self.options.source)
        main = main if main.which else VersionReference(main.name, CHAMPION)
        found = {"": main}
        for alias in (self.options.canary.alias if self.options.canary else "", self.options.shadow):
            if alias:
                found[alias] = VersionReference(main.name, alias)
        return found

    def _registry(self) -> ModelRegistry:
        required = self.options.required_keys
        return ModelRegistry(Path(self.options.registry), required_keys=Path(required) if required else None)

    def _stamp(self) -> tuple[int, int]:
        """Return what changes with each event of the registry."""
        try:
            state = (Path(self.options.registry) / EVENTS).stat()
        except OSError:  # it cannot be read, for a moment or for good, as its reader says
            return 0, 0
        return state.st_size, state.st_mtime_ns

    def _watch(self) -> None:
        said = ""
        while not self._end.wait(self.options.look):
            try:
                self.look()
                said = ""
            except (WorkbenchError, OSError) as reason:  # it is tried each time, and said once
                if str(reason) != said:
                    said = str(reason)
                    self.on_failure(self.options.source, _as_store_error(reason))

    def look(self) -> None:
        """Change over to the versions that aliases point to now; those that cannot be opened stay out.

        Raises
        ------
        WorkbenchError, OSError
            The registry cannot be read, or does not have the name any more: all versions go on.
        """
        stamp = self._stamp()
        now = time.monotonic()
        due = [key for key, when in self._failed.items() if now - when > _AGAIN]
        if stamp == self._seen and not due:
            return
        registry = self._registry()
        state = registry.read_state()
        state.find_model(parse_reference(self.options.source).name)
        self._seen = stamp
        for key in due:
            del self._failed[key]
        for role, reference in self._list_references().items():
            if not role or not _is_absent(reference, state):
                self._follow(role, registry, state, reference)
            elif role in self._used:
                self._stop(role)

    def _follow(
        self, role: str, registry: ModelRegistry, state: RegistryState, reference: VersionReference
    ) -> None:
        """Change over to what an alias points to now; the version before goes on if that fails."""
        try:
            version = state.find_version(reference)
        except WorkbenchError as reason:  # the alias of the main version is gone
            self.on_failure(str(reference), reason)
            return
        key = role, version.number
        used = self._used.get(role)
        if (used is not None and used.origin.number == version.number) or key in self._failed:
            return
        try:
            self._change(role, registry, version, reference)
        except WorkbenchError as reason:
            self._failed[key] = time.monotonic()
            self.on_failure(version.reference, reason)

    def _stop(self, role: str) -> None:
        """Let a second version answer nothing more, as its alias is gone."""
        before = self._used.pop(role)
        self.on_change(None, before)

    def _change(
        self, role: str, registry: ModelRegistry, version: Version, reference: VersionReference
    ) -> None:
        folder = registry.require_run(version)
        fit = run_directory.read(folder, run_directory.PREDICTED_FROM)
        origin = ServedOrigin(version.added.name, reference.which, version.number, version.added.run)
        opened = open_version(fit, origin, self.options, self.on_crash)
        before = self._used.get(role)
        self._used[role] = opened
        self.on_change(opened, before)


def _is_absent(reference: VersionReference, state: RegistryState) -> bool:
    """Return whether an alias does not exist; numbers and `latest` are none.

    Raises
    ------
    RequestError
        The registry does not have the name.
    """
    is_alias = not reference.which.isdecimal() and reference.which != LATEST
    return is_alias and reference.which not in state.find_model(reference.name).aliases


def _as_store_error(reason: WorkbenchError | OSError) -> WorkbenchError:
    if isinstance(reason, WorkbenchError):
        return reason
    return StoreError(f"the registry cannot be read: {reason.strerror}.")


def is_of_canary(key: str | bytes, canary: Canary | None) -> bool:
    """Return whether requests with a key are answered by a second version: by the hash of the key.

    >>> keys = [str(number) for number in range(10_000)]
    >>> 950 < sum(is_of_canary(key, Canary("challenger", 0.1)) for key in keys) < 1050
    True
    """
    if canary is None:
        return False
    digest = hashlib.sha256(key.encode() if isinstance(key, str) else key).digest()
    return int.from_bytes(digest[:8], "big") < canary.share * 2.0**64
