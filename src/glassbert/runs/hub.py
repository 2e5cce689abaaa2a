"""A model from the hub: only files that are data, and only if they are what the hub says they are."""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

from glassbert.errors import DataError, MissingInputError, Problem

# nothing that could be executed or unpickled, and none of the other formats that a repository may offer
HUB_FILES = (
    "config.json", "glassbert.json", "adapter_config.json", "adapter_model.safetensors",
    "model.safetensors", "model.safetensors.index.json", "model-*-of-*.safetensors",
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
    "vocab.txt", "vocab.json", "merges.txt",
)  # fmt: skip
SHA1, SHA256 = re.compile(r"[0-9a-f]{40}"), re.compile(r"[0-9a-f]{64}")


def download(name: str) -> Path:
    """The directory of a hub model in the hub's own cache, fetched as far as it is not there.

    `HF_ENDPOINT`, `HF_HOME` and `HF_HUB_OFFLINE` are honoured. Errors: MissingInputError when the hub cannot
    be reached or has no such model, DataError when a file in the cache is not what the hub listed.
    """
    try:
        with _one_voice():
            directory = Path(snapshot_download(name, allow_patterns=list(HUB_FILES)))
    except LocalEntryNotFoundError as error:
        what = "it is no directory here, and the hub cannot be reached (or HF_HUB_OFFLINE is set)"
        raise _missing("no-such-model", what, name) from error
    except HfHubHTTPError as error:
        what = f"it is no directory here, and the hub answers: {_first_line(error)}"
        raise _missing("no-such-model", what, name) from error
    except Exception as error:  # the errors of its HTTP library, which changes with the hub's versions
        raise _missing("download-failed", f"the download failed: {_first_line(error)}", name) from error
    verify(directory)
    if not any(directory.glob("*.safetensors")):
        what = "the hub has no model.safetensors for it, and pickled weights are never fetched"
        fix = "choose a model with safetensors, or convert it in a sandbox with transformers"
        raise MissingInputError(Problem(code="no-weights", what=what, fix=fix, file=name))
    return directory


@contextmanager
def _one_voice() -> Iterator[None]:
    """Within the block the hub's client logs nothing of its retries, which would bury the one line that says
    what failed; who sets `HF_HUB_VERBOSITY` hears all of it.
    """
    logger = logging.getLogger("huggingface_hub")
    level = logger.level
    if "HF_HUB_VERBOSITY" not in os.environ:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def verify(directory: Path) -> None:
    """Raise DataError for a file whose content is not what its name in the cache says.

    The cache keeps each file under its hash: SHA-256 for large files, git's SHA-1 for small ones. The hub's
    client compares sizes only, and only while it downloads. Costs 2 ms per megabyte; where the platform has
    no links the cache holds plain files, and there is nothing to compare with.
    """
    for path in sorted(directory.iterdir()):
        if not path.is_symlink():
            continue
        expected = Path(os.readlink(path)).name
        if _digest(path, expected) not in (expected, None):
            what = f"the cached {path.name} is not what the hub listed: its hash differs"
            fix = "delete that file and run again"
            raise DataError(
                Problem(
                    code="damaged-download", what=what, fix=fix, file=str(path.parent / os.readlink(path))
                )
            )


def _digest(path: Path, expected: str) -> str | None:
    """The hash of the file, of the kind that the expected one is; None where that is no kind we know."""
    if SHA256.fullmatch(expected):
        digest = hashlib.sha256()
    elif SHA1.fullmatch(expected):
        digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    else:
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: digest).hexdigest()


def _missing(code: str, what: str, name: str) -> MissingInputError:
    fix = "check the name and the network; a run, a model directory or a bundled model needs none"
    return MissingInputError(Problem(code=code, what=what, fix=fix, file=name))


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
