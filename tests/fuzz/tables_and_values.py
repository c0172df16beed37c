"""Damaged and hostile tables, JSON and TOML: bytes made from a random generator, and what they are."""

import bz2
import datetime
import decimal
import gzip
import json
import lzma
import random

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet

NASTY_TEXTS = (
    "",
    " ",
    "-",
    "NaN",
    "Infinity",
    "-inf",
    "1e999",
    "-1e-999",
    "0x1F",
    "1_000",
    "1,5",
    "1.234,5",
    "$3",
    "50%",
    "1" * 400,
    "9" * 5000,
    "9223372036854775808",
    "4294967296",
    "-1",
    "0",
    "2.5",
    "1e5",
    "true",
    "None",
    "null",
    "2024-02-30",
    "2024-02-29 25:61",
    "=1+1",
    "+cmd|' /C calc'!A0",
    "@SUM(A1)",
    "-2+3",
    "\t1",
    "a\x1b[31mred",
    "\x07\x08",
    "\u202egnp",
    "\u0000",
    "é",
    "日本",
    "🙂",
    "a,b",
    'say "hi"',
    "'",
    "`",
    "two\nlines",
    "\r",
    "x" * 5000,
    "{",
    "[1",
    "<script>alert(1)</script>",
    "%s%n",
    "../../etc/passwd",
    "\ufeff",
    "\ud83d",
    "１２",
    "٣",
)
"""What stands in cells, names and options."""

NAMES = (
    "N",
    "K",
    "J",
    "y",
    "x",
    "X",
    "g",
    "sigma",
    "school",
    "effect",
    "X1",
    "X2",
    "group",
    "n",
    "trials",
    "when",
)
"""Names of columns, those of the programs among them."""


def text(rng: random.Random) -> str:
    """Return a nasty text, or a number."""
    if rng.random() < 0.4:
        return rng.choice(("1", "2", "3", str(rng.gauss(0, 1)), str(rng.randrange(5)), "A", "B"))
    return rng.choice(NASTY_TEXTS)


def name(rng: random.Random) -> str:
    """Return the name of a column or variable."""
    return rng.choice(NAMES) if rng.random() < 0.9 else rng.choice(NASTY_TEXTS)


def encode(content: str, encoding: str = "utf-8") -> bytes:
    return content.encode(encoding, "surrogatepass" if encoding.startswith("utf") else "replace")


def delimited(rng: random.Random) -> bytes:
    """Return a CSV file of some dialect, with nasty names and cells, and damaged in half of all cases."""
    columns, rows = rng.choice((1, 2, 3, 4, 6, 40)), rng.choice((0, 1, 2, 8, 8, 8, 30, 400))
    separator, end = rng.choice(",,,,\t;|"), rng.choice(("\n", "\n", "\r\n", "\r", "\r\r\n"))
    share = rng.choice((0, 0, 0.02, 0.3))
    names = (
        list(dict.fromkeys(name(rng) for _ in range(columns)))
        if rng.random() < 0.8
        else [name(rng) for _ in range(columns)]
    )
    lines = [names] + [
        [text(rng) if rng.random() < share else str(rng.choice((1, 2, 3, 0.5, -1.25))) for _ in names]
        for _ in range(rows)
    ]
    if rng.random() < 0.1:
        lines.insert(0, [""] * rng.randrange(4))
    if rng.random() < 0.1 and len(lines) > 1:
        rng.choice(lines).append("extra")
    quote = rng.choice(('"', '"', "'", ""))
    written = (
        end.join(separator.join(quote_cell(cell, separator, quote) for cell in line) for line in lines) + end
    )
    encoding = rng.choice(
        ("utf-8",) * 8 + ("utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252")
    )
    return damage(rng, encode(written, encoding))


def quote_cell(cell: str, separator: str, quote: str) -> str:
    if quote and any(character in cell for character in (separator, quote, "\n", "\r")):
        return quote + cell.replace(quote, quote * 2) + quote
    return cell


def damage(rng: random.Random, content: bytes) -> bytes:
    """Return bytes as they are in half of all cases, else cut short, flipped, or with others among them."""
    kind = rng.randrange(12)
    place = rng.randrange(len(content) + 1)
    if kind == 0:
        return content[:place]
    if kind == 1:
        return content[:-1]
    if kind == 2:
        return (
            content[:place]
            + bytes(rng.randrange(256) for _ in range(rng.choice((1, 3, 100))))
            + content[place:]
        )
    if kind == 3:
        return content[:place] + b"\x00" + content[place + 1 :]
    if kind == 4:
        return (
            content[:place]
            + rng.choice((b'"', b"\r", b"\n", b",", b"\xff", b"\xef\xbb\xbf"))
            + content[place:]
        )
    if kind == 5:
        changed = bytearray(content)
        for _ in range(rng.randrange(1, 20)):
            if changed:
                changed[rng.randrange(len(changed))] = rng.randrange(256)
        return bytes(changed)
    return content


