"""A CSV file in which single cells are replaced and every other byte stays: what a spreadsheet program never does."""

from __future__ import annotations

from dataclasses import dataclass

DELIMITERS = (",", ";", "\t")
"""What may stand between two cells; the first is tried first."""


class GradebookError(ValueError):
    """The file is no worksheet or gradebook that can be filled in; the message is one sentence."""


@dataclass(frozen=True)
class _Span:
    """Where a cell's raw text stands, its quotes included."""

    start: int
    end: int


class Sheet:
    """The cells of a CSV file by row and column, both from 0.

    Quotes, line ends, encoding and a byte order mark may be any that occur in exports: UTF-8, UTF-16 with a mark, or
    Windows-1252. `bytes(sheet)` is the file again, with the cells that were `put`; without any it is the very file.
    Raises GradebookError for a file that has no header.
    """

    def __init__(self, data: bytes, delimiter: str) -> None:
        self.delimiter = delimiter
        self._text, self._encoding = _decoded(data)
        self._rows = _spans(self._text, delimiter)
        self._put: dict[_Span, str] = {}
        if not self._rows:
            raise GradebookError("The file is empty.")

    @property
    def header(self) -> list[str]:
        """The cells of the first row."""
        return self.row(0)

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, number: int) -> list[str]:
        """The cells of a row as they read, without quotes and blanks around them."""
        return [_value(self._text[span.start : span.end]).strip() for span in self._rows[number]]

    def cell(self, row: int, column: int) -> str:
        """A cell as it reads; empty if the row is too short to have it."""
        cells = self.row(row)
        return cells[column] if column < len(cells) else ""

    def put(self, row: int, column: int, value: str) -> None:
        """Write `value` into a cell, quoted if the cell was or if it has to be. The row must have that cell."""
        span = self._rows[row][column]
        raw = self._text[span.start : span.end]
        quoted = raw.startswith('"') or any(mark in value for mark in (self.delimiter, '"', "\n", "\r"))
        self._put[span] = '"' + value.replace('"', '""') + '"' if quoted else value

    def __bytes__(self) -> bytes:
        parts, done = [], 0
        for span in sorted(self._put, key=lambda one: (one.start, one.end)):
            parts += [self._text[done : span.start], self._put[span]]
            done = span.end
        return "".join([*parts, self._text[done:]]).encode(self._encoding)


def _decoded(data: bytes) -> tuple[str, str]:
    """The text, byte order mark included, and the encoding that gives the same bytes back."""
    wide = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
    for encoding in (*([wide[data[:2]]] if data[:2] in wide else []), "utf-8", "cp1252", "latin-1"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if text.encode(encoding) == data:
            return text, encoding
    raise AssertionError("latin-1 reads everything")


def _spans(text: str, delimiter: str) -> list[list[_Span]]:
    rows: list[list[_Span]] = []
    place = 1 if text.startswith("\ufeff") else 0
    while place < len(text):
        row: list[_Span] = []
        while True:
            end = _cell_end(text, place, delimiter)
            row.append(_Span(place, end))
            place = end + 1
            if end >= len(text) or text[end] != delimiter:
                break
        if text[end : end + 2] == "\r\n":
            place += 1
        rows.append(row)
    return rows


def _cell_end(text: str, start: int, delimiter: str) -> int:
    place = start
    if text[start : start + 1] == '"':
        place += 1
        while place < len(text):
            if text[place] == '"':
                place += 1
                if text[place : place + 1] != '"':
                    break
            place += 1
    while place < len(text) and text[place] not in (delimiter, "\r", "\n"):
        place += 1
    return place


def _value(raw: str) -> str:
    if not raw.startswith('"'):
        return raw
    inner = raw[1:]
    closing = inner.rfind('"')
    return (inner[:closing] + inner[closing + 1 :] if closing >= 0 else inner).replace('""', '"')


def entries(data: bytes, needed: tuple[str, ...]) -> list[tuple[int, dict[str, str]]]:
    """The rows of a CSV file with a heading: each one's number in a spreadsheet, and its cells by heading.

    The heading is row 1, in small letters here. Empty rows are left out.

    Raises GradebookError if the headings in `needed` are not all there.
    """
    missing = list(needed)
    for delimiter in DELIMITERS:
        sheet = Sheet(data, delimiter)
        heads = [head.casefold() for head in sheet.header]
        lacking = [head for head in needed if head not in heads]
        missing = min(missing, lacking, key=len)
        if not lacking:
            found = (
                (row + 1, {head: sheet.cell(row, place) for place, head in enumerate(heads)})
                for row in range(1, len(sheet))
            )
            return [(row, cells) for row, cells in found if any(cells.values())]
    raise GradebookError(f"The file lacks the column {missing[0]}; it needs {', '.join(needed)}.")


def number(text: str) -> float | None:
    """The number that a cell spells, with a decimal point or comma; None if it spells none."""
    plain = text.strip().replace(",", ".")
    try:
        value = float(plain)
    except ValueError:
        return None
    return value if value - value == 0 and "_" not in plain else None
