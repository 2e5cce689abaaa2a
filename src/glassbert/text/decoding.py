"""Bytes to text: one named encoding, no replacement characters, no byte-order mark, line ends as `\\n`."""

from __future__ import annotations

import codecs

from glassbert.errors import DataError, Problem, UsageError

# The UTF-32 mark begins with the UTF-16 one, so it is tried first.
FOREIGN_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
SIGNATURES = (
    (b"\x1f\x8b", "gzip data", "give the file a name that ends in .gz"),
    (b"\xfd7zXZ\x00", "xz data", "give the file a name that ends in .xz"),
    (b"PAR1", "a Parquet file", "give the file a name that ends in .parquet"),
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook", "export or extract it as CSV first"),
    (b"version https://git-lfs", "a Git LFS pointer, not the data itself", "run `git lfs pull`"),
)
ALMOST_ONLY_CHINESE = 0.2


def decode(data: bytes | bytearray, *, name: str, encoding: str = "utf-8") -> str:
    """The text of a file; every line end (CR LF, bare CR) becomes `\\n`, a leading byte-order mark goes.

    Errors: UsageError (2) for an unknown encoding; DataError (65), with line and byte, for bytes not of the
    encoding, for NUL characters, and for content that is no text at all.
    """
    codec = codec_of(encoding)
    refuse_foreign(data, codec, name=name)
    try:
        text = data.decode(codec)
    except UnicodeDecodeError as error:
        raise DataError(_undecodable(data, error, name=name, encoding=encoding)) from error
    text = text.removeprefix("\ufeff")
    if "\0" in text:
        raise DataError(_nul(data, text, name=name))
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def codec_of(encoding: str) -> str:
    """Python's name of a text encoding; UsageError (2) for one that it does not know."""
    try:
        name = codecs.lookup(encoding).name
        b"a".decode(name)  # LookupError for codecs that are no text encodings, such as base64
    except UnicodeDecodeError:  # one byte is half a character of UTF-16
        pass
    except (LookupError, ValueError) as error:
        problem = Problem(
            code="unknown-encoding",
            what=f"Python knows no text encoding named '{encoding}'",
            fix="use a name such as utf-8, utf-16, latin-1 or gb18030 with --encoding",
        )
        raise UsageError(problem) from error
    return name


def refuse_foreign(data: bytes | bytearray, codec: str, *, name: str) -> None:
    """Raise DataError where the first bytes say that this is no text, or not text of this encoding."""
    for signature, what, fix in SIGNATURES:
        if data.startswith(signature):
            raise DataError(Problem(code="not-text", what=f"this is {what}", fix=fix, file=name))
    if not codec.startswith("utf-8"):
        return
    for mark, encoding in FOREIGN_MARKS:
        if data.startswith(mark):
            what = f"the byte-order mark says {encoding.upper()}, but the file is read as UTF-8"
            raise DataError(
                Problem(code="wrong-encoding", what=what, fix=f"use --encoding {encoding}", file=name, line=1)
            )


def _undecodable(data: bytes | bytearray, error: UnicodeDecodeError, *, name: str, encoding: str) -> Problem:
    line, column = _place(data, error.start)
    byte = f"0x{data[error.start]:02X}"
    return Problem(
        code="undecodable-byte",
        what=f"byte {column} of this line is {byte}, which is not valid {encoding.upper()} here",
        fix=other_encoding(data),
        file=name,
        line=line,
        column=column,
    )


def _place(data: bytes | bytearray, position: int) -> tuple[int, int]:
    before = bytes(data[:position])
    if b"\n" not in data:
        before = before.replace(b"\r", b"\n")
    return before.count(b"\n") + 1, position - before.rfind(b"\n")


def other_encoding(data: bytes | bytearray) -> str:
    """What to try where bytes are not UTF-8.

    Latin-1 accepts every byte; Chinese text in GB 18030 betrays itself by being mostly high bytes.
    """
    sample = bytes(data[: 1 << 20])
    if sum(byte >= 0x80 for byte in sample) > ALMOST_ONLY_CHINESE * len(sample):
        try:
            sample.decode("gb18030")
        except UnicodeDecodeError as error:
            decodable = error.start > len(sample) - 4  # a character cut by the end of the sample
        else:
            decodable = True
        if decodable:
            return "if the text is Chinese, try --encoding gb18030; otherwise convert the file to UTF-8"
    return "if the text is Western European, try --encoding latin-1; otherwise convert the file to UTF-8"


def _nul(data: bytes | bytearray, text: str, *, name: str) -> Problem:
    position = text.index("\0")
    line, column = text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)
    start = data[:1000]
    if start.count(0) * 3 > len(start):
        what, fix = (
            "every other byte is NUL, as in UTF-16 without a byte-order mark",
            "try --encoding utf-16-le",
        )
    else:
        what, fix = f"character {column} of this line is NUL (U+0000)", "remove it; the file may be damaged"
    return Problem(code="nul-character", what=what, fix=fix, file=name, line=line, column=column)
