"""CSV and its relatives (tab, semicolon, bar) after RFC 4180, read with Arrow's streaming parser.

One quick pass over the bytes settles what the parser can't say afterwards: the encoding, NUL bytes and unclosed
quotes. Cells are text; types are inferred from all rows, not from the first block.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ...errors import LimitExceeded, MalformedInput
from .interface import LIMITS, Batch, Table, arrow

DELIMITERS: Final = ",;\t|"
HEADER_BYTES: Final = 4 << 20
SAMPLE_ROWS: Final = 20
CHUNK: Final = 1 << 20
ABSENT: Final = ("", "NA", "N/A", "n/a", "#N/A", "NULL", "null")


@dataclass(frozen=True, slots=True)
class _Scan:
    """What one pass over the bytes tells. `bad_line` is the first line that is not UTF-8."""

    encoding: str
    bad_line: int | None
    open_quote: bool


class DelimitedTable(Table):
    """A text table. Its delimiter is the one that cuts header and first rows into the most, equally many cells."""

    kind = "csv"

    def __init__(self, path: Path) -> None:
        scan = _scan(path)
        self.encoding, self.bad_encoding_line = scan.encoding, scan.bad_line
        self._open_quote = scan.open_quote
        self.delimiter, header, self._blank_lines, self._only_header = _read_header(path, scan.encoding)
        super().__init__(path, header)

    def batches(self, columns: Sequence[int] | None = None) -> Iterator[Batch]:
        """Yield batches of about 4 MiB of text. A row with too few or too many cells is a MalformedInput."""
        if self._only_header:
            return
        wanted = self.readable(columns)
        last = len(self.columns) - 1
        # An unclosed quote swallows the rest of the file into a cell; only in the last column does a full row remain.
        read = [*wanted, last] if self._open_quote and last not in wanted else wanted
        first_row, tail = 1, None
        rows = self._rows(read)
        for batch in rows:
            if not batch.num_rows:
                continue
            cells = tuple(batch.columns)
            if self._open_quote:
                tail = cells[read.index(last)][-1].as_py()
            yield Batch(first_row, batch.num_rows, cells[: len(wanted)], (None,) * len(wanted))
            first_row += batch.num_rows
        if tail and "\n" in tail:
            raise MalformedInput(
                "unclosed-quote",
                f"{self.path.name}, row {first_row - 1}: a quotation mark opens and is never closed",
                "Close it, or double it if it is part of the text.",
            )

    def _rows(self, read: Sequence[int]) -> Iterator[Any]:
        """Yield Arrow's record batches. Errors name the row."""
        pa = arrow()
        import pyarrow.csv as arrow_csv

        wrong: list[Any] = []

        def refuse(row: Any) -> str:
            wrong.append(row)
            return "error"

        names = [str(place) for place in range(len(self.columns))]
        done = 0
        try:
            reader = arrow_csv.open_csv(
                pa.OSFile(str(self.path)),
                read_options=arrow_csv.ReadOptions(
                    use_threads=False,
                    block_size=LIMITS.record,
                    skip_rows=self._blank_lines,
                    column_names=names,
                    skip_rows_after_names=1,
                    encoding="latin-1" if self.bad_encoding_line else "utf8",
                ),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=self.delimiter, newlines_in_values=True, invalid_row_handler=refuse
                ),
                convert_options=arrow_csv.ConvertOptions(
                    column_types={names[place]: pa.string() for place in read},
                    include_columns=[names[place] for place in read],
                    null_values=list(ABSENT),
                    strings_can_be_null=True,
                ),
            )
            for batch in reader:
                done += batch.num_rows
                yield batch
        except pa.ArrowInvalid as error:
            if wrong:
                raise MalformedInput(
                    "ragged-row",
                    f"{self.path.name}, record {wrong[0].number} (the header is record 1): it has "
                    f"{wrong[0].actual_columns} cells, the header {wrong[0].expected_columns}",
                    "Quote cells that hold the delimiter, and fill up short rows.",
                ) from None
            if "straddling" in str(error):
                raise LimitExceeded(
                    "row-too-long",
                    f"{self.path.name}, after row {done}: a row is longer than {LIMITS.record >> 20} MiB",
                    "Look for a quotation mark that is never closed, or shorten the cell.",
                ) from None
            raise MalformedInput(
                "malformed-table", f"{self.path.name}, after row {done}: this is not CSV", "Write the table again."
            ) from None
        except MemoryError:
            raise LimitExceeded(
                "table-too-large", f"{self.path.name}, after row {done}: out of memory", "Split the table."
            ) from None


