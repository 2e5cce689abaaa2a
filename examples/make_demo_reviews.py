"""Make src/glassbert/runs/demo/reviews.csv from the source distribution of vaderSentiment 3.3.2 (MIT).

    pip download --no-deps --no-binary :all: vaderSentiment==3.3.2
    python examples/make_demo_reviews.py vaderSentiment-3.3.2.tar.gz src/glassbert/runs/demo/reviews.csv

The archive holds 3,708 sentences of product reviews, each rated from -4 (most negative) to +4 by twenty
people (Hutto & Gilbert, ICWSM 2014; the sentences come from Hu & Liu, KDD 2004). The mean rating becomes a
label: "negative" at most -0.5, "positive" at least +0.5; the 723 sentences in between, on which people
hardly lean, are left out.
"""

import csv
import io
import sys
import tarfile

INNER = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
RATINGS = "hutto_ICWSM_2014/amazonReviewSnippets_GroundTruth.txt"
LEAST = 0.5


def member(archive: bytes, name: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        found = files.extractfile(name)
        assert found is not None, f"{name} is not in the archive"
        return found.read()


def rows(ratings: str) -> list[tuple[str, str]]:
    cells = [line.split("\t") for line in ratings.splitlines()]
    rated = [(float(rating), text.strip()) for _, rating, text in cells]
    return [
        (text, "positive" if rating > 0 else "negative") for rating, text in rated if abs(rating) >= LEAST
    ]


def main(source: str, target: str) -> None:
    with open(source, "rb") as file:
        ratings = member(member(file.read(), INNER), RATINGS).decode("utf-8")
    with open(target, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["text", "label"])
        writer.writerows(rows(ratings))


if __name__ == "__main__":
    main(*sys.argv[1:])
