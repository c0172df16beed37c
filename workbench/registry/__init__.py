"""Versions of fits: an append-only log of events, and runs by their content."""

from workbench.registry.names import CHAMPION, LATEST, VersionReference, parse_reference
from workbench.registry.registry import ModelRegistry, PrunedRuns
from workbench.registry.signing import Signer, describe_key
from workbench.registry.state import RegisteredModel, RegistryState, Version
from workbench.registry.summary import RememberedEstimate, VersionSummary

__all__ = [
    "CHAMPION",
    "LATEST",
    "ModelRegistry",
    "PrunedRuns",
    "RegisteredModel",
    "RegistryState",
    "RememberedEstimate",
    "Signer",
    "Version",
    "VersionReference",
    "VersionSummary",
    "describe_key",
    "parse_reference",
]
