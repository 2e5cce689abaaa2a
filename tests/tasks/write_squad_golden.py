"""Writes squad_golden.json with transformers 4.57, the last one with SQuAD's scores and its pipeline:

PYTHONPATH=<folder with transformers 4.57>:src python -m tests.tasks.write_squad_golden
"""

from __future__ import annotations

import json
import random
import tempfile
from pathlib import Path
from types import SimpleNamespace

from tests.tasks.test_answering import GOLDEN, QUESTIONS, make_answerer

WORDS = "the The a an film Film film, (film) it's its 1,000 1000 — café CAFÉ and An, a.b the-end x".split(" ")


def main() -> None:
    import transformers
    from transformers.data.metrics.squad_metrics import get_raw_scores

    assert transformers.__version__.startswith("4.57"), transformers.__version__
    draw = random.Random(0)
    pairs = [
        ([" ".join(draw.choices(WORDS, k=draw.randrange(4))) for _ in range(draw.randrange(3))], said)
        for said in (" ".join(draw.choices(WORDS, k=draw.randrange(5))) for _ in range(300))
    ]
    rows = [
        SimpleNamespace(qas_id=i, answers=[{"text": text} for text in gold])
        for i, (gold, _) in enumerate(pairs)
    ]
    exact, f1 = get_raw_scores(rows, {i: said for i, (_, said) in enumerate(pairs)})
    scores = [[gold, said, exact[i], f1[i]] for i, (gold, said) in enumerate(pairs)]
    with tempfile.TemporaryDirectory() as directory:
        make_answerer(Path(directory))
        ask = transformers.pipeline("question-answering", model=directory, tokenizer=directory)
        found = {
            str(impossible): [
                ask(
                    question=question,
                    context=context,
                    align_to_words=False,
                    max_answer_len=3,
                    handle_impossible_answer=impossible,
                )
                for question, context in QUESTIONS
            ]
            for impossible in (False, True)
        }
    GOLDEN.write_text(json.dumps({"scores": scores, "pipeline": found}, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
