"""question-answering: windows, targets and answers against plain loops, scores against transformers 4.57."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from glassbert.errors import DataError, UsageError
from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from glassbert.model.pretrained import save_pretrained
from glassbert.runs.inference import head_logits
from glassbert.runs.rows import read_rows
from glassbert.tasks.answering import QuestionAnswering
from glassbert.tasks.null_threshold import settle_threshold
from glassbert.tasks.remarks import remarks
from glassbert.tasks.span_baselines import overlap, span_rivals
from glassbert.tasks.span_decoding import best_pieces
from glassbert.tasks.span_metrics import character_f1, score_answers, scoring_for, units
from glassbert.tasks.span_places import places
from glassbert.tasks.span_verdict import compare_answers
from glassbert.tasks.task import Examples
from glassbert.text.options import ReadOptions
from glassbert.text.spans import Span
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.windows import join
from tests.contract.workbench import tiny_config, tiny_tokenizer

GOLDEN = Path(__file__).with_name("squad_golden.json")
SPAN = HeadConfig(kind="span")
QUESTIONS = [
    ("is it warm ?", "the film is not warm"),
    ("film", "A FINE, dull   Film!"),
    ("the", "好看 a cold film"),
    ("a b", "xyz is fine ."),
]
LONG = "the film is not warm , a dull fine cold film ! " * 9


def make_answerer(directory: Path) -> tuple[Network, Tokenizer]:
    """A tiny BERT that answers questions, at random but always the same; in Hugging Face's layout."""
    tokenizer = tiny_tokenizer(directory)
    tokenizer.save(directory)
    network = Network(tiny_config(tokenizer.vocab_size), SPAN, seed=11).eval()
    save_pretrained(network, directory)
    return network, tokenizer


def asked(*pairs: tuple[str, str], answers: list[tuple[Span, ...]] | None = None) -> Examples:
    targets = None if answers is None else np.fromiter(answers, dtype=object, count=len(answers))
    return Examples(texts=list(pairs), targets=targets, rows=np.arange(1, len(pairs) + 1))


@pytest.fixture(scope="module")
def golden() -> dict:
    return json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_scores_equal_those_of_transformers(golden: dict) -> None:
    truth, found, exact, f1 = zip(*golden["scores"], strict=True)
    ours = score_answers(truth, found, "words")
    np.testing.assert_allclose(ours[:, 0], exact)
    np.testing.assert_allclose(ours[:, 1], f1, atol=1e-12)
    assert 20 < sum(exact) < 280


@pytest.mark.parametrize("impossible", [False, True])
def test_answers_and_their_scores_equal_the_pipeline_of_transformers(
    golden: dict, tmp_path: Path, impossible: bool
) -> None:
    network, tokenizer = make_answerer(tmp_path)
    task = QuestionAnswering(max_answer_length=3)
    examples = asked(*QUESTIONS)
    windows = task.windows(examples, tokenizer, max_length=16)
    assert len(windows) == len(examples)
    found = task.decode(head_logits(network, windows), windows, examples)
    for listed, null, theirs in zip(
        task.listed(found), found.scores[:, 1], golden["pipeline"][str(impossible)], strict=True
    ):
        # with handle_impossible_answer the pipeline compares products of shares, not sums of logits
        if impossible and null > listed["score"]:
            listed = {"score": null, "start": 0, "end": 0, "answer": ""}
        assert listed["score"] == pytest.approx(theirs["score"], abs=1e-5)
        assert {**listed, "score": 0} == {**theirs, "score": 0}


