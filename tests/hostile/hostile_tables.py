"""Tables made to break whoever reads them: bytes that are no text, values that are no numbers, names that are code."""

from __future__ import annotations

import io
import struct

import pyarrow as pa
import pyarrow.parquet as pq

SCRIPT = "<script>alert('owned')</script>"
ANSI = "\x1b]0;owned\x07\x1b[2J\x1b[31mred"
BIDI = "\u202egnp.exe\u2066"
FORMULA = '=cmd|" /C calc"!A0'
NAMES = (SCRIPT, ANSI, BIDI, FORMULA, "</style><img src=x onerror=alert(1)>", "{{7*7}}", "[red]x[/]", "{}{0.__class__}")
"""Column names (and file names, where they may be) that attack a page, a terminal, a spreadsheet or a template."""


def parquet(columns: dict[str, pa.Array]) -> bytes:
    """A Parquet file of these columns."""
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def hostile_csv() -> dict[str, bytes]:
    """CSV files."""
    nan = b"a,b\n" + b"".join(b"%s,%d\n" % (text, i) for i, text in enumerate([b"nan", b"inf", b"-inf", b"1e999"] * 20))
    quoted = ",".join('"' + name.replace('"', '""') + '"' for name in NAMES)
    cells = "".join(",".join([f'"{FORMULA}"'.replace('"', "'")] * len(NAMES)) + "\n" for _ in range(40))
    return {
        "nan.csv": nan,
        "not-utf8.csv": b"na\xefve,caf\xe9\n" + b"\xff\xfe,\x80\n" * 40,
        "utf16.csv": ("a,b\n" + "1,2\n" * 40).encode("utf-16"),
        "nul.csv": b"a,b\n" + b"1,\x002\n" * 40,
        "names.csv": (quoted + "\n" + cells).encode(),
        "wide.csv": b",".join(b"c%d" % i for i in range(60_000)) + b"\n" + b",".join([b"1"] * 60_000) + b"\n",
        "ragged.csv": b"a,b\n" + b"".join(b"1," * (i % 50) + b"\n" for i in range(200)),
        "same.csv": b",".join([b"x"] * 300) + b"\n" + (b",".join([b"1"] * 300) + b"\n") * 40,
        "numbers.csv": b"a,b\n" + (b"9" * 4000 + b"," + b"1e-99999\n") * 40,
    }


def hostile_json_lines() -> dict[str, bytes]:
    """JSON Lines files."""
    good = b'{"a": 1, "b": "x"}\n' * 40
    return {
        "deep.jsonl": good + b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n",
        "nan.jsonl": good + b'{"a": NaN, "b": "x"}\n{"a": Infinity, "b": "x"}\n{"a": 1e999, "b": "x"}\n',
        "digits.jsonl": good + b'{"a": ' + b"9" * 200_000 + b"}\n",
        "surrogate.jsonl": good + b'{"a": "\\ud800", "\\udfff": "x"}\n',
        "not-utf8.jsonl": good + b'{"a": "\xff\xfe"}\n',
        "keys.jsonl": b"".join(b'{"k%d": 1}\n' % i for i in range(60_000)),
        "twice.jsonl": b'{"a": 1, "a": 2}\n' * 40,
        "mixed.jsonl": good + b'[1]\n"x"\nnull\n{}\n{"a": {"b": [1, {"c": 2}]}}\n',
        "cut.jsonl": good + b'{"a": 1, "b',
        "names.jsonl": b'{"<script>alert(1)</script>": 1, "\\u001b[2J": 2, "\\u202e": 3}\n' * 40,
    }


def hostile_parquet() -> dict[str, bytes]:
    """Parquet files."""
    numbers = [float("nan"), float("inf"), float("-inf"), 1.0] * 20
    whole = parquet({"a": pa.array(numbers), "b": pa.array(["x"] * 80)})
    nested: pa.Array = pa.array([1] * 40)
    for _ in range(60):
        nested = pa.StructArray.from_arrays([nested], ["n"])
    footer = struct.unpack("<I", whole[-8:-4])[0]
    flipped = bytearray(whole)
    for at in range(len(whole) - footer, len(whole) - 8, 7):
        flipped[at] ^= 0x55
    return {
        "nan.parquet": whole,
        "cut.parquet": whole[:-20],
        "magic.parquet": b"PAR1PAR1",
        "only.parquet": b"PAR1",
        "footer.parquet": whole[:-8] + struct.pack("<I", 2**31 - 1) + b"PAR1",
        "negative.parquet": whole[:-8] + b"\xff\xff\xff\xff" + b"PAR1",
        "flipped.parquet": bytes(flipped),
        "pages.parquet": b"PAR1" + b"\xff" * (len(whole) - footer - 12) + whole[-footer - 8 :],
        "nested.parquet": parquet({"n": nested, "b": pa.array([1] * 40)}),
        "names.parquet": parquet({name: pa.array([1, 2] * 20) for name in NAMES}),
        "wide.parquet": parquet({f"c{i}": pa.array([1]) for i in range(4000)}),
        "dictionary.parquet": parquet({"z": pa.array(["\0" * 1000] * 200_000), "b": pa.array(range(200_000))}),
        "encrypted.parquet": whole[:-4] + b"PARE",
    }


def large_tables() -> dict[str, bytes]:
    """Tables that cost: an open quotation mark, a line, all values different, 20 million rows in a few kilobytes."""
    return {
        "quote.csv": b'a,b\n1,"' + b"never closed\n" * 300_000,
        "line.csv": b"a,b\n" + b"x" * 30_000_000 + b",1\n" + b"1,2\n" * 40,
        "unique.csv": b"a,b\n" + b"".join(b"%032x,%d\n" % (i * 2654435761, i) for i in range(150_000)),
        "runs.parquet": parquet({"z": pa.nulls(20_000_000, pa.int8()), "y": pa.nulls(20_000_000, pa.int8())}),
    }
