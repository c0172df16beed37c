"""cmdstanpy's model, with processes that we start; cmdstanpy takes most of a second to import."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cmdstanpy

from workbench import process

cmdstanpy.disable_logging()


class Executable(cmdstanpy.CmdStanModel):  # type: ignore[misc]
    """A model whose processes are started by us: they end with us, or at the time limit.

    `on_line` receives the chains' console lines; cmdstanpy itself only draws bars from them. With our driver
    the output can be unconstrained parameters alone.
    """

    on_line: Callable[[str, int], None] | None = None
    is_unconstrained: bool = False
    run_process = staticmethod(process.run)

    def _run_cmdstan(self, runset: Any, idx: int, *, timeout: float | None = None, **_: Any) -> None:
        show = self.on_line
        on_line = None if show is None else (lambda line: show(line.strip(), idx))
        exe, *arguments = runset.cmd(idx)
        mode = ["unconstrained"] if self.is_unconstrained else []
        try:
            output = Path(runset.stdout_files[idx])
            done = self.run_process(
                [exe, *mode, *arguments],
                cwd=output.parent,  # a program with `profile` writes a file where it runs
                timeout=timeout,
                is_merged=True,
                on_line=on_line,
            )
            output.write_text(done.stdout, encoding="utf-8")
        except OSError as reason:  # as cmdstanpy reports it
            raise RuntimeError(f"Failed with error {reason}") from reason
        runset._set_retcode(idx, done.returncode)
        runset._set_timeout_flag(idx, done.timed_out)
