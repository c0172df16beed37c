"""Signatures of events with keys of one's own: Ed25519, in the files that OpenSSH makes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from workbench.errors import RegistryDamaged, RequestError, ToolchainMissing
from workbench.journal import Signature
from workbench.provenance import format_install, hash_bytes
from workbench.registry.events import Event, Trusted

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_PURPOSE = b"event of a workbench registry\n"
"""What is signed begins with this, so that the signature means nothing elsewhere."""

_HINT = "`ssh-keygen -t ed25519` makes one"
"""What to do where there is no key."""


class Signer:
    """Signs events with a private key.

    Parameters
    ----------
    path
        A private key of the kind Ed25519, as `ssh-keygen -t ed25519` writes it.
    password
        What it is locked with, if anything.

    Raises
    ------
    RequestError, ToolchainMissing
        There is no such key, it is locked, or the package that signs is missing.
    """

    def __init__(self, path: Path, password: str | None = None) -> None:
        self._key = _read_private_key(path, password)
        self.public_key = _format_public_key(self._key.public_key())

    def __call__(self, event: Event) -> Event:
        """Return an event with its signature."""
        value = base64.b64encode(self._key.sign(_PURPOSE + event.hash.encode())).decode()
        signature = Signature(key=describe_key(self.public_key), value=value)
        return msgspec.structs.replace(event, signature=signature)


def read_public_keys(paths: Iterable[Path | str]) -> tuple[str, ...]:
    """Return the public keys of files, each `ssh-ed25519 AAAA... comment` on a line of its own.

    Raises
    ------
    RequestError, ToolchainMissing
        A file cannot be read, holds something else, or the package that checks signatures is missing.
    """
    keys: list[str] = []
    for path in map(Path, paths):
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as reason:
            why = reason.strerror if isinstance(reason, OSError) else "it is no text"
            raise RequestError(f"public keys were expected in `{path}`: {why}.", hint=_HINT) from reason
        stated = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        if not stated:
            raise RequestError(f"`{path}` holds no public key.", hint=_HINT)
        for line in stated:
            try:
                keys.append(_format_public_key(_parse_public_key(line)))
            except ValueError as reason:
                message = f"`{path}` was expected to hold public keys of the kind Ed25519: {reason}."
                raise RequestError(message, hint=f"name the file that ends in .pub; {_HINT}") from reason
    return tuple(dict.fromkeys(keys))


def describe_key(public_key: str) -> str:
    """Return the fingerprint of a public key, as `ssh-keygen -l` shows it."""
    content = base64.b64decode(public_key.split()[1])
    digest = base64.b64encode(bytes.fromhex(hash_bytes(content))).decode()
    return f"SHA256:{digest.rstrip('=')}"


def check_signatures(events: Sequence[Event]) -> None:
    """Refuse events that are not signed as the events before them say.

    The first event that names keys is signed with one of its own; each later event with one of the keys that
    are trusted by then.

    Raises
    ------
    RegistryDamaged, ToolchainMissing
        The message names the first such event; or the package that checks signatures is missing.
    """
    list_signers(events)


def list_signers(events: Sequence[Event]) -> list[str]:
    """Return for each event the fingerprint of the key that signed it; empty where it need not be signed.

    The key is the one with which the signature was checked, whatever the event says of it.

    Raises
    ------
    RegistryDamaged, ToolchainMissing
        As `check_signatures`.
    """
    trusted: tuple[str, ...] = ()
    signers: list[str] = []
    for event in events:
        keys = event.content.keys if isinstance(event.content, Trusted) and not trusted else trusted
        key = _find_signer(event, keys)
        if keys and not key:
            what = "is not signed" if event.signature is None else "has no valid signature of a trusted key"
            raise RegistryDamaged(f"event {event.number} {what}.")
        if isinstance(event.content, Trusted):
            trusted = event.content.keys
        signers.append(describe_key(key) if key else "")
    return signers


def _find_signer(event: Event, keys: Sequence[str]) -> str:
    """Return which of some keys signed an event; empty where none did."""
    if event.signature is None or not keys:
        return ""
    from cryptography.exceptions import InvalidSignature

    for key in keys:
        try:
            public_key = _parse_public_key(key)
            public_key.verify(base64.b64decode(event.signature.value), _PURPOSE + event.hash.encode())
        except (InvalidSignature, ValueError, binascii.Error):
            continue
        return key
    return ""


def _parse_public_key(line: str) -> Ed25519PublicKey:
    """Return a public key from a line of OpenSSH.

    Raises
    ------
    ValueError
        It is none, or of another kind.
    """
    _require_package()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_ssh_public_key

    try:
        key = load_ssh_public_key(line.encode())
    except UnsupportedAlgorithm as reason:
        raise ValueError(str(reason)) from reason
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("a key of another kind was found")
    return key


def _format_public_key(key: Ed25519PublicKey) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _read_private_key(path: Path, password: str | None) -> Ed25519PrivateKey:
    _require_package()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_ssh_private_key

    try:
        key = load_ssh_private_key(path.read_bytes(), None if password is None else password.encode())
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as reason:
        is_locked = "password" in str(reason).lower() or "decrypt" in str(reason).lower()
        hint = "give its password in WORKBENCH_KEY_PASSWORD" if is_locked else _HINT
        raise RequestError(f"the private key `{path}` cannot be used: {reason}.", hint=hint) from reason
    if not isinstance(key, Ed25519PrivateKey):
        raise RequestError(f"`{path}` is a key of another kind than Ed25519.", hint=_HINT)
    return key


def _require_package() -> None:
    try:
        import cryptography  # noqa: F401
    except ImportError as reason:
        hint = format_install("sign")
        raise ToolchainMissing("signatures need the package cryptography.", hint=hint) from reason