def _scan(path: Path) -> _Scan:
    """Read all bytes once. Raises MalformedInput for NUL bytes (binary data, or UTF-16)."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    encoding, bad_line, line, quotes = "utf-8", None, 1, 0
    with path.open("rb") as file:
        if file.read(3) == codecs.BOM_UTF8:
            encoding = "utf-8-sig"
        file.seek(0)
        while chunk := file.read(CHUNK):
            nul = chunk.find(0)
            if nul >= 0:
                raise MalformedInput(
                    "nul-byte",
                    f"{path.name}, line {line + chunk.count(10, 0, nul)}: a NUL byte; this is not text in UTF-8",
                    "Save the table as UTF-8 (a table in UTF-16 holds such bytes).",
                )
            if bad_line is None:
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError as error:
                    bad_line = line + chunk.count(10, 0, max(0, error.start))
            line += chunk.count(10)
            quotes += chunk.count(34)
        if bad_line is None:
            try:
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                bad_line = line
    return _Scan("latin-1" if bad_line else encoding, bad_line, quotes % 2 == 1)


def _read_header(path: Path, encoding: str) -> tuple[str, list[str], int, bool]:
    """Return delimiter, header cells, blank lines before the header, and whether nothing follows it."""
    with path.open("rb") as file:
        head = file.read(HEADER_BYTES)
        whole = not file.read(1)
    text = head.decode(encoding, errors="ignore")
    body = text.lstrip("\r\n")
    lead = text[: len(text) - len(body)].replace("\r\n", "\n")
    if not body.strip():
        raise MalformedInput("empty-table", f"{path.name} holds no header", "Hand in a table with a header.")
    best: tuple[bool, bool, int, str, list[str]] | None = None
    for delimiter in DELIMITERS:
        rows = _sample(body, delimiter)
        if rows:
            even = all(len(row) == len(rows[0]) for row in rows)
            # Under a wrong delimiter, text often follows a closing quotation mark.
            clean = len(_sample(body, delimiter, strict=True)) == len(rows)
            candidate = (even and len(rows[0]) > 1, clean, len(rows[0]), delimiter, rows[0])
            best = candidate if best is None or candidate[:3] > best[:3] else best
    ends = whole and (body.count("\n") + body.count("\r") == 0)
    if best is None or not (ends or "\n" in body or "\r" in body):
        raise LimitExceeded(
            "header-too-long",
            f"{path.name}, line 1: the header is longer than {HEADER_BYTES >> 20} MiB or is no CSV",
            "Give the columns shorter names, and close all quotation marks.",
        )
    return best[3], best[4], len(lead), ends


def _sample(text: str, delimiter: str, *, strict: bool = False) -> list[list[str]]:
    """Return the first records under one delimiter; none where the text can't be cut with it."""
    rows: list[list[str]] = []
    previous = csv.field_size_limit(LIMITS.record)
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict):
            if row:
                rows.append(row)
            if len(rows) > SAMPLE_ROWS:
                break
    except csv.Error:
        return rows
    finally:
        csv.field_size_limit(previous)
    # The sample may end inside a row, so the last one doesn't count.
    return rows[:-1] if len(rows) > SAMPLE_ROWS else rows
