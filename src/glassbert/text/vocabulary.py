"""vocab.txt, one piece a line, and what must hold of any vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice, zip_longest
from pathlib import Path

from glassbert.errors import SHOWN_PROBLEMS, DataError, Problem
from glassbert.storage import MEBIBYTE, read_file

MAX_BYTES = 64 * MEBIBYTE
# fewer than the special tokens and ten words; protein models do with 30
MIN_PIECES = 16
# of cased vocabularies 16 to 29 % of the pieces have a capital letter, of uncased ones none or a stray two
CASED_SHARE = 0.01
MIN_LETTERED = 20
SAMPLED_PIECES = 1000


def read_vocabulary(path: Path) -> dict[str, int]:
    """Piece -> id of a vocab.txt: the id is the line's number from 0.

    Lines end at U+000A and nowhere else, for U+2028, U+0085 and even U+000D may be pieces; the last line may
    lack its end. Errors: DataError for an empty line (ids would shift), a duplicate, text that is not UTF-8,
    another kind of file under this name, fewer than `MIN_PIECES`.
    """
    data = read_file(path, max_bytes=MAX_BYTES)
    if b"\0" in data[:MIN_PIECES]:
        what = "this is a binary file" + (", by its look a safetensors file" if data[8:9] == b"{" else "")
        raise _error(path, "not-a-vocabulary", what, "name a text file, one piece a line")
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = f"byte {error.start} is not UTF-8"
        raise _error(path, "not-utf-8", what, "convert the file to UTF-8", line) from error
    if lines[-1] == "":
        lines.pop()
    _check_lines(lines, path)
    check_size(len(lines), path)
    return {piece: number for number, piece in enumerate(lines)}


def _check_lines(lines: Sequence[str], path: Path) -> None:
    first: dict[str, int] = {}
    problems = []
    for number, piece in enumerate(lines, 1):
        if piece == "":
            what, fix = "an empty line would shift every id after it", "remove it, or put its piece back"
            problems.append(Problem(code="empty-line", what=what, fix=fix, file=str(path), line=number))
        elif piece in first:
            what = f"{piece[:100]!r} is already on line {first[piece]}"
            fix = "make the pieces distinct, as they were when the model was trained"
            problems.append(Problem(code="duplicate-piece", what=what, fix=fix, file=str(path), line=number))
        else:
            first[piece] = number
    if problems:
        raise DataError(*problems[:SHOWN_PROBLEMS], total=len(problems))


def check_size(num_pieces: int, path: Path) -> None:
    if num_pieces < MIN_PIECES:
        what = f"{num_pieces} pieces; a vocabulary has at least {MIN_PIECES}"
        raise _error(path, "vocabulary-too-small", what, "train it on more text")


def check_ids(vocabulary: Mapping[str, int], path: Path) -> list[str]:
    """The pieces by id; DataError unless the ids are 0 ... n - 1, each once."""
    pieces: list[str | None] = [None] * len(vocabulary)
    for piece, number in vocabulary.items():
        if number >= len(pieces):
            what = (
                f"{piece[:100]!r} has id {number}, but there are only {len(pieces)} pieces: ids are missing"
            )
            raise _error(path, "ids-not-consecutive", what, "number the pieces from 0 without a gap")
        if (other := pieces[number]) is not None:
            what = f"{other[:100]!r} and {piece[:100]!r} have the same id {number}"
            raise _error(path, "duplicate-id", what, "number the pieces from 0 without a gap")
        pieces[number] = piece
    return [piece for piece in pieces if piece is not None]


def check_agreement(pieces: Sequence[str], others: Sequence[str], *, path: Path, other: str) -> None:
    """DataError with the first id whose piece differs from the other file's.

    White space at the end of a piece does not count: transformers 5 loses it when it converts a vocab.txt.
    """
    for number, (ours, theirs) in enumerate(zip_longest(pieces, others)):
        if ours is None or theirs is None or ours.rstrip() != theirs.rstrip():
            what = f"id {number} is {_shown(ours)} here and {_shown(theirs)} in {other}"
            fix = "delete the file that does not belong to the model"
            raise _error(path, "vocabularies-disagree", what, fix)


def check_special(wanted: Iterable[str], known: Mapping[str, int], *, path: Path) -> None:
    """DataError naming all the special tokens that the vocabulary lacks."""
    missing = [token for token in dict.fromkeys(wanted) if token not in known]
    if not missing:
        return
    fix = "add them, or name the model's own special tokens in tokenizer_config.json"
    if f"{missing[0]}\r" in known:
        fix = "write the file with \\n line ends: it has \\r\\n, and \\r counts as part of a piece"
    raise _error(path, "missing-special-tokens", f"the vocabulary lacks {', '.join(missing)}", fix)


def case_mismatch(pieces: Sequence[str], *, lowercase: bool) -> tuple[str, list[str]] | None:
    """Why a WordPiece vocabulary does not go with `do_lower_case`, and words that show it; or None."""
    words = [piece for piece in pieces if piece.isalpha()]
    cased = [word for word in words if word != word.lower()]
    if lowercase and len(cased) > CASED_SHARE * len(pieces):
        what = f"do_lower_case is true, but {len(cased):,} of {len(pieces):,} pieces have capital letters"
        return f"{what}, which no text can reach", cased[:SAMPLED_PIECES]
    lettered = (word for word in words if len(word) > 1 and word != word.capitalize())
    sample = [word.capitalize() for word in islice(lettered, SAMPLED_PIECES)]
    if not lowercase and len(cased) < CASED_SHARE * len(pieces) and len(sample) >= MIN_LETTERED:
        what = f"do_lower_case is false, but {len(cased) or 'none'} of {len(pieces):,} pieces"
        return f"{what} has a capital letter", sample
    return None


def _shown(piece: str | None) -> str:
    return "absent" if piece is None else repr(piece[:100])


def _error(path: Path, code: str, what: str, fix: str, line: int | None = None) -> DataError:
    return DataError(Problem(code=code, what=what, fix=fix, file=str(path), line=line))
