"""The command `glassbert`: verbs, and how every failure reaches a person."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

import typer

from glassbert.cli import (
    check,
    compare,
    demo,
    evaluate,
    fill_mask,
    finetune,
    look,
    predict,
    pretrain,
    report,
    tokenizer,
    tune,
)
from glassbert.cli.failures import open_streams, reported
from glassbert.cli.remedies import fit, options_of
from glassbert.errors import GlassbertError, Problem, UsageError

# options that are flags and can also be given a value, which typer has no way to say
SPELLED = {"--resume=auto": "--resume-auto"}

app = typer.Typer(
    name="glassbert",
    help="Train a BERT-family encoder, look inside it, trust what you see, ship it. Works offline.",
    no_args_is_help=True,
    rich_markup_mode=None,  # boxes leave an option twenty columns, and drawing them takes 0.2 s to load
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo", short_help="Two minutes, offline: a fine-tuned model and its report.")(demo.demo)
app.command("check", short_help="What is in a file, and whether to train on it.")(check.check)
app.command("finetune", short_help="Learn from labelled texts; measured and explained.")(finetune.finetune)
app.command("pretrain", short_help="An encoder from plain text, or one that goes on.")(pretrain.pretrain)
app.command("tune", short_help="Search settings; claims only what is proved.")(tune.tune)
app.command("evaluate", short_help="Score a model on labelled rows, with intervals.")(evaluate.evaluate)
app.command("compare", short_help="What changed from one run to another.")(compare.compare)
app.command("predict", short_help="The label of a text, or of every row of a file.")(predict.predict)
app.command("fill-mask", short_help="Words for the masks of a text.")(fill_mask.fill_mask)
app.command("report", short_help="Draw the report of a run as one HTML file.")(report.report)
app.add_typer(look.app)
app.add_typer(tokenizer.app)


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of a failure.")] = False,
) -> None:
    if version:
        from glassbert import __version__  # the package's only look at itself

        typer.echo(f"glassbert {__version__}")
        raise typer.Exit


def run(arguments: list[str]) -> None:
    """Run a verb, and let everything but its end reach the caller.

    typer's own way to run one turns Ctrl-C into an ordinary return and a closed pipe into exit code 1.
    """
    command = typer.main.get_command(app)
    try:
        with suppress(typer.Exit), command.make_context("glassbert", arguments) as context:
            command.invoke(context)
    except GlassbertError as error:
        fit(error, options_of(command, arguments))
        raise


def refuse_undecodable(words: Sequence[str]) -> None:
    """Raise UsageError for a word that is no text in the locale's encoding: run.json could not name it."""
    for word in words:
        if any("\ud800" <= each <= "\udfff" for each in word):
            fix = "rename the file, or choose a UTF-8 locale: export LC_ALL=C.UTF-8"
            raise UsageError(Problem(code="not-text", what=f"{word} cannot be read as text", fix=fix))


def main() -> None:
    """Entry point: exit codes of failures.md, one line per problem, no traceback without --debug."""
    open_streams()
    words = sys.argv[1:]
    # anywhere on the line, because it is added to a command that has just failed
    own = words[: words.index("--")] if "--" in words else words
    arguments = [SPELLED.get(word, word) for word in own if word != "--debug"] + words[len(own) :]
    with reported(debug="--debug" in own):
        refuse_undecodable(words)
        run(arguments)


if __name__ == "__main__":
    main()
