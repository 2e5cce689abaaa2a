"""RoBERTa's way (bytes, full sentences, no pairs) and DistilBERT's (a teacher), from text to model."""

from pathlib import Path

import pytest
import torch
import transformers

import glassbert as gb
from glassbert.errors import UsageError
from glassbert.text.tokenizer_training import TrainingOptions
from glassbert.train.log import read_metrics
from tests.runs.material import read_json
from tests.runs.pretraining.material import options, run

BYTES = TrainingOptions(kind="bpe", vocab_size=290)


def test_a_tokenizer_of_bytes_makes_a_roberta(text: Path, tmp_path: Path) -> None:
    run(options(text, tmp_path / "run", objective="mlm", vocabulary=BYTES, steps=2))
    model = transformers.AutoModelForMaskedLM.from_pretrained(tmp_path / "run" / "model").eval()
    assert type(model).__name__ == "RobertaForMaskedLM"
    ours = gb.load(tmp_path / "run")
    assert ours.network.config.max_length == 24
    windows = ours.tokenizer.windows(["the <mask> film"], max_length=20, special_in_text=True)
    with torch.no_grad():
        theirs = model(torch.from_numpy(windows.input_ids)[None]).logits[0]
    place = int((windows.input_ids == ours.tokenizer.mask_token_id).argmax())
    best = gb.fill_mask(ours, "the <mask> film", top_k=1)[0]
    assert best["token"] == int(theirs[place].argmax())
    assert best["score"] == pytest.approx(float(theirs[place].softmax(0).max()), abs=1e-5)
    with pytest.raises(UsageError, match="add --objective mlm"):
        run(options(text, tmp_path / "other", vocabulary=BYTES))


def test_a_student_learns_from_its_teacher(text: Path, pretrained: Path, tmp_path: Path) -> None:
    wanted = options(text, tmp_path / "run", model=None, teacher=str(pretrained), size=None, vocabulary=None)
    document = run(wanted).document
    assert document["model"]["num_hidden_layers"] == 1
    assert document["config"]["objective"]["value"] == "mlm"
    rows = [row for row in read_metrics(tmp_path / "run" / "metrics.jsonl") if "loss" in row]
    for row in rows:
        parts = 5 * row["soft_loss"] + 2 * row["mlm_loss"] + row["cosine_loss"]
        assert row["loss"] == pytest.approx(parts, rel=1e-4)
    tokenizers = [
        read_json(place / "run.json")["data"]["tokenizer"] for place in (pretrained, tmp_path / "run")
    ]
    assert tokenizers[0]["sha256"] == tokenizers[1]["sha256"]
    with pytest.raises(UsageError, match="contradiction"):
        run(options(text, tmp_path / "no", teacher=str(pretrained), vocabulary=None))
    with pytest.raises(UsageError, match="no next-sentence prediction"):
        run(
            options(
                text,
                tmp_path / "no",
                teacher=str(pretrained),
                vocabulary=None,
                size=None,
                objective="mlm+nsp",
            )
        )
