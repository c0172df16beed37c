"""Hostile requests to a program built with sanitizers: memory, leaks and undefined behaviour."""

import json
import os
import random
import struct
import time

import pytest

from tests.conformance.executables import MODELS
from workbench import process
from workbench.process import Companion
from workbench.toolchain.build import ModelSource, _translate
from workbench.toolchain.compilers import list_link_options, list_options
from workbench.toolchain.header_and_driver import _list_driver_sources

pytestmark = pytest.mark.truth

REQUESTS = 1500

SEED = int(os.environ.get("FUZZ_SEED", "5"))

REQUEST, ANSWER = struct.Struct("=IIQQQQ"), struct.Struct("=qQQQ")

SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-g1")

NUMBERS = (0.0, 1.0, -2.5, 3.0, float("nan"), float("inf"), -1e308, 5e-324)


@pytest.fixture(scope="module")
def executable(embedded, tmp_path_factory):
    """Build `driver_throws` with sanitizers; they need their own libraries, which not every compiler has."""
    folder, compiler = tmp_path_factory.mktemp("sanitized"), embedded.compiler
    source = MODELS / "driver_throws.stan"
    (folder / "model.cpp").write_text(
        "#include <stan/model/model_header.hpp>\n"
        + _translate(ModelSource(source.stem, source.read_text()), embedded.stanc, ())
    )
    options = (*list_options(compiler, embedded.home, threads=False), "-O1", *SANITIZERS)
    outputs = []
    for path in (folder / "model.cpp", *_list_driver_sources(".cpp")):
        outputs.append(folder / f"{path.stem}.o")
        argv = [
            *compiler.argv,
            *options,
            "-iquote",
            str(path.parent),
            "-c",
            str(path),
            "-o",
            str(outputs[-1]),
        ]
        done = process.run(argv)
        if done.returncode != 0 and "sanitize" in done.output:
            pytest.skip("the compiler has no sanitizers")
        assert done.returncode == 0, done.output[-3000:]
    exe = folder / "driver_throws"
    argv = [*compiler.argv, *SANITIZERS, *map(str, outputs), "-o", str(exe)]
    done = process.run([*argv, *list_link_options(compiler, embedded.home)])
    if done.returncode != 0 and "san" in done.output:
        pytest.skip("the compiler has no library for its sanitizers")
    assert done.returncode == 0, done.output[-3000:]
    return exe


def receive(companion):
    deadline = time.monotonic() + 120
    status, _, numbers, characters = ANSWER.unpack(companion.receive(ANSWER.size, deadline))
    companion.receive(8 * numbers + characters, deadline)
    return status


def make_requests(folder):
    """Yield requests of every task, right and wrong, with numbers of every kind."""
    dice = random.Random(SEED)
    data = [folder / f"{where}.json" for where in range(6)]
    for where, path in enumerate(data):
        path.write_text(json.dumps({"where": where}))
    mode = folder / "mode.csv"
    mode.write_text("# method = optimize\nlp__,x\n0,0.5\n")
    texts = [*map(str, data), "", "/no", str(folder), "\n", "x" * 5000]
    for _ in range(REQUESTS):
        task = dice.randrange(6)
        if task == 0:
            text = dice.choice(texts).encode()
        elif task == 4:
            method = dice.choice(
                [
                    f"method=optimize\nalgorithm={dice.choice(['lbfgs', 'bfgs', 'newton', 'zzz'])}",
                    f"method=laplace\nmode={dice.choice([mode, folder / 'none.csv', data[0]])}\ndraws=3",
                    "method=sample\nnum_samples=5\nnum_warmup=5",
                    dice.choice(texts),
                ]
            )
            seed = dice.choice([1, -1, 7, 2**32])
            rest = f"data\nfile={dice.choice(data)}\nrandom\nseed={seed}\noutput\nfile={folder / 'out.csv'}"
            text = f"{method}\n{rest}".encode()
        else:
            count, width = dice.choice([0, 1, 2, 30]), dice.choice([1, 1, 1, 0, 2, 3])
            numbers = [dice.choice(NUMBERS) for _ in range(count * width)]
            flags = dice.choice([0, 1, 2, 4, 8, 16, 24, 31, 2**31])
            first = dice.choice([0, 5, 10, 2**63, 2**64 - 1])
            header = REQUEST.pack(
                dice.choice([1, 2, 3, 99]), flags, count, width, dice.randrange(2**32), first
            )
            yield header + struct.pack(f"={count * width}d", *numbers)
            continue
        yield REQUEST.pack(task, 32, len(text), 0, 1, 0) + text


def test_no_request_touches_what_it_may_not(executable, tmp_path):
    companion = Companion((str(executable), "evaluate"))
    try:
        assert receive(companion) == 0
        statuses = set()
        for request in make_requests(tmp_path):
            companion.send(request)
            statuses.add(receive(companion) != 0)
        assert statuses == {True, False}
        companion._socket.shutdown(1)  # the end of its input, after which leaks are counted
        assert companion._child.wait(120) == 0, companion.read_errors()
        assert companion.read_errors() == ""
    except EOFError:
        pytest.fail(companion.read_errors()[-3000:])
    finally:
        companion.close()
