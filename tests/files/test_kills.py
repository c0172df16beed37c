"""A kill at each step of publishing, one after the other: there is the earlier folder or the new one."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from workbench.files import restore

CHILD = textwrap.dedent("""
    import os, signal, sys
    from pathlib import Path
    from workbench.files import folder, publish_folder, replace_files

    root, what, way, is_killed = Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4] == "kill"
    if way == "two steps":
        folder.exchange = lambda one, other: False

    def make_earlier(place):
        (place / "study").mkdir(parents=True)
        for name in ("report", "result", "notes", "study/study.json"):
            (place / name).write_text("one" if name.startswith("re") else "mine")

    def publish(place, last):
        step = 0

        def count(event, arguments):
            nonlocal step
            if event.startswith(("os.", "open", "shutil.", "ctypes.call", "fcntl.")):
                step += 1
                if step == last:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        is_ours = {"result", "report"}.__contains__
        with publish_folder(place, is_ours) if what == "folder" else replace_files(place) as new:
            (new / "report").write_text("two")
            (new / "result").write_text("two")
        step = -10**9
        os._exit(0)

    for number in range(1, 300):
        place = root / str(number) / "run"
        if is_killed:
            make_earlier(place)
        elif not place.parent.is_dir():
            break
        child = os.fork()
        if child == 0:
            publish(place, number if is_killed else 0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status != (-signal.SIGKILL if is_killed else 0):
            break
    print(number, status)
""")
"""Publishes over earlier folders, and is killed at the first step, at the second, and so on to the last."""

FEWEST_STEPS = 15
"""Fewer steps than these are not those of publishing."""

MINE = {"notes": "mine", "study/study.json": "mine"}
"""What is not of the folder that is published."""


def publish(root, what, way, ending):
    argv = [sys.executable, "-P", "-c", CHILD, str(root), what, way, ending]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=100, check=True)
    number, status = map(int, done.stdout.split())
    assert status == 0, done.stderr
    return number


def read(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("way", ["exchange", "two steps"])
def test_a_kill_at_any_step_loses_nothing(tmp_path, way):
    """Where names cannot be exchanged, the folder may be missing until the next command puts it back."""
    steps = publish(tmp_path, "folder", way, "kill")
    assert steps > FEWEST_STEPS
    for number in range(1, steps + 1):
        place = tmp_path / str(number) / "run"
        restore(place)
        assert read(place) in ({"report": text, "result": text} | MINE for text in ("one", "two")), number
    publish(tmp_path, "folder", way, "live")
    for number in range(1, steps + 1):
        parent = tmp_path / str(number)
        assert read(parent / "run") == {"report": "two", "result": "two"} | MINE
        assert [path.name for path in parent.iterdir()] == ["run"], number


def test_a_kill_while_several_files_are_written_leaves_whole_files(tmp_path):
    steps = publish(tmp_path, "files", "exchange", "kill")
    assert steps > FEWEST_STEPS
    for number in range(1, steps + 1):
        place = tmp_path / str(number) / "run"
        assert {Path(place / name).read_text() for name in ("report", "result")} <= {"one", "two"}
    publish(tmp_path, "files", "exchange", "live")
    for number in range(1, steps + 1):
        assert read(tmp_path / str(number) / "run") == {"report": "two", "result": "two"} | MINE