def test_transformers_loads_the_directory_with_the_same_logits(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    network, tokenizer = make_answerer(tmp_path)
    theirs = transformers.AutoModelForQuestionAnswering.from_pretrained(tmp_path).eval()
    windows = tokenizer.windows([QUESTIONS[0]], max_length=16)
    ids, types = (
        torch.tensor(each[None].astype(np.int64)) for each in (windows.input_ids, windows.token_type_ids)
    )
    with torch.no_grad():
        found = theirs(input_ids=ids, token_type_ids=types)
    logits = torch.stack([found.start_logits[0], found.end_logits[0]], 1).numpy()
    np.testing.assert_allclose(head_logits(network, windows), logits, atol=1e-5)


@pytest.mark.parametrize("question", ["is it warm ?", LONG])
def test_best_pieces_equal_every_piece_tried(tmp_path: Path, question: str) -> None:
    tokenizer = tiny_tokenizer(tmp_path)
    pairs = [(question, LONG), ("a", "the film is warm"), ("a", ""), (question, LONG[7:200])]
    windows = tokenizer.windows(pairs, max_length=16, offsets=True)
    logits = np.random.default_rng(0).normal(size=(len(windows.input_ids), 2)).astype(np.float32)
    found = best_pieces(logits, windows, num_best=5, max_length=4)
    assert windows.offsets is not None
    for row in range(len(pairs)):
        tried, nulls = [], []
        for window in np.flatnonzero(windows.example == row):
            tokens = range(windows.starts[window], windows.starts[window + 1])
            nulls.append(float(logits[tokens[0]].astype(float).sum()))
            inner = [t for t in tokens if windows.sequence[t] == 1]
            start, end = (np.exp(logits[[tokens[0], *inner], k].astype(float)) for k in (0, 1))
            for first in inner:
                for last in range(first, min(first + 4, inner[-1] + 1)):
                    share = np.exp(float(logits[first, 0]) + float(logits[last, 1])) / start.sum() / end.sum()
                    score = float(logits[first, 0]) + float(logits[last, 1])
                    if windows.scored[first]:
                        tried.append((score, windows.offsets[first, 0], windows.offsets[last, 1], share))
        best = sorted(tried, reverse=True)[:5]
        mine = found.owner == row
        assert found.null[row] == pytest.approx(min(nulls))
        np.testing.assert_allclose(
            np.stack([found.score, found.start, found.end, found.share], 1)[mine],
            np.array(best).reshape(-1, 4),
            rtol=1e-6,
        )
    assert (found.owner == 2).sum() == 0


def test_places_of_answers_equal_a_search_in_every_window(tmp_path: Path) -> None:
    tokenizer = tiny_tokenizer(tmp_path)
    draw = np.random.default_rng(1)
    contexts = [LONG, LONG[11:], "the film is warm", "\u200b the \u200b film"]
    rows = []
    for number in range(160):
        text = contexts[number % 4]
        first = int(draw.integers(0, len(text)))
        rows.append((text, first, min(len(text), first + int(draw.integers(0, 16)))))
    answers = [Span(text[a:b], a) if b > a else None for text, a, b in rows]
    windows = tokenizer.windows([("is it", text) for text, _, _ in rows], max_length=16, offsets=True)
    chosen = draw.permutation(len(windows))[: len(windows) // 2]
    found = places(windows, chosen, answers)
    assert windows.offsets is not None
    whole = tokenizer.windows([("is it", text) for text, _, _ in rows], max_length=4000, offsets=True)
    assert whole.offsets is not None
    for place, window in enumerate(chosen):
        answer = answers[windows.example[window]]
        own = slice(windows.starts[window], windows.starts[window + 1])
        all_of = slice(whole.starts[windows.example[window]], whole.starts[windows.example[window] + 1])

        def inside(part: slice, of: object = answer) -> list[tuple[int, tuple[int, int]]]:
            source = windows if part is own else whole  # noqa: B023
            return [
                (t, (b, e))
                for t, ((b, e), side) in enumerate(
                    zip(source.offsets[part].tolist(), source.sequence[part].tolist(), strict=True)
                )
                if of is not None and side == 1 and b < of.end and e > of.start  # type: ignore[attr-defined]
            ]  # fmt: skip

        mine, everything = inside(own), inside(all_of)
        holds = bool(everything) and [at for _, at in mine] == [at for _, at in everything]
        assert found.whole[place] == holds
        expected = (mine[0][0], mine[-1][0]) if holds else (0, 0)
        assert (found.first[place], found.last[place]) == expected
    assert 40 < found.whole.sum() < len(chosen) - 40


def test_held_out_loss_is_what_training_lowers_on_the_same_questions(tmp_path: Path) -> None:
    network, tokenizer = make_answerer(tmp_path)
    far = LONG.rindex("cold film")
    answers = [(Span("warm", 16), Span("not", 12)), (), (Span(LONG[far : far + 9], far),)]
    examples = asked(QUESTIONS[0], QUESTIONS[3], ("what is cold ?", LONG), answers=answers)
    task = QuestionAnswering(null_threshold=0.0)
    windows = task.windows(examples, tokenizer, max_length=19)
    assert windows.per_text[2] > 2
    logits = head_logits(network, windows)
    found = task.decode(logits, windows, examples)
    batch = task.batch(windows, np.arange(len(windows)), examples)
    taught = task.loss(network(batch.packed, rows=batch.rows), batch).item() / batch.weight
    assert batch.weight == len(examples)
    assert task.score(found, examples)["loss"] == pytest.approx(taught, rel=1e-5)
    unknown = replace(examples, targets=None)
    assert task.decode(logits, windows, unknown).loss is None
    rival = span_rivals(examples, examples)["overlap"]
    assert "loss" not in task.score(rival, examples)


def test_context_of_several_questions_gives_the_windows_that_it_gives_alone(tmp_path: Path) -> None:
    tokenizer = tiny_tokenizer(tmp_path)
    pairs = [("is it", LONG), ("a", "film"), ("is it", "film"), ("is it", LONG), ("", "film")]
    together = tokenizer.windows(pairs, max_length=16, offsets=True)
    alone = join([tokenizer.windows([pair], max_length=16, offsets=True) for pair in pairs])
    for name in ("input_ids", "starts", "example", "scored", "offsets", "sequence"):
        np.testing.assert_array_equal(getattr(together, name), getattr(alone, name), err_msg=name)


def test_threshold_is_the_best_of_all(tmp_path: Path) -> None:
    draw = np.random.default_rng(2)
    margins = draw.normal(size=200).round(1)
    unanswered = (draw.random(200) < 0.4).astype(float)
    answered = np.where(unanswered > 0, 0, draw.random(200))
    value, facts = settle_threshold(margins, answered, unanswered)
    tried = [
        np.where(margins > limit, unanswered, answered).mean() for limit in np.arange(-5, 5, 0.05) + 0.025
    ]
    assert np.where(margins > value, unanswered, answered).mean() == pytest.approx(max(tried))
    assert facts["value"] == value and "200 validation questions" in facts["reason"]
    assert settle_threshold(margins[:6], answered[:6], unanswered[:6])[0] == 0.0


def oracle(first: str, second: str) -> float:
    """CMRC's F1 with the longest shared run found by trying every run."""
    ours, theirs = units(first), units(second)
    runs = {tuple(theirs[i:j]) for i in range(len(theirs)) for j in range(i + 1, len(theirs) + 1)}
    shared = max(
        (j - i for i in range(len(ours)) for j in range(i + 1, len(ours) + 1) if tuple(ours[i:j]) in runs),
        default=0,
    )
    precision, recall = shared / len(theirs), shared / len(ours)
    return 2 * precision * recall / (precision + recall) if shared else 0.0


def test_chinese_is_compared_by_characters_as_cmrc_does() -> None:
    assert units(" 光荣和ω-Force，2010年！") == ["光", "荣", "和", "ωforce2010", "年"]
    assert character_f1("北京大学", "在北京，的大学") == pytest.approx(
        2 * (2 / 6) * (2 / 4) / (2 / 6 + 2 / 4)
    )
    draw = np.random.default_rng(3)
    for _ in range(300):
        first, second = ("".join(draw.choice(list("北京大学，ab "), draw.integers(1, 9))) for _ in range(2))
        if units(first) and units(second):
            assert character_f1(first, second) == pytest.approx(oracle(first, second))
    np.testing.assert_allclose(score_answers([["《战国》"]], ["战国"], "characters"), [[1, 1]])
    assert scoring_for(["光荣和公司合作开发"] * 3)[0] == "characters"
    assert scoring_for(["Who is it?"])[0] == "words"


def test_no_answer_is_right_only_where_there_is_none() -> None:
    found = score_answers([[], [], ["film"], ["film"]], ["", "film", "", "the film"], "words")
    np.testing.assert_allclose(found, [[1, 1], [0, 0], [0, 0], [1, 1]])


def test_context_of_a_megabyte_takes_windows_in_proportion(tmp_path: Path) -> None:
    tokenizer = tiny_tokenizer(tmp_path)
    text = "the film is not warm " * 50_000
    task = QuestionAnswering()
    examples = asked(("is it", text), answers=[(Span("warm ", len(text) - 5),)])
    windows = task.windows(examples, tokenizer, max_length=16)
    assert len(windows) < 250_000 / 5
    logits = np.zeros((len(windows.input_ids), 2), dtype=np.float32)
    found = places(windows, np.arange(len(windows)), [examples.targets[0][0]])  # type: ignore[index]
    last = windows.starts[:-1][found.whole] + found.last[found.whole]
    logits[last] = 9
    answer = task.decode(logits, windows, examples).answers[0]
    assert (answer.text, answer.end) == ("warm", len(text) - 1)
    assert remarks(task, windows, examples) == ["answers that lie whole in at least one window: 1 of 1"]


def test_long_questions_and_answers_cut_in_two_are_counted(tmp_path: Path) -> None:
    tokenizer = tiny_tokenizer(tmp_path)
    whole = (Span(LONG, 0),)
    examples = asked((LONG, LONG), ("is it", LONG), ("a", "film"), answers=[(Span("film", 4),), whole, ()])
    task = QuestionAnswering(null_threshold=0.0)
    said = remarks(task, task.windows(examples, tokenizer, max_length=16), examples)
    assert said == [
        "questions longer than half a window, which are read in parts: 1",
        "answers that lie whole in at least one window: 1 of 2; the others are learnt as no answer",
    ]


def test_q7_an_answer_that_straddles_two_windows_is_whole_in_one_and_counted(tmp_path: Path) -> None:
    """Every place of an answer of two words: some window ends within it, and another holds it whole."""
    tokenizer = tiny_tokenizer(tmp_path)
    words = LONG.split()
    starts = [len(" ".join(words[:i])) + (i > 0) for i in range(len(words))]
    answers = [(Span(" ".join(words[i : i + 2]), starts[i]),) for i in range(len(words) - 1)]
    examples = asked(*[("is it", LONG.strip())] * len(answers), answers=answers)
    task = QuestionAnswering()
    windows = task.windows(examples, tokenizer, max_length=16)
    low, high = (
        np.array([getattr(each[0], end) for each in answers])[windows.example] for end in ("start", "end")
    )
    owner = np.repeat(np.arange(len(windows)), windows.lengths)
    context = windows.sequence == 1
    last = np.zeros(len(windows), dtype=int)
    np.maximum.at(last, owner[context], windows.offsets[context, 1])
    straddling = np.unique(windows.example[(last > low) & (last < high)])
    assert len(straddling) > 5
    found = places(windows, np.arange(len(windows)), [each[0] for each in answers])
    assert set(straddling) <= set(windows.example[found.whole])
    count = len(answers)
    assert remarks(task, windows, examples) == [
        f"answers that lie whole in at least one window: {count} of {count}"
    ]


def test_baseline_answers_from_the_sentence_that_is_most_like_the_question() -> None:
    context = "Normandy is a region of France. Its capital is Rouen, an old city. Cider is drunk."
    train = asked(
        ("Who?", "Cats sleep. Its an old city."),
        ("What?", context),
        answers=[(Span("Cats", 0),), (Span("Rouen", 47),)],
    )
    found = overlap(train, asked(("What is the capital ?", context)))
    assert [each.text for each in found.answers] == ["Rouen"]
    assert "at most 1 words" in found.notes[0]
    assert set(span_rivals(train, train)) == {"overlap"}
    mixed = asked(*train.texts, answers=[(), (Span("Rouen", 47),)])  # type: ignore[arg-type]
    assert list(span_rivals(mixed, mixed)) == ["overlap", "no_answer"]


def test_verdict_says_better_worse_and_collapsed() -> None:
    good, bad = np.ones((50, 2)), np.zeros((50, 2))
    some = np.array([True] * 50)
    said = [str(i) for i in range(50)]

    def judge(first: np.ndarray, second: np.ndarray, answers: list[str]) -> tuple[str, bool]:
        found = compare_answers(first, second, said=answers, answered=some, rival="overlap")
        return found.outcome, found.better

    assert judge(good, bad, said) == ("better", True)
    assert judge(bad, good, said) == ("worse", False)
    assert judge(good, good, said) == ("same", False)
    assert judge(bad, bad, ["x"] * 50) == ("collapsed", False)
    found = compare_answers(good, bad, said=said, answered=some, rival="no_answer")
    assert found.text.startswith(
        "Better than always no answer. F1 100.0 against 0.0 on the same 50 questions:"
    )


def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="wrong-head"):
        QuestionAnswering(head=HeadConfig(kind="pooling"))
    tokenizer = tiny_tokenizer(tmp_path)
    task, examples = QuestionAnswering(), asked(("a", "film"))
    windows = task.windows(examples, tokenizer, max_length=16)
    with pytest.raises(DataError, match="bad-logits"):
        task.decode(np.full((len(windows.input_ids), 2), np.nan), windows, examples)
    nothing = task.windows(asked(), tokenizer, max_length=16)
    assert len(task.decode(np.zeros((0, 2)), nothing, asked()).answers) == 0


@pytest.mark.data
@pytest.mark.weights
@pytest.mark.parametrize(
    ("name", "scoring", "wanted"),
    [
        ("squad_subset/train-v1.1.first_articles.json.gz", "words", 4370),
        ("xquad/xquad.en.json.gz", "words", 1190),
        ("cmrc2018/cmrc2018_trial.json.gz", "characters", 995),
    ],
)
def test_right_answers_survive_the_way_to_tokens_and_back(
    shared_data: Path, minilm: Path, name: str, scoring: str, wanted: int
) -> None:
    """Logits that point at the right tokens give back the right text, but where a token is longer than it."""
    tokenizer, task = Tokenizer.load(minilm), QuestionAnswering(max_answer_length=512)
    rows = read_rows(shared_data / name, ReadOptions(on_bad_rows="skip"), schema=task.schema)
    examples = task.read(rows.table, rows.columns)
    windows = task.windows(examples, tokenizer, max_length=384)
    assert examples.targets is not None and len(examples) == wanted
    found = places(windows, np.arange(len(windows)), [spans[0] for spans in examples.targets])
    held = np.unique(windows.example[found.whole])
    assert len(held) > 0.99 * wanted
    logits = np.zeros((len(windows.input_ids), 2), dtype=np.float32)
    for end, place in enumerate((found.first, found.last)):
        logits[(windows.starts[:-1] + place)[found.whole], end] = 9
    answers = task.decode(logits, windows, examples)
    truth = [[spans[0].text] for spans in examples.targets[held]]
    scores = score_answers(truth, [each.text for each in answers.answers[held]], scoring)  # type: ignore[arg-type]
    assert task.measure(answers, examples).details["scoring"]["by"] == scoring
    assert scores[:, 0].mean() > 0.985, scores.mean(0)
