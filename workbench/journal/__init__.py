"""Append-only files of events, each of which holds the hash of the one before.

What an event says is a matter of who keeps the journal: `JournalKind` names its kinds of events, and how they
add up to a state.
"""

from workbench.journal.chain import FIRST, Event, Hash, Signature, compute_hash
from workbench.journal.journal import EVENTS, LOCK, TORN, Journal, JournalKind, Sign, Writer, hold_job

__all__ = [
    "EVENTS",
    "FIRST",
    "LOCK",
    "TORN",
    "Event",
    "Hash",
    "Journal",
    "JournalKind",
    "Sign",
    "Signature",
    "Writer",
    "compute_hash",
    "hold_job",
]
