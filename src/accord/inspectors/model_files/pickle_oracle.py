"""What a pickle would import and call, from the real C unpickler with stubs in place of everything it imports.

No parser of our own decides what executes: Python's unpickler does, exactly as it would. But every name that it looks
up becomes an inert class, which swallows calls, states and items, does nothing and keeps nothing. Nothing is imported.
It runs in a fork of its own (`accord.instruments.sandbox.run_apart`), because a hostile stream can make the unpickler
overflow its stack or exhaust its memory.
"""

from __future__ import annotations

import _pickle
import copyreg
import io
import itertools
from collections.abc import Callable, Iterable, Sequence
from types import SimpleNamespace
from typing import Any

import msgspec

from .pickle_opcodes import MOST_GLOBALS
from .pickle_source import Source, SourceFault, skip

MOST_NAMES = 4096
_LONGEST_NAME = 300
_JOBLIB_WRAPPER = "NumpyArrayWrapper"
_NO_ARRAY = -1


class SeenGlobal(msgspec.Struct):
    """A name that was looked up, and what was then done with it. `called`: called like a function or constructor;
    `changed`: an attribute, item or state was set on the thing itself and not on an instance.
    """

    module: str
    name: str
    called: bool = False
    changed: bool = False


class Followed(msgspec.Struct):
    """What came of following the streams. `error` is the unpickler's, `ended` how many streams reached their STOP.

    `sequence` is the order of look-ups as indices into `globals`; `arrays` are ranges (start, end) that joblib's
    unpickler would read as array data, `inner` the same for arrays of objects, which are pickles.
    """

    globals: list[SeenGlobal]
    sequence: list[int]
    ended: int = 0
    end: int = 0
    error: str | None = None
    error_in: int = -1
    leftover: bool = False
    memory: bool = False
    crowded: bool = False
    instances_called: bool = False
    arrays: list[tuple[int, int]] = []
    inner: list[tuple[int, int]] = []


class _Crowded(Exception):
    """More different names than any honest pickle has."""


class _Kind(type):
    """The type of stand-ins: notices when a stand-in itself is called or changed."""

    seen: SeenGlobal
    single: Any

    def __call__(cls, *arguments: Any, **named: Any) -> Any:
        cls.seen.called = True
        new: Any = cls.__new__
        return new(cls, *arguments, **named)

    @property
    def append(cls) -> Callable[..., None]:
        cls.seen.changed = True
        return _swallow

    # A property of the type comes before the method of the same name that instances have.
    __setstate__ = extend = add = append

    def __setitem__(cls, key: Any, value: Any) -> None:
        cls.seen.changed = True


def _instance(kind: Any) -> Any:
    return object.__new__(kind)


def _swallow(*_arguments: Any, **_named: Any) -> None:
    return None


class _Run:
    """One run over the streams of a source, and everything the stand-ins notice."""

    def __init__(self) -> None:
        self.result = Followed(globals=[], sequence=[])
        self._known: dict[tuple[str, str], tuple[int, type]] = {}
        self.joblib_reader: Any = None
        self.unpickler: type[_pickle.Unpickler] = self._unpickler()

    def _unpickler(self) -> type[_pickle.Unpickler]:
        run = self

        class Stub:
            """Stands in for an instance of anything. One per name: it keeps nothing, so one is enough."""

            __slots__ = ()

            def __new__(cls, *_arguments: Any, **_named: Any) -> Any:
                return cls.single  # type: ignore[attr-defined]

            def __call__(self, *_arguments: Any, **_named: Any) -> Any:
                run.result.instances_called = True
                return self

            def __setitem__(self, key: Any, value: Any) -> None:
                return None

            __setstate__ = append = extend = add = _swallow

        class Unpickler(_pickle.Unpickler):
            def find_class(self, module: str, name: str, /) -> Any:
                return run.look_up(module, name)

            def persistent_load(self, pid: Any, /) -> Any:
                return persistent

        self._stub = Stub
        persistent: Any = _instance(Stub)
        return Unpickler

    def look_up(self, module: str, name: str) -> type:
        """Return the stand-in for a name. Raises _Crowded."""
        known = self._known.get((module, name))
        if len(self.result.sequence) >= MOST_GLOBALS:
            raise _Crowded
        if known is None:
            if len(self._known) >= MOST_NAMES:
                raise _Crowded
            seen = SeenGlobal(_plain(module), _plain(name))
            known = self._known[module, name] = (len(self._known), self._stand_in(seen, module, name))
            self.result.globals.append(seen)
        self.result.sequence.append(known[0])
        return known[1]

    def _stand_in(self, seen: SeenGlobal, module: str, name: str) -> type:
        body: dict[str, Any] = {"__slots__": (), "seen": seen}
        if self.joblib_reader is not None:
            if name == _JOBLIB_WRAPPER:
                body["__setstate__"] = lambda _self, state: self._read_array(state)
            elif (module, name) == ("numpy", "dtype"):
                body = {"__slots__": ("hint", "state"), "seen": seen, "__new__": _new_dtype, "__setstate__": _set_dtype}
        kind = _Kind("Stub", (self._stub,), body)
        kind.single = _instance(kind)
        return kind

    def _read_array(self, state: Any) -> None:
        """Do what joblib's NumpyArrayWrapper does at this point: read the array that follows in the file."""
        reader = self.joblib_reader
        dtype, shape = state["dtype"], state["shape"]
        start = reader.tell()
        if _holds_objects(dtype):
            self.unpickler(_plain_file(reader), buffers=itertools.repeat(b"")).load()
            self.result.inner.append((start, reader.tell()))
            return
        if state.get("numpy_array_alignment_bytes") is not None:
            skip(reader, reader.read(1)[0])
        count = 1
        for length in shape:
            count *= int(length)
        if count < 0 or skip(reader, count * _item_size(dtype)) != count * _item_size(dtype):
            raise ValueError("an array goes past the end of the file")
        self.result.arrays.append((start, reader.tell()))


