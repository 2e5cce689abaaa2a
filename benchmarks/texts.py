"""Public plain text as files that `glassbert pretrain` reads: what is learnt, and what is held out.

The files of ../shared/data as they were published have their documents marked in other ways than by a blank
line.

    python benchmarks/texts.py wiki_en --out wiki [--data ../shared/data]
"""

from __future__ import annotations

import argparse
import gzip
import re
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

HELD_EVERY, MOST_HELD = 40, 250
"""Of Wikipedia's articles, every so manieth is held out, so many at most."""
Parts = tuple[Path, Path]


def wikitext2(data: Path, place: Path) -> Parts:
    """WikiText-2's training articles, and its official validation ones."""
    with zipfile.ZipFile(data / "wikitext/wikitext-2-v1.longluv1605.zip") as archive:
        learnt = archive.read("wikitext-2/wiki.train.tokens").decode("utf-8")
    held = gzip.decompress((data / "wikitext/wikitext-2.valid.txt.gz").read_bytes()).decode("utf-8")
    return written(place, titled(learnt), titled(held))


def titled(text: str) -> list[str]:
    """The articles of WikiText: each begins with a line "= Title ="."""
    articles: list[list[str]] = [[]]
    for line in text.split("\n"):
        if re.match(r"^ = [^=].* = $", line):
            articles.append([])
        if line.strip():
            articles[-1].append(line.strip())
    return ["\n".join(lines) for lines in articles if lines]


def wiki_en(data: Path, place: Path) -> Parts:
    """Articles of the English Wikipedia, of which a fortieth and at most 250 are held out."""
    text = gzip.decompress((data / "wiki_en/wikitasks_AA_min500.txt.gz").read_bytes()).decode("utf-8")
    found = re.findall(r"<doc [^>]*>\n(.*?)</doc>", text, re.S)
    articles = ["\n".join(line for line in each.split("\n") if line.strip()) for each in found]
    learnt = [each for number, each in enumerate(articles) if number % HELD_EVERY]
    return written(place, learnt, articles[::HELD_EVERY][:MOST_HELD])


def written(place: Path, learnt: Iterable[str], held: Iterable[str]) -> Parts:
    place.mkdir(parents=True, exist_ok=True)
    paths = place / "train.txt", place / "held_out.txt"
    for path, articles in zip(paths, (learnt, held), strict=True):
        path.write_text("\n\n".join(articles) + "\n", encoding="utf-8")
    return paths


TEXTS: dict[str, Callable[[Path, Path], Parts]] = {"wikitext-2": wikitext2, "wiki_en": wiki_en}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("name", choices=list(TEXTS))
    parser.add_argument("--out", type=Path, required=True, help="the folder of train.txt and held_out.txt")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    options = parser.parse_args()
    TEXTS[options.name](options.data, options.out)


if __name__ == "__main__":
    main()