def value(rng: random.Random, depth: int = 0) -> str:
    """Return a JSON text, valid or nearly so."""
    kind = rng.randrange(16 if depth < 4 else 9)
    if kind < 4:
        return str(rng.choice((0, 1, 2, 3, -1, 0.5, 1e308, 2**31, 2**63, 2**64, 10**300)))
    if kind < 9:
        plain = (
            "1e999",
            "NaN",
            "Infinity",
            "-Infinity",
            "true",
            "null",
            "1" * 400,
            "9" * 5000,
            "[]",
            "{}",
            "-0",
            "[[]]",
            "0x10",
        )
        return rng.choice((*plain, json.dumps(rng.choice(NASTY_TEXTS))))
    if kind < 14:
        return f"[{', '.join(value(rng, depth + 1) for _ in range(rng.randrange(5)))}]"
    if kind == 14:
        members = (f"{json.dumps(name(rng))}: {value(rng, depth + 1)}" for _ in range(rng.randrange(4)))
        return f"{{{', '.join(members)}}}"
    deep = rng.choice((10, 33, 65, 500, 2000, 100_000))
    return "[" * deep + "]" * rng.choice((deep, deep - 1))


def stan_json(rng: random.Random) -> bytes:
    """Return a Stan data file, sound in parts."""
    sound = {
        "J": "2",
        "N": "3",
        "y": "[1.5, 2.5, 3.5]",
        "x": "[0, 1, 2]",
        "sigma": "[1, 2]",
        "K": "1",
        "X": "[[1],[2],[3]]",
    }
    pairs = [
        (given, value(rng) if rng.random() < 0.4 else sound[given]) for given in sound if rng.random() < 0.9
    ]
    pairs += [(name(rng), value(rng)) for _ in range(rng.randrange(3))]
    content = f"{{{', '.join(f'{json.dumps(key)}: {member}' for key, member in pairs)}}}"
    if rng.random() < 0.1:
        content = value(rng)
    return damage(rng, encode(content, rng.choice(("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16"))))


def typed_column(rng: random.Random, rows: int) -> pa.Array:
    """Return a column of some type of Arrow."""
    whole = [rng.randrange(4) for _ in range(rows)]
    kinds = (
        lambda: pa.array([float(v) for v in whole]),
        lambda: pa.array(whole, pa.int8()),
        lambda: pa.array([2**64 - 1] * rows, pa.uint64()),
        lambda: pa.array([None] * rows),
        lambda: pa.array([bool(v) for v in whole]),
        lambda: pa.array([text(rng).encode("utf-8", "replace").decode() for _ in whole]),
        lambda: pa.array([b"\xff"] * rows),
        lambda: pa.array(["a"] * rows).dictionary_encode(),
        lambda: pa.array(whole, pa.int64()).dictionary_encode(),
        lambda: pa.array([[v] for v in whole]),
        lambda: pa.array([{"a": v} for v in whole]),
        lambda: pa.array([decimal.Decimal(10) ** 30] * rows),
        lambda: pa.array([datetime.date(2024, 1, 1 + v) for v in whole]),
        lambda: pa.array([datetime.time(v) for v in whole]),
        lambda: pa.array([datetime.timedelta(v) for v in whole]),
        lambda: pa.array([float("nan"), float("inf"), *map(float, whole)][:rows]),
        lambda: (
            pa.array(whole, pa.float16()) if rows < 0 else pa.array([float(v) for v in whole], pa.float32())
        ),
        lambda: pa.array([str(v) for v in whole], pa.large_string()),
        lambda: pa.array([str(v) for v in whole], pa.string_view()),
        lambda: pa.array([datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)] * rows),
        lambda: pa.array([-(2**62)] * rows, pa.timestamp("s")),
    )
    return rng.choice(kinds)()


def columnar(rng: random.Random) -> bytes:
    """Return a Parquet, Feather or Arrow file with columns of many types."""
    rows = rng.choice((0, 1, 5, 5, 50))
    names = [name(rng).encode("utf-8", "replace").decode() for _ in range(rng.randrange(1, 6))]
    table = pa.table([typed_column(rng, rows) for _ in names], names)
    sink = pa.BufferOutputStream()
    kind = rng.randrange(4)
    try:
        if kind == 0:
            pa.parquet.write_table(table, sink, compression=rng.choice(("snappy", "zstd", "gzip", "none")))
        elif kind == 1:
            pa.feather.write_feather(table, sink, compression=rng.choice(("lz4", "zstd", "uncompressed")))
        else:
            open_writer = pa.ipc.new_stream if kind == 2 else pa.ipc.new_file
            with open_writer(sink, table.schema) as writer:
                writer.write_table(table)
    except (pa.ArrowException, ValueError):  # a type that the format does not have
        return b"PAR1"
    return damage(rng, sink.getvalue().to_pybytes())


