"""A Python with the whole of MLflow, beside the packages of the tests, and its server.

MLflow holds other packages back, so that it has no place among those of the tests: it is installed once, into
an environment of its own in the temporary folder. `WORKBENCH_TEST_MLFLOW` names another Python that has it.
"""

import os
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import filelock
import pytest

REQUIREMENT = "mlflow>=3.1,<4"
"""What is installed: the extra of the package, with the server."""

_QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false"}
_ROOT = Path(__file__).parents[2]


def provide_python():
    """Return a Python that imports MLflow and all that workbench needs; skip where there is none."""
    named = os.environ.get("WORKBENCH_TEST_MLFLOW")
    if named:
        return Path(named)
    folder = (
        Path(tempfile.gettempdir()) / f"workbench-tests-mlflow-{os.getuid()}-{sysconfig.get_python_version()}"
    )
    python = folder / "bin" / "python"
    with filelock.FileLock(f"{folder}.lock"):
        if not (folder / "ready").exists():
            _install(folder, python)
            (folder / "ready").touch()
    return python


def _install(folder, python):
    subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", folder], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "zz_packages_of_the_tests.pth").write_text(sysconfig.get_path("purelib"))
    line = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", REQUIREMENT]
    done = subprocess.run(line, capture_output=True, text=True)
    if done.returncode:
        errors = [text for text in done.stderr.splitlines() if text.startswith("ERROR")]
        pytest.skip(f"MLflow cannot be installed: {(errors or ['pip failed'])[-1]}")


def run_python(python, *arguments, cwd, address=None):
    """Run the Python that has MLflow; return what it printed, and its exit code."""
    place = {} if address is None else {"MLFLOW_TRACKING_URI": address}
    environment = {**os.environ, **_QUIET, **place, "PYTHONPATH": str(_ROOT)}
    environment["PATH"] = f"{python.parent}{os.pathsep}{environment['PATH']}"
    line = [str(python), *(str(argument) for argument in arguments)]
    return subprocess.run(line, cwd=cwd, env=environment, capture_output=True, text=True)


@contextmanager
def serve(python, folder):
    """Give the address of an MLflow server on this machine; it ends with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    line = [python, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    line += ["--artifacts-destination", folder / "artifacts", "--host", "127.0.0.1", "--port", str(port)]
    address = f"http://127.0.0.1:{port}"
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            [str(word) for word in (*line, "--workers", "1")],
            cwd=folder,
            env={**os.environ, **_QUIET, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _wait(server, address, folder / "server.log")
            yield address
        finally:
            os.killpg(server.pid, signal.SIGKILL)  # its workers do not end by themselves
            server.wait(60)


def _wait(server, address, log):
    for _ in range(600):
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=1):  # noqa: S310 - ours
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"the server of MLflow did not start: {log.read_text()[-2000:]}")
