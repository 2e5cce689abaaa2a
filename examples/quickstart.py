"""From labelled texts to a saved classifier, and the same answer from transformers.

    python examples/quickstart.py [reviews.csv] [--model minilm] [--seconds 60] [--out quickstart-model]

Without a file it uses the reviews that come with glassbert. Needs two columns, text and label. The last part
needs transformers and is left out where that is not installed.
"""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import classification_report
from sklearn.model_selection import train_test_split

import glassbert as gb
from glassbert.runs.demo_data import demo_file


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", type=Path, default=demo_file())
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--seconds", type=float, default=60.0, help="time for fitting")
    parser.add_argument("--out", type=Path, default=Path("quickstart-model"))
    options = parser.parse_args()

    # keep_default_na=False: to pandas the texts "NA" and "null" would otherwise be missing values
    table = pd.read_csv(options.data, dtype=str, keep_default_na=False)
    train, test = train_test_split(table, test_size=0.2, random_state=0, stratify=table["label"])

    classifier = gb.TextClassifier(model=options.model, budget=options.seconds)
    classifier.fit(train["text"], train["label"])
    print(classification_report(test["label"], classifier.predict(test["text"]), zero_division=0))

    classifier.save(options.out)
    print(f"saved in {options.out}")
    if importlib.util.find_spec("transformers"):
        compare(options.out, test["text"].tolist()[:8])


def compare(directory: Path, texts: list[str]) -> None:
    """The largest difference between our logits and those of transformers for the saved model."""
    import torch
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(directory).eval()
    with torch.no_grad():
        theirs = model(**tokenizer(texts, padding=True, truncation=True, return_tensors="pt")).logits.numpy()
    difference = np.abs(theirs - gb.load(directory).logits(texts)).max()
    print(f"largest difference from transformers: {difference:.1e}")


if __name__ == "__main__":
    main()
