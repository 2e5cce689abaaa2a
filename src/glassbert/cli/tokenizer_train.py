"""`glassbert tokenizer train`: a WordPiece or byte-level BPE vocabulary from files of plain text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from glassbert.cli import arguments as words
from glassbert.cli.console import emit, emit_json, say


def train(
    texts: Annotated[list[str], typer.Argument(help="Files, folders or patterns: .txt, .jsonl, .parquet.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Directory of the tokenizer.")],
    kind: Annotated[str, typer.Option(help="wordpiece (BERT) or bpe (RoBERTa).")] = "wordpiece",
    vocab_size: Annotated[int, typer.Option(min=1, help="Pieces, special ones included.")] = 30_000,
    lowercase: Annotated[bool, typer.Option("--lowercase", help="Lower-case, drop accents.")] = False,
    language_temperature: Annotated[
        float, typer.Option(help="Every TEXT is a language: 1 keeps shares, more evens them.")
    ] = 1.0,
    character_coverage: Annotated[
        float, typer.Option(help="WordPiece: share of the text that can be spelled.")
    ] = 0.9999,
    max_characters: Annotated[
        int, typer.Option(min=1, help="Learn from about so many, evenly spread.")
    ] = 200_000_000,
    encoding: Annotated[str, typer.Option(help="Encoding of the .txt files.")] = "utf-8",
    text_column: Annotated[str, typer.Option(help="Key or column of the text.")] = "text",
    max_line_bytes: Annotated[int, typer.Option(min=1, help="Longest line that is read.")] = 64 << 20,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the tokenizer at --out.")] = False,
    *,
    as_json: words.Json = False,
) -> None:
    """Learn a tokenizer from text and write it for every common reader."""
    from glassbert.text.bytes_read import Spoken
    from glassbert.text.documents import TextOptions  # the tokenizers library loads here, not for --help
    from glassbert.text.tokenizer_training import (
        TrainingOptions,
        refuse_taken,
        save_tokenizer,
        train_tokenizer,
    )

    refuse_taken(out, overwrite=overwrite)
    given: Any = {"kind": kind, "vocab_size": vocab_size, "lowercase": lowercase}
    options = TrainingOptions(
        **given,
        temperature=language_temperature,
        coverage=character_coverage,
        max_characters=max_characters,
        reading=TextOptions(encoding=encoding, text_column=text_column, max_line_bytes=max_line_bytes),
    )
    trained = train_tokenizer(texts, options, on_read=Spoken("read", say))
    save_tokenizer(trained.tokenizer, out, overwrite=overwrite)
    for note in notes(trained, vocab_size):
        say(f"note: {note}")
    if as_json:
        emit_json(summary(trained, out, kind))
    else:
        emit(table(trained, out))


def notes(trained: Any, vocab_size: int) -> list[str]:
    """What somebody might not expect."""
    size = trained.tokenizer.vocab_size
    found = [
        f"{each.name}: {each.other_files:,} files with other names were not read"
        for each in trained.languages
        if each.other_files
    ]
    if size < vocab_size:
        found.append(f"{size:,} pieces of {vocab_size:,}: nothing else occurs twice in the text")
    return found


def summary(trained: Any, out: Path, kind: str) -> dict[str, Any]:
    """What --json prints."""
    return {
        "tokenizer": str(out),
        "kind": kind,
        "vocab_size": trained.tokenizer.vocab_size,
        "alphabet_size": trained.alphabet_size,
        "lowercase": trained.tokenizer.lowercase,
        "languages": [
            {
                "name": each.name,
                "files": each.files,
                "characters": each.num_characters,
                "lines": each.num_lines,
                "rate": each.rate,
            }
            for each in trained.languages
        ],
    }


def table(trained: Any, out: Path) -> str:
    """Where it is and what it was learnt from."""
    lines = [f"{out}  {trained.tokenizer.vocab_size:,} pieces, {trained.alphabet_size:,} of one character"]
    for each in trained.languages:
        read = "" if each.rate == 1 else f", each read {each.rate:.3g} times"
        lines.append(f"  {each.name}  {each.num_characters:,} characters in {each.num_lines:,} lines{read}")
    return "".join(f"{line}\n" for line in lines)
