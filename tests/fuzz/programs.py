"""Stan programs cut, mixed up and grown beyond measure."""

import random

from tests.conftest import STAN_MODELS

BASES = tuple(path.read_text(encoding="utf-8") for path in sorted(STAN_MODELS.glob("*/*.stan")))
"""The bundled programs."""

_SNIPPETS = (
    "/*",
    "*/",
    "//",
    '"',
    "'",
    "#include self.stan\n",
    "#include nowhere.stan\n",
    "#include ../../../../etc/passwd\n",
    "#include <",
    "\x00",
    "\ufeff",
    "é",
    "\r",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ";",
    "~",
    "target += ",
    "1e999",
    "9" * 400,
    "9" * 5000,
    "real x;",
    "array[2] int z;",
    "data {",
    "parameters {",
    "\x1b[31m",
    "normal(0, 1)",
    "T[0, ]",
    "~ normal(",
    "lpdf",
    "while (1) {}",
    "print(1);",
    'reject("x");',
    "for (i in 1:10) ",
    'profile("p") {',
    "int",
    "%",
    "|",
    "transformed ",
)


def program(rng: random.Random) -> bytes:
    """Return a program."""
    kind = rng.randrange(10)
    base = rng.choice(BASES)
    if kind == 0:
        return _grown(rng).encode()
    if kind == 1:
        return rng.choice(
            (b"", b"\n", b"model {}", b"data {}", b"parameters { real x; }", rng.randbytes(300), b"\xff\xfe")
        )
    if kind == 2:
        return base[: rng.randrange(len(base))].encode()
    for _ in range(rng.choice((0, 1, 1, 2, 5))):
        place = rng.randrange(len(base) + 1)
        if rng.random() < 0.4:
            base = base[:place] + base[place + rng.choice((1, 5, 40)) :]
        elif rng.random() < 0.5:
            end = min(len(base), place + rng.randrange(60))
            base = base[:place] + base[end:] + base[place:end]
        else:
            base = base[:place] + rng.choice(_SNIPPETS) + base[place:]
    return base.encode(rng.choice(("utf-8", "utf-8", "utf-8", "latin-1", "utf-16", "utf-8-sig")), "replace")


def _grown(rng: random.Random) -> str:
    count = rng.choice((50, 300, 1000))
    deep = rng.choice((50, 300, 2000))
    end = "parameters { real x; } model { x ~ normal(0, 1); }"
    declared = " ".join(f"int d{i};" for i in range(count))
    return rng.choice(
        (
            f"parameters {{ real x; }} model {{ x ~ normal({'(' * deep}0{')' * deep}, 1); }}",
            f"parameters {{ real x; }} model {{ x ~ normal({' + '.join(['1'] * deep)}, 1); }}",
            f"parameters {{ real x; }} model {{ x ~ normal({'-' * deep}1, 1); }}",
            f"parameters {{ real x; }} model {{ {'{' * deep} x ~ normal(0, 1); {'}' * deep} }}",
            f"data {{ {declared} }} {end.replace('0', 'd1')}",
            f"parameters {{ {declared.replace('int', 'real')} }} model {{ d1 ~ normal(0, 1); }}",
            f"parameters {{ real {'x' * deep}; }} model {{ {'x' * deep} ~ normal(0, 1); }}",
            f"data {{ int<lower={'9' * deep}> K; }} {end.replace('1', '9' * deep)}",
            f"data {{ array[{', '.join(['2'] * 40)}] real y; }} {end}",
            f"// {'c' * 100 * deep}\n{end}",
            f"parameters {{ real x; }} model {{ {'if (x > 0) ' * min(deep, 300)} x ~ normal(0, 1); }}",
        )
    )
