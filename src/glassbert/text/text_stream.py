"""A text file as lines, a chunk at a time: what `decoding.decode` promises, in bounded memory."""

from __future__ import annotations

import codecs
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from glassbert.errors import DataError, Problem
from glassbert.text.decoding import codec_of, other_encoding, refuse_foreign
from glassbert.text.sources import MAX_LINE_BYTES, Limits, stream_source


def stream_lines(
    path: Path, *, encoding: str = "utf-8", max_line_bytes: int = MAX_LINE_BYTES, digest: Any = None
) -> Iterator[list[str]]:
    """The lines of a file, without their ends (LF, CR LF or CR), in runs of about a mebibyte.

    A byte-order mark goes; U+2028 and its like are no line ends. A last line without an end is a line, what
    follows the last end is none. `digest`: see `stream_source`. Errors: those of `stream_source`; UsageError
    for an unknown encoding; DataError with line and byte for what is no text of it.
    """
    decoder = _Decoder(str(path), encoding)
    limits = Limits(line_bytes=max_line_bytes, expanded_bytes=None)
    open_line: list[str] = []
    for chunk in stream_source(path, limits, digest=hashlib.sha256() if digest is None else digest):
        first, *others = decoder.feed(chunk).split("\n")
        open_line.append(first)
        if others:
            yield ["".join(open_line), *others[:-1]]
            open_line = [others[-1]]
    *lines, last = ("".join(open_line) + decoder.feed(b"", final=True)).split("\n")
    if lines or last:
        yield [*lines, *([last] if last else [])]


class _Decoder:
    """Bytes in, text out; an error says in which line of the file it is."""

    def __init__(self, name: str, encoding: str) -> None:
        self.name, self.encoding = name, encoding
        self.codec = codec_of(encoding)
        self._decoder = codecs.getincrementaldecoder(self.codec)()
        self._line_ends = io.IncrementalNewlineDecoder(None, translate=True)
        self._line, self._column, self._begun = 1, 0, False

    def feed(self, chunk: bytes, *, final: bool = False) -> str:
        """What the next bytes say; `final` with the last."""
        if not self._begun and chunk:
            refuse_foreign(chunk, self.codec, name=self.name)
        try:
            text = self._decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            raise DataError(self._undecodable(error, pending=len(error.object) - len(chunk))) from error
        if not self._begun and text:
            self._begun = True
            text = text.removeprefix("\ufeff")
        text = self._line_ends.decode(text, final)
        if (place := text.find("\0")) >= 0:
            raise DataError(self._nul(chunk, text, place))
        self._line += text.count("\n")
        last = chunk.rfind(b"\n")
        self._column = len(chunk) - 1 - last if last >= 0 else self._column + len(chunk)
        return text

    def _undecodable(self, error: UnicodeDecodeError, *, pending: int) -> Problem:
        before = bytes(error.object[: error.start])
        if b"\n" not in before:
            ends, column = before.count(b"\r"), self._column - pending + error.start + 1
            column = error.start - before.rfind(b"\r") if ends else column
        else:
            ends, column = before.count(b"\n"), error.start - before.rfind(b"\n")
        line = self._line + ends
        byte = f"0x{error.object[error.start]:02X}"
        what = f"byte {column} of this line is {byte}, which is not valid {self.encoding.upper()} here"
        fix = other_encoding(error.object)
        if b"\0" in error.object:
            what, fix = "this looks like a binary file: it has NUL bytes and is no text", "leave it out"
            return Problem(code="not-text", what=what, fix=fix, file=self.name)
        return Problem(code="undecodable-byte", what=what, fix=fix, file=self.name, line=line, column=column)

    def _nul(self, chunk: bytes, text: str, place: int) -> Problem:
        line = self._line + text.count("\n", 0, place)
        if chunk[:1000].count(0) * 3 > len(chunk[:1000]):
            what = "every other byte is NUL, as in UTF-16 without a byte-order mark, or in a binary file"
            fix = "try --encoding utf-16-le, or leave the file out"
        else:
            what, fix = "a character of this line is NUL (U+0000)", "remove it; the file may be damaged"
        return Problem(code="nul-character", what=what, fix=fix, file=self.name, line=line)
