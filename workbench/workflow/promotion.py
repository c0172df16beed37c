"""A version put to the gate against the champion of its name, and made the champion if it passes."""

from __future__ import annotations

from dataclasses import dataclass, field

from workbench.errors import RequestError
from workbench.progress import SILENT, Progress
from workbench.registry import CHAMPION, ModelRegistry, Version, VersionReference, parse_reference
from workbench.registry.gate import GateLimits, GateResult
from workbench.results import run_directory
from workbench.toolchain import ToolchainSettings
from workbench.workflow.gate import Contender, HeldOutRows, ask_gate

CHALLENGER = "challenger"
"""The alias of the version that is to be promoted."""


@dataclass(frozen=True)
class GateOptions:
    """What a gate is asked with.

    Attributes
    ----------
    held_out, limits
        Held-out rows, and what is demanded.
    is_shadow
        Whether what it says is only recorded.
    toolchain
        Which Stan to use.
    """

    held_out: HeldOutRows | None = None
    limits: GateLimits = field(default_factory=GateLimits)
    is_shadow: bool = False
    toolchain: ToolchainSettings = field(default_factory=ToolchainSettings)


@dataclass(frozen=True)
class PromotionOutcome:
    """What came of it.

    Attributes
    ----------
    version
        The version that was put to the gate.
    champion
        The champion before; `None` where there was none.
    gate
        What the gate said.
    is_promoted
        Whether the version is the champion now.
    """

    version: Version
    champion: Version | None
    gate: GateResult
    is_promoted: bool


def promote(
    registry: ModelRegistry,
    reference: str,
    options: GateOptions | None = None,
    progress: Progress = SILENT,
) -> PromotionOutcome:
    """Put a version to the gate, record what it said, and make the version the champion if it passes.

    Parameters
    ----------
    registry
        The registry.
    reference
        The version; a name alone is its challenger.
    options
        What the gate is asked with.
    progress
        Where to report.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`: there is no such version, or it is the champion already.
    """
    options = options or GateOptions()
    asked = parse_reference(reference)
    state = registry.read_state()
    version = state.find_version(asked if asked.which else VersionReference(asked.name, CHALLENGER))
    number = state.models[asked.name].aliases.get(CHAMPION)
    champion = None if number is None else state.models[asked.name].versions[number - 1]
    if champion == version:
        raise RequestError(f"{version.reference} is the champion already.")
    result = ask_gate(
        _read(registry, version),
        None if champion is None else _read(registry, champion),
        options.held_out,
        options.limits,
        options.toolchain,
        progress,
    )
    is_promoted = result.is_passed and not options.is_shadow
    registry.record_gate(version, result, is_shadow=options.is_shadow, is_promoted=is_promoted)
    return PromotionOutcome(version, champion, result, is_promoted)


def _read(registry: ModelRegistry, version: Version) -> Contender:
    return Contender(version.reference, run_directory.read(registry.require_run(version)))
