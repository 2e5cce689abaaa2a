"""What the report page draws: facts of a run, its score, its curves and its errors.

Letters: C labels, n whatever the record counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int32

from glassbert.lens.error_records import SetRows, SliceTable, SuspectTable
from glassbert.lens.records import Record
from glassbert.lens.word_records import AnswerRows, TagRows


@dataclass(frozen=True, kw_only=True, eq=False)
class DataFile(Record):
    """A file the run read: what for, where, its SHA-256 and how many rows."""

    role: str
    path: str | None
    sha256: str | None
    rows: int | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Setting(Record):
    """One resolved value of the configuration, where it came from and why."""

    name: str
    value: str
    source: str
    reason: str


@dataclass(frozen=True, kw_only=True, eq=False)
class NamedText(Record):
    """A name and a value for people: a version, a piece of hardware."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True, eq=False)
class RunFacts(Record):
    """What was trained on what; `None` is what the run has not written (yet)."""

    run_id: str
    status: str
    task: str | None
    created: str | None
    command: str | None
    # Text, because a 64-bit seed does not fit a JavaScript number.
    seed: str | None
    files: tuple[DataFile, ...]
    text_column: str | None
    pair_column: str | None
    label_column: str | None
    column_reasons: tuple[str, ...]
    num_train: int | None
    num_validation: int | None
    num_evaluation: int | None
    num_rejected: int | None
    labels: tuple[str, ...]
    model_source: str | None
    model_family: str | None
    num_parameters: int | None
    num_hidden_layers: int | None
    num_attention_heads: int | None
    hidden_size: int | None
    newly_initialised: tuple[str, ...]
    settings: tuple[Setting, ...]
    versions: tuple[NamedText, ...]
    hardware: tuple[NamedText, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Score(Record):
    """A metric with its 95 % interval, where one was computed."""

    metric: str
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Contender(Record):
    """The model ("model") or a baseline ("majority", "tfidf") with its scores."""

    name: str
    scores: tuple[Score, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class ReliabilityBins(Record):
    """Predictions grouped by stated confidence: how sure the model was, how often it was right.

    A bin holds the confidences in (low, high]; `confidence` and `accuracy` are means, NaN where `count` is 0.
    """

    low: Float64[np.ndarray, " n"]
    high: Float64[np.ndarray, " n"]
    count: Int32[np.ndarray, " n"]
    confidence: Float64[np.ndarray, " n"]
    accuracy: Float64[np.ndarray, " n"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Calibration(Record):
    """Whether stated confidence can be believed, before and after dividing the logits by the temperature."""

    temperature: float | None
    reason: str | None
    ece_before: float | None
    ece_after: float | None
    before: ReliabilityBins | None
    after: ReliabilityBins | None


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoreCard(Record):
    """How good the model is next to the baselines, the plain verdict, and what the training cost.

    `contenders` starts with the model. `outcome` is an Outcome of `glassbert.tasks.verdict`, `verdict` its
    sentence, `rival` the contender and `judged_by` the metric that it is about (None where a run is silent).
    Units: seconds, MB, tokens per second.
    """

    contenders: tuple[Contender, ...]
    better: bool | None
    outcome: str | None
    verdict: str | None
    rival: str | None
    judged_by: str | None
    calibration: Calibration | None
    tokens_seen: int | None
    windows_used: int | None
    long_texts: int | None
    tokens_per_second: float | None
    seconds: float | None
    peak_rss_mb: float | None
    stopped_because: str | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Series(Record):
    """One logged scalar over the steps; NaN where the log has none."""

    name: str
    step: Int32[np.ndarray, " n"]
    value: Float64[np.ndarray, " n"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Curves(Record):
    """Every scalar of `metrics.jsonl`; rows undone by a resume are gone, `resumed` says at which steps."""

    series: tuple[Series, ...]
    best_step: int | None
    total_steps: int | None
    resumed: Int32[np.ndarray, " n"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Examples(Record):
    """Evaluation rows one by one: original row number, text, true and predicted label (indices), confidence.

    `total` is how many evaluation rows there are; when fewer are held, mistakes are kept before correct rows.
    `length` is the number of characters of the whole text, of which `text` may hold only the start.
    """

    row: Int32[np.ndarray, " n"]
    text: tuple[str, ...]
    length: Int32[np.ndarray, " n"]
    true: Int32[np.ndarray, " n"]
    predicted: Int32[np.ndarray, " n"]
    confidence: Float32[np.ndarray, " n"]
    total: int

    def __post_init__(self) -> None:
        super().__post_init__()
        columns = (self.row, self.text, self.length, self.true, self.predicted, self.confidence)
        if len({len(column) for column in columns}) > 1:
            raise ValueError("the columns of the examples disagree in size")

    def mistakes(self) -> Int32[np.ndarray, " n"]:
        """Indices of the wrong predictions, the most confident first; ties in the order of the file."""
        order = np.argsort(-self.confidence, kind="stable")
        wrong: np.ndarray = order[self.true[order] != self.predicted[order]]
        return wrong.astype(np.int32)


@dataclass(frozen=True, kw_only=True, eq=False)
class Confusion(Record):
    """Counts of true label (row) against predicted label (column), and the examples behind them."""

    labels: tuple[str, ...]
    matrix: Int32[np.ndarray, "C C"]
    examples: Examples

    def __post_init__(self) -> None:
        super().__post_init__()
        size = len(self.labels)
        both = np.concatenate([self.examples.true, self.examples.predicted])
        if self.matrix.shape != (size, size) or not np.all((both >= 0) & (both < size)):
            raise ValueError("labels, matrix and examples disagree")


@dataclass(frozen=True, kw_only=True, eq=False)
class NumberRows(Record):
    """Evaluation rows whose answers are numbers, in the order of the file; `name` is what the numbers are
    called.

    `total` is how many evaluation rows there are; when fewer are held, those with the largest errors are kept
    before others. `length` is the number of characters of the whole text, of which `text` may hold only the
    start.
    """

    name: str
    row: Int32[np.ndarray, " n"]
    text: tuple[str, ...]
    length: Int32[np.ndarray, " n"]
    given: Float64[np.ndarray, " n"]
    predicted: Float64[np.ndarray, " n"]
    total: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if len({len(each) for each in (self.row, self.text, self.length, self.given, self.predicted)}) > 1:
            raise ValueError("the columns of the rows disagree in size")


@dataclass(frozen=True, kw_only=True, eq=False)
class Report(Record):
    """One run on one page; `None` is what the run does not have."""

    facts: RunFacts
    score: ScoreCard | None
    curves: Curves | None
    confusion: Confusion | None
    numbers: NumberRows | None = None
    slices: SliceTable | None = None
    suspects: SuspectTable | None = None
    sets: SetRows | None = None
    tags: TagRows | None = None
    answers: AnswerRows | None = None