def _new_dtype(cls: Any, *arguments: Any, **_named: Any) -> Any:
    made = _instance(cls)
    made.hint, made.state = arguments[0] if arguments else None, None
    return made


def _set_dtype(self: Any, state: Any) -> None:
    if hasattr(self, "hint"):
        self.state = state


def _holds_objects(dtype: Any) -> bool:
    flags = dtype.state[7] if dtype.state is not None and len(dtype.state) > 7 else 0
    return bool(flags & 1) or str(dtype.hint).lstrip("|<>=").startswith("O")


def _item_size(dtype: Any) -> int:
    """The size of an item, from a pickled dtype: a field of its state for strings and records, else its name."""
    if dtype.state is not None and isinstance(dtype.state[5], int) and dtype.state[5] >= 0:
        return int(dtype.state[5])
    return int(str(dtype.hint).lstrip("|<>=")[1:])


def _plain(name: str) -> str:
    return name[:_LONGEST_NAME].encode("utf-8", "backslashreplace").decode()


def _plain_file(reader: Any) -> Any:
    """A file without `peek`: the unpickler then reads what it needs and no more, so that others can read on."""
    return SimpleNamespace(read=reader.read, readline=reader.readline, readinto=reader.readinto)


class Pieces(io.RawIOBase):
    """Ranges of a source, and bytes in between, as one file."""

    def __init__(self, source: Source, pieces: Iterable[tuple[int, int] | bytes]) -> None:
        self._source = source
        self._pieces = iter(pieces)
        self._stream: io.BufferedIOBase | None = None
        self._at = 0
        self._left = 0
        self._bytes = b""

    def readable(self) -> bool:
        """A file to read from."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` from the next pieces."""
        view = memoryview(buffer)
        while True:
            if self._bytes:
                part = self._bytes[: len(view)]
                view[: len(part)], self._bytes = part, self._bytes[len(part) :]
                return len(part)
            if self._left and self._stream is not None:
                count = self._stream.readinto(view[: self._left])
                self._at, self._left = self._at + count, self._left - count
                if count:
                    return count
                self._left = 0
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            if isinstance(piece, bytes):
                self._bytes = piece
                continue
            start, end = piece
            if self._stream is None or start < self._at:
                self._stream, self._at = self._source.open(start), start
            self._at += skip(self._stream, start - self._at)
            self._left = end - start


class _Counted(io.RawIOBase):
    """A source as a raw file that knows where it is."""

    def __init__(self, stream: io.BufferedIOBase, start: int) -> None:
        self._stream = stream
        self._at = start

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        if whence == 1 and offset == 0:
            return self._at
        raise OSError("this file is read forward only")

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        count = self._stream.readinto(buffer)
        self._at += count
        return count


def _guard(run: _Run, action: Callable[[], None], number: int) -> bool:
    """Do `action`, turning every exception into a field of the result; return whether it went well."""
    result = run.result
    try:
        action()
    except _Crowded:
        result.crowded = True
    except MemoryError:
        result.memory = True
    except SourceFault as fault:
        result.error = fault.text
    except EOFError:
        result.error = "it ends without STOP"
    except Exception as error:  # whatever a hostile stream provokes in the unpickler or in a stub
        result.error = f"{type(error).__name__}: {error}"[:_LONGEST_NAME]
    else:
        return True
    result.error_in = number
    return False


def _register(extensions: Iterable[int]) -> None:
    """Make extension codes names like others. This is a fork: the registry of the caller is not touched."""
    registry: Any = copyreg
    registry._extension_cache.clear()
    registry._inverted_registry.clear()
    registry._inverted_registry.update({code: ("copyreg.extension", str(code)) for code in extensions})


def follow(source: Source, streams: Sequence[Sequence[tuple[int, int] | bytes]], extensions: Iterable[int]) -> bytes:
    """Let the C unpickler follow `streams`, each the pieces it consists of; return a Followed as JSON.

    A stream that does not use up its pieces, or asks for more, is a disagreement with whoever cut them.
    """
    _register(extensions)
    run = _Run()
    for number, pieces in enumerate(streams):
        reader = io.BufferedReader(Pieces(source, pieces), 1 << 18)

        def load(reader: Any = reader) -> None:
            run.unpickler(reader, buffers=itertools.repeat(b"")).load()
            run.result.ended += 1
            run.result.leftover |= bool(reader.read(1))

        if not _guard(run, load, number):
            break
    return _encode(run.result)


def follow_joblib(source: Source, start: int, extensions: Iterable[int]) -> bytes:
    """Follow one stream as joblib's unpickler would: array data between opcodes. Return a Followed as JSON."""
    _register(extensions)
    run = _Run()
    reader = io.BufferedReader(_Counted(source.open(start), start), 1 << 18)
    run.joblib_reader = reader

    def load() -> None:
        run.unpickler(_plain_file(reader), buffers=itertools.repeat(b"")).load()
        run.result.ended += 1

    _guard(run, load, 0)
    run.result.end = reader.tell()
    return _encode(run.result)


def _encode(result: Followed) -> bytes:
    if result.error is not None:
        result.error = _plain(result.error)
    return msgspec.json.encode(result)
