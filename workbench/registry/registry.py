"""A registry: names, versions and aliases, in a folder of plain files that only grows."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from workbench import files
from workbench.errors import RegistryDamaged, RequestError, StoreError, WorkbenchError
from workbench.journal import EVENTS, FIRST, Sign, Writer
from workbench.registry.events import (
    Added,
    Approved,
    Content,
    Described,
    Event,
    Failed,
    Gated,
    Moved,
    RefitJob,
    Trusted,
    VersionsPruned,
)
from workbench.registry.gate import GateResult
from workbench.registry.index import format_index
from workbench.registry.journal import open_journal
from workbench.registry.names import CHAMPION, VersionReference, check_alias, check_name, parse_reference
from workbench.registry.runs import RUNS, keep_run, require_run
from workbench.registry.signing import Signer, check_signatures, describe_key, list_signers, read_public_keys
from workbench.registry.state import RegisteredModel, RegistryState, Version, replay_events
from workbench.registry.summary import summarise_results
from workbench.results import run_directory
from workbench.results.stored import read_bytes

INDEX = "index.json"
"""What the events add up to, for programs that read JSON; it is made again after each event."""

RUN_NAME = re.compile(r"[0-9a-f]{64}")
"""The name of a run in a registry."""

_MOST_INDEX = 2**30
"""The longest index [bytes]. Ours."""

_KEEP = 20
"""How many versions of each name keep their runs, by default. Ours."""


@dataclass(frozen=True)
class PrunedRuns:
    """What `prune` removed, or would remove.

    Attributes
    ----------
    versions
        The versions whose runs go.
    unused
        The runs that no version needs, such as those of a command that was ended.
    freed
        The space that this frees [bytes].
    """

    versions: tuple[Version, ...]
    unused: tuple[Path, ...]
    freed: int


@dataclass(frozen=True)
class ModelRegistry:
    """A registry in a folder.

    Each call reads the events anew, and checks them: other commands may have written. Everything that comes
    out of a registry is checked against the hashes of its events.

    Parameters
    ----------
    folder
        The folder; the first `add` makes it.
    author
        Who writes, as events have it.
    signer
        Signs what is written.
    required_keys
        A file of public keys: the registry must be signed with them, whatever its own events say.
    """

    folder: Path
    author: str = ""
    signer: Signer | None = None
    required_keys: Path | None = None
    remarks: list[str] = field(default_factory=list, compare=False, repr=False)

    def read_events(self) -> tuple[Event, ...]:
        """Return all events, the first one first.

        Raises
        ------
        RegistryNotFound, RegistryDamaged
            There is no registry, or its events are not as they were written, or not signed as they must be.
        """
        journal = open_journal(self.folder, self.remarks)
        events = journal.read()
        self._check_signatures(events)
        return events

    def read_state(self) -> RegistryState:
        """Return what all events add up to.

        Raises
        ------
        RegistryNotFound, RegistryDamaged
            As `read_events`.
        """
        return replay_events(self.read_events())

    def find(self, reference: str) -> Version:
        """Return a version by `NAME@3`, `NAME@champion`, `NAME@latest`, or `NAME` for its champion.

        Raises
        ------
        RequestError, StoreError
            There is none, or no registry that can be used.
        """
        return self.read_state().find_version(parse_reference(reference))

    def open_run(self, reference: str) -> tuple[Version, Path]:
        """Return a version and its run directory, whose files are those that were added.

        Nothing may be written there.

        Raises
        ------
        RequestError, StoreError
            There is none, its run was pruned, or is not as it was added.
        """
        version = self.find(reference)
        return version, self.require_run(version)

    def require_run(self, version: Version) -> Path:
        """Return the run directory of a version, checked.

        Raises
        ------
        RequestError, RegistryDamaged
            It was pruned, or is not as it was added.
        """
        if version.is_pruned:
            hint = f"`workbench registry show {version.reference}` shows what is remembered of it"
            raise RequestError(f"the run of {version.reference} was pruned.", hint=hint)
        folder = self.find_folder(version)
        require_run(folder, version.added.files, version.reference)
        return folder

    def find_folder(self, version: Version) -> Path:
        """Return where the run of a version is kept."""
        if (self.folder / RUNS).is_symlink():
            raise RegistryDamaged(f"`{self.folder / RUNS}` is a link; a registry holds its runs itself.")
        return self.folder / RUNS / version.added.run

    def add(
        self,
        name: str,
        run: Path,
        *,
        alias: str = "",
        note: str = "",
        owner: str | None = None,
        purpose: str | None = None,
        limits: str | None = None,
        job: RefitJob | None = None,
    ) -> Version:
        """Add a run as the next version of a model; the run is copied.

        Parameters
        ----------
        name
            The name of the model.
        run
            A run directory.
        alias
            An alias that points to the new version from now on.
        note
            Why it was added.
        owner, purpose, limits
            Who answers for the model, what it is for, and what it must not be used for.
        job
            The job that made it; the version that it began with is its parent.

        Raises
        ------
        RequestError, StoreError
            The run is a version already, is no whole run, or the registry cannot be written.
        """
        check_name(name)
        if alias:
            check_alias(alias)
        summary = summarise_results(run_directory.read(run).results)
        with self._open() as writer:
            kept, hashes, size = keep_run(run, self.folder)
            model = writer.state.models.get(name, RegisteredModel(name))
            same = next((each for each in model.versions if each.added.run == kept), None)
            if same is not None and not same.is_pruned:
                message = f"`{run}` is {same.reference} already."
                hint = f"`workbench registry alias {same.reference} ALIAS` gives it an alias"
                raise RequestError(message, hint=hint)
            champion = model.aliases.get(CHAMPION) or len(model.versions) or None
            parent = champion if job is None else job.base
            self._append(
                writer,
                Added(
                    name=name,
                    version=len(model.versions) + 1,
                    run=kept,
                    files=hashes,
                    size=size,
                    summary=summary,
                    parent=parent,
                    alias=alias,
                    note=note,
                    job=job,
                ),
            )
            if any(text is not None for text in (owner, purpose, limits)):
                self._append(writer, Described(name=name, owner=owner, purpose=purpose, limits=limits))
            return writer.state.models[name].versions[-1]

    def describe(
        self,
        name: str,
        *,
        owner: str | None = None,
        purpose: str | None = None,
        limits: str | None = None,
    ) -> None:
        """Say who answers for a model, what it is for, and what it must not be used for.

        Raises
        ------
        RequestError, StoreError
            There is no such name, or the registry cannot be written.
        """
        with self._change(name) as writer:
            self._append(writer, Described(name=name, owner=owner, purpose=purpose, limits=limits))

    def move(self, reference: str, alias: str, reason: str = "") -> int | None:
        """Let an alias point to a version; return the number of the one it pointed to before.

        Raises
        ------
        RequestError, StoreError
            There is no such version, its run is pruned or damaged, or the registry cannot be written.
        """
        check_alias(alias)
        parsed = parse_reference(reference)
        with self._change(parsed.name) as writer:
            version = writer.state.find_version(parsed)
            self.require_run(version)
            before = writer.state.models[parsed.name].aliases.get(alias)
            if before != version.number:
                moved = Moved(
                    name=parsed.name, alias=alias, version=version.number, before=before, reason=reason
                )
                self._append(writer, moved)
            return before

    def record_gate(
        self, version: Version, result: GateResult, *, is_shadow: bool, is_promoted: bool
    ) -> None:
        """Record what came of a gate, and let the champion's alias point to the version if it is promoted.

        Raises
        ------
        RequestError, StoreError
            The champion moved meanwhile, or the registry cannot be written.
        """
        name = version.added.name
        with self._change(name) as writer:
            before = writer.state.models[name].aliases.get(CHAMPION)
            compared = _number_of(result.champion)
            if is_promoted and before != compared:
                message = f"the champion of `{name}` moved to version {before} while the gate was asked."
                raise RequestError(message, hint="ask again")
            gated = Gated(
                name=name,
                version=version.number,
                criteria=result.criteria,
                is_passed=result.is_passed,
                champion=compared,
                data=result.data,
                is_shadow=is_shadow,
            )
            self._append(writer, gated)
            if is_promoted and before != version.number:
                moved = Moved(
                    name=name, alias=CHAMPION, version=version.number, before=before, reason="passed its gate"
                )
                self._append(writer, moved)

    def record_failure(self, name: str, job: RefitJob, reason: WorkbenchError, seconds: float) -> None:
        """Record that a job failed.

        Raises
        ------
        RequestError, StoreError
            There is no such name, or the registry cannot be written.
        """
        with self._change(name) as writer:
            cause = type(reason).__name__
            failed = Failed(name=name, job=job, cause=cause, message=reason.message, seconds=seconds)
            self._append(writer, failed)

    def roll_back(self, name: str, reason: str = "") -> tuple[int | None, Version]:
        """Let the champion's alias point to the version before; return where it pointed, and that version.

        Raises
        ------
        RequestError, StoreError
            There was no version before, its run is pruned or damaged, or the registry cannot be written.
        """
        with self._change(check_name(name)) as writer:
            model = writer.state.models[name]
            before, earlier = model.aliases.get(CHAMPION), model.earlier.get(CHAMPION, ())
            if not earlier:
                raise RequestError(f"`{name}` has had no champion before the one it has, if any.")
            version = model.versions[earlier[-1] - 1]
            self.require_run(version)
            moved = Moved(
                name=name,
                alias=CHAMPION,
                version=version.number,
                before=before,
                reason=reason,
                is_rollback=True,
            )
            self._append(writer, moved)
            return before, version

    def remove_alias(self, name: str, alias: str, reason: str = "") -> int:
        """Remove an alias; return the number of the version that it pointed to.

        Raises
        ------
        RequestError, StoreError
            There is none, or the registry cannot be written.
        """
        with self._change(check_name(name)) as writer:
            before = writer.state.find_version(VersionReference(name, alias)).number
            if alias not in writer.state.models[name].aliases:
                raise RequestError(f"`{alias}` is no alias of `{name}`.")
            self._append(writer, Moved(name=name, alias=alias, before=before, reason=reason))
            return before

    def approve(self, reference: str, note: str = "") -> Version:
        """Record that the author approves of a version.

        Raises
        ------
        RequestError, StoreError
            There is no such version, or the registry cannot be written.
        """
        parsed = parse_reference(reference)
        with self._change(parsed.name) as writer:
            number = writer.state.find_version(parsed).number
            self._append(writer, Approved(name=parsed.name, version=number, note=note))
            return writer.state.models[parsed.name].versions[number - 1]

    def trust(self, paths: Sequence[Path | str]) -> tuple[str, ...]:
        """Require from now on that each event is signed with one of some keys; return these.

        Raises
        ------
        RequestError, StoreError
            There is no signer, it has none of the keys, or the registry cannot be written.
        """
        keys = read_public_keys(paths)
        if self.signer is None:
            raise RequestError("a registry that must be signed is signed itself.", hint="give --key FILE")
        with self._open() as writer:
            if not writer.state.keys and self.signer.public_key not in keys:
                message = "the key that signs was expected among those that are trusted."
                raise RequestError(message, hint="give its public key too")
            self._append(writer, Trusted(keys=keys))
        return keys

    def prune(self, name: str = "", keep: int = _KEEP, *, is_rehearsal: bool = False) -> PrunedRuns:
        """Remove runs of old versions, and runs that no version needs; what events say of them stays.

        Versions with an alias, and the newest ones, keep their runs.

        Parameters
        ----------
        name
            A model; by default all of them.
        keep
            How many of the newest versions keep their runs.
        is_rehearsal
            Whether nothing is removed.

        Raises
        ------
        RequestError, StoreError
            There is no such name, or the registry cannot be written.
        """
        if keep < 1:
            raise RequestError(f"at least one version keeps its run; found `{keep}`.")
        with self._change(name) as writer:
            names = [name] if name else sorted(writer.state.models)
            old = {each: _list_old(writer.state.models[each], keep) for each in names}
            gone = {version.added.run for versions in old.values() for version in versions}
            numbers = {(version.added.name, version.number) for each in old.values() for version in each}
            needed = {
                version.added.run
                for model in writer.state.models.values()
                for version in model.versions
                if not version.is_pruned and (model.name, version.number) not in numbers
            }
            runs = self._list_runs()
            removed = [path for path in runs if path.name not in needed]
            freed = sum(_measure(path) for path in removed)
            pruned = PrunedRuns(
                tuple(version for versions in old.values() for version in versions),
                tuple(path for path in removed if path.name not in gone),
                freed,
            )
            if is_rehearsal:
                return pruned
            for each, versions in old.items():
                if versions:
                    numbers_of = tuple(version.number for version in versions)
                    self._append(writer, VersionsPruned(name=each, versions=numbers_of, keep=keep))
            for path in removed:
                with files.explained(path):
                    shutil.rmtree(path)
            return pruned

    def export(self, reference: str, target: Path | str) -> Version:
        """Copy the run of a version out of the registry, with what its event says of it in `version.json`.

        Raises
        ------
        RequestError, StoreError
            There is no such version, or the target exists or cannot be written.
        """
        version, folder = self.open_run(reference)
        target = Path(target)
        if os.path.lexists(target):
            raise StoreError(f"`{target}` exists already.", hint="name another folder with --output")
        event = next(
            event
            for event in self.read_events()
            if isinstance(event.content, Added)
            and (event.content.name, event.content.version) == (version.added.name, version.number)
        )
        with files.publish_folder(target, lambda _: True) as aside:
            for name in version.added.files:
                shutil.copyfile(folder / name, aside / name)
            require_run(aside, version.added.files, version.reference)
            (aside / "version.json").write_bytes(msgspec.json.format(msgspec.json.encode(event), indent=1))
        return version

    def find_index_problem(self, events: Sequence[Event]) -> str:
        """Return what is wrong with the index; empty where it is that of an event, if not of the last one."""
        try:
            text = read_bytes(self.folder / INDEX, _MOST_INDEX).decode("utf-8", errors="replace")
            head = json.loads(text)["head"]
        except (StoreError, ValueError, KeyError, TypeError):
            return "" if not os.path.lexists(self.folder / INDEX) else f"`{INDEX}` cannot be read"
        if head not in {FIRST, *(event.hash for event in events)}:
            return f"`{INDEX}` was written after an event that `{EVENTS}` does not hold: events were removed"
        state = replay_events(events)
        if head == state.head and text != format_index(state):
            return f"`{INDEX}` was changed after it was written"
        return ""

    def is_index_fresh(self) -> bool:
        """Return whether the index is that of the last event."""
        try:
            state = self.read_state()
            return (self.folder / INDEX).read_text(encoding="utf-8") == format_index(state)
        except (OSError, ValueError):
            return False

    def list_unneeded(self) -> list[Path]:
        """Return the runs that no version needs: a command was ended before its event counted."""
        needed = self.read_state().list_runs()
        return [path for path in self._list_runs() if path.name not in needed]

    @contextmanager
    def _open(self) -> Iterator[Writer[Content, RegistryState]]:
        """Give a writer, and write the index afterwards."""
        with open_journal(self.folder, self.remarks).open() as writer:
            events = open_journal(self.folder).read() if writer.state.count else ()
            self._check_signatures(events)
            problem = self.find_index_problem(events)
            if "removed" in problem:
                raise RegistryDamaged(f"{problem}.", hint="bring the file of events back from a copy")
            head = writer.state.head
            yield writer
            if writer.state.head != head or not self.is_index_fresh():
                files.replace_file(self.folder / INDEX, format_index(writer.state))

    @contextmanager
    def _change(self, name: str) -> Iterator[Writer[Content, RegistryState]]:
        """Give a writer of a registry that exists and has a name."""
        state = self.read_state()
        if name:
            state.find_model(name)
        with self._open() as writer:
            yield writer

    def _append(self, writer: Writer[Content, RegistryState], content: Content) -> None:
        sign: Sign[Content] | None = self.signer
        keys = writer.state.keys
        if self.required_keys is not None and not keys and not isinstance(content, Trusted):
            hint = "`workbench registry trust FILE.pub --key FILE` is its first event"
            raise RequestError("the registry was expected to be signed, and names no keys.", hint=hint)
        if keys and self.signer is None:
            hint = "give --key FILE, or name the file in WORKBENCH_KEY"
            raise RequestError("this registry takes signed events only.", hint=hint)
        if keys and self.signer is not None and self.signer.public_key not in keys:
            raise RequestError("this registry does not trust the key that signs.")
        writer.append(content, self.author, sign)

    def _check_signatures(self, events: Sequence[Event]) -> None:
        check_signatures(events)
        if self.required_keys is None or not events:
            return
        required = {describe_key(key) for key in read_public_keys([self.required_keys])}
        signers = list_signers(events)
        first = next((place for place, signer in enumerate(signers) if signer in required), None)
        # What was written before is vouched for by the chain; what comes after must be signed likewise.
        if first is None or not set(signers[first:]) <= required:
            message = f"the registry was expected to be signed with the keys of `{self.required_keys}` only."
            raise RegistryDamaged(message)

    def _list_runs(self) -> list[Path]:
        folder = self.folder / RUNS
        if folder.is_symlink() or not folder.is_dir():
            return []
        return sorted(path for path in folder.iterdir() if RUN_NAME.fullmatch(path.name))


def _number_of(reference: str) -> int | None:
    """Return the number of a version from how it is called; `None` for none."""
    return int(reference.rpartition("@")[2]) if reference else None


def _list_old(model: RegisteredModel, keep: int) -> list[Version]:
    """Return the versions whose runs go."""
    named = set(model.aliases.values())
    old = model.versions[: max(0, len(model.versions) - keep)]
    return [version for version in old if version.number not in named and not version.is_pruned]


def _measure(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())
