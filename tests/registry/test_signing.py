"""Events signed with keys of one's own, as OpenSSH makes them."""

import json
import shutil
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from workbench.errors import RegistryDamaged, RequestError
from workbench.journal import compute_hash
from workbench.registry import ModelRegistry, Signer, describe_key
from workbench.registry.signing import list_signers
from workbench.registry.verify import verify


def write_key(key, path, locked=NoEncryption()):  # noqa: B008 - a value
    """Write a private key and its public one, as ssh-keygen does."""
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, locked))
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    path.with_suffix(".pub").write_bytes(public + b" somebody@somewhere\n")


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Paths of two private keys; their public keys end in .pub."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("one", "other"):
        write_key(Ed25519PrivateKey.generate(), folder / name)
    return folder / "one", folder / "other"


@pytest.fixture
def signed(tmp_path, keys, runs):
    registry = ModelRegistry(tmp_path / "registry", "one", Signer(keys[0]))
    registry.trust([keys[0].with_suffix(".pub")])
    registry.add("radon", runs[0], alias="champion")
    return registry


def test_a_signer_is_known_by_the_key_that_fits_and_not_by_what_the_event_says(signed, keys):
    path = signed.folder / "events.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[-1]["signature"]["key"] = "SHA256:somebody-else"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    events = ModelRegistry(signed.folder).read_events()
    assert events[-1].signature is not None
    assert list_signers(events) == [describe_key(Signer(keys[0]).public_key)] * 2


def test_signatures_that_nobody_demands_are_not_taken_for_checked(tmp_path, keys, runs):
    registry = ModelRegistry(tmp_path / "registry", "one", Signer(keys[0]))
    registry.add("radon", runs[0])
    events = registry.read_events()
    assert events[0].signature is not None
    assert list_signers(events) == [""]


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="OpenSSH is not installed")
def test_keys_and_fingerprints_are_those_of_ssh(keys, tmp_path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    assert Signer(tmp_path / "key").public_key
    shown = subprocess.run(["ssh-keygen", "-l", "-f", keys[0]], check=True, capture_output=True, text=True)
    assert describe_key(Signer(keys[0]).public_key) == shown.stdout.split()[1]


def test_signed_events_are_taken_and_others_refused(signed, keys, runs):
    found = verify(signed)
    assert found.is_clean
    assert found.is_signed
    assert signed.find("radon").is_signed
    with pytest.raises(RequestError, match="takes signed events only"):
        ModelRegistry(signed.folder, "two").add("radon", runs[1])
    with pytest.raises(RequestError, match="does not trust the key"):
        ModelRegistry(signed.folder, "two", Signer(keys[1])).add("radon", runs[1])
    assert signed.read_state().count == 2


def test_a_key_can_be_trusted_by_one_that_is(signed, keys, runs):
    public = [key.with_suffix(".pub") for key in keys]
    signed.trust(public)
    ModelRegistry(signed.folder, "two", Signer(keys[1])).add("radon", runs[1])
    assert verify(signed).is_clean


@pytest.mark.parametrize("change", ["author", "signature", "none"])
def test_an_event_that_is_not_signed_as_it_should_be_is_found_on_every_use(signed, change):
    path = signed.folder / "events.jsonl"
    first, last = path.read_text().splitlines()
    event = json.loads(last)
    if change == "author":
        event["author"] = "somebody else"
        event["hash"] = compute_hash(event)
    elif change == "signature":
        event["signature"]["value"] = json.loads(first)["signature"]["value"]
    else:
        del event["signature"]
    path.write_text(f"{first}\n{json.dumps(event)}\n")
    with pytest.raises(RegistryDamaged, match=r"event 2 (has no valid signature|is not signed)"):
        signed.open_run("radon")
    assert not verify(signed).is_clean


def test_whoever_knows_the_keys_can_require_them(signed, keys, runs, tmp_path):
    public = keys[0].with_suffix(".pub")
    assert ModelRegistry(signed.folder, required_keys=public).open_run("radon")
    other = ModelRegistry(signed.folder, required_keys=keys[1].with_suffix(".pub"))
    with pytest.raises(RegistryDamaged, match="was expected to be signed with the keys of"):
        other.open_run("radon")
    fresh = ModelRegistry(tmp_path / "fresh", "one", Signer(keys[0]), required_keys=public)
    with pytest.raises(RequestError, match="expected to be signed"):
        fresh.add("radon", runs[0])
    fresh.trust([public])
    assert fresh.add("radon", runs[0]).is_signed


def test_naming_the_required_keys_without_having_them_is_found_out(keys, runs, tmp_path):
    mine, theirs = (key.with_suffix(".pub") for key in keys)
    forged = ModelRegistry(tmp_path / "forged", "other", Signer(keys[1]))
    forged.add("radon", runs[0], alias="champion")
    forged.trust([theirs])
    forged.trust([mine])
    with pytest.raises(RegistryDamaged, match="was expected to be signed"):
        ModelRegistry(forged.folder, required_keys=mine).open_run("radon")


def test_what_was_written_before_keys_were_trusted_is_vouched_for_by_the_chain(keys, runs, tmp_path):
    registry = ModelRegistry(tmp_path / "late", "one", Signer(keys[0]))
    registry.add("radon", runs[0], alias="champion")
    public = keys[0].with_suffix(".pub")
    registry.trust([public])
    assert ModelRegistry(registry.folder, required_keys=public).open_run("radon")


def test_keys_that_cannot_be_used_are_told(signed, keys, tmp_path):
    with pytest.raises(RequestError, match="cannot be used"):
        Signer(keys[0].with_suffix(".pub"))
    with pytest.raises(RequestError, match="public keys"):
        signed.trust([keys[0]])
    write_key(Ed25519PrivateKey.generate(), tmp_path / "locked", BestAvailableEncryption(b"secret"))
    with pytest.raises(RequestError) as raised:
        Signer(tmp_path / "locked")
    assert "WORKBENCH_KEY_PASSWORD" in str(raised.value.hint)
    assert Signer(tmp_path / "locked", "secret").public_key
    write_key(generate_private_key(65537, 2048), tmp_path / "rsa")
    with pytest.raises(RequestError, match="another kind"):
        Signer(tmp_path / "rsa")