def compressed(rng: random.Random) -> bytes:
    """Return a compressed table, damaged in half of all cases."""
    content = rng.choice((delimited, stan_json))(rng)
    if rng.random() < 0.1:
        content = b"y\n" + b"0\n" * 3_000_000
    compress = rng.choice(
        (gzip.compress, bz2.compress, lzma.compress, lambda c: bytes(pa.compress(c, "zstd", asbytes=True)))
    )
    return damage(rng, compress(content))


def other(rng: random.Random) -> bytes:
    """Return a file that is no table: a workbook, a picture, noise, a very long line."""
    long = rng.choice((200_000, 2_000_000))
    return rng.choice(
        (
            b"PK\x03\x04" + rng.randbytes(500),
            b"\x89PNG\r\n" + rng.randbytes(300),
            rng.randbytes(1000),
            b"",
            b"\n" * 500,
            b"a" * long,
            b"y\n" + b"x" * long + b"\n1\n",
            b'"' * 1000,
            b"y\n1\n" * 3 + b'"open\n' * 50,
            b"," * 5000,
            b"\xff\xfe",
            b"\xff\xfea",
            b"\xef\xbb\xbf",
            b"\x1f\x8b",
            b"\x28\xb5\x2f\xfd",
            b"[" * 200_000,
            b'{"y": ' * 50_000,
            b"y,y\n1,2\n",
            b"y\r1\r2\r",
            b"y\n" + b"1\n" * 200_000,
        )
    )


TABLES = (delimited, delimited, delimited, stan_json, columnar, compressed, other)
"""Each kind of table."""


def toml_value(rng: random.Random) -> str:
    """Return a value as TOML writes it, or nearly so."""
    plain = (
        "1",
        "-1",
        "0.5",
        "inf",
        "nan",
        "1e999",
        "true",
        '"text"',
        "[]",
        "[1, 2]",
        '["a", 1]',
        "{}",
        "{default = 1}",
        '{default = "x"}',
        "{default = []}",
        "{default = [1, [2]]}",
        "9" * 400,
        "9" * 5000,
        "2024-01-01",
        '"0.1:10:log:9"',
        '"1:2:log:99999999999"',
        '"1e999,2"',
        "'''a\nb'''",
        '"prior"',
        '"likelihood"',
        '"y"',
        '["y", "x"]',
        "[" * 500 + "]" * 500,
        '"\\u001b[31m"',
        "{default = {default = 1}}",
        "0x1F",
        "1_000",
        "'student_t(3, 0, 1)'",
        "'flat'",
    )
    return rng.choice(plain)


def card(rng: random.Random) -> bytes:
    """Return a model's card."""
    sections = ("hyperparameters", "units", "sweep", "columns", "roles", "set", "prior", "other")
    keys = (
        "mu",
        "tau_prior_scale",
        "sigma",
        "beta.sigma",
        '"beta.sigma"',
        "y",
        '"line 12"',
        '"1"',
        "J",
        "K",
        '"\\u001b"',
        "N",
    )
    lines = [
        f"{key} = {toml_value(rng)}" for key in ("title", "story", "references", "data") if rng.random() < 0.2
    ]
    for section in sections:
        if rng.random() < 0.3:
            lines.append(f"[{section}]" if rng.random() < 0.9 else f"{section} = {toml_value(rng)}")
            lines += [f"{rng.choice(keys)} = {toml_value(rng)}" for _ in range(rng.randrange(4))]
    return damage(rng, encode("\n".join(lines)))


def scenarios(rng: random.Random) -> bytes:
    """Return a file of scenarios."""
    names = (
        "tau",
        "mu",
        '"beta.sigma"',
        '"power(prior)"',
        "prior.mu",
        "prior.tau",
        "prior",
        '"tau_prior_scale"',
        "theta",
    )
    lines = []
    for number in range(rng.randrange(4)):
        lines.append(
            rng.choice((f"[s{number}]", f"[s{number}]", '["\\u001b[31m"]', "[[list]]", f"s{number} = 1"))
        )
        lines += [f"{rng.choice(names)} = {toml_value(rng)}" for _ in range(rng.randrange(1, 4))]
    return damage(rng, encode("\n".join(lines)))
