"""text-pair-classification: one label for two texts, such as whether the one follows from the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from glassbert.tasks.classification import TextClassification
from glassbert.tasks.sequences import label_column
from glassbert.text.asked import Schema
from glassbert.text.cells import label_strings
from glassbert.text.columns import Columns
from glassbert.text.tables import Table

UNDECIDED = "-"
"""What SNLI, MultiNLI and OCNLI write where the annotators did not agree."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TextPairClassification(TextClassification):
    """As text-classification, of pairs.

    A pair that is longer than the encoder becomes several windows, in which every token of both texts is
    scored exactly once: the longer text is cut, and the shorter one stands whole in each window if it fits
    into half of the room; otherwise both are cut (`glassbert.text.cutting`).
    """

    name: ClassVar[str] = "text-pair-classification"
    schema: ClassVar[Schema] = Schema(texts="pair")

    @classmethod
    def notice(cls, table: Table, columns: Columns, *, allow_single: bool) -> list[str]:
        """What is odd about the labels; among it rows that their annotators left undecided."""
        found = super().notice(table, columns, allow_single=allow_single)
        undecided = label_strings(table, label_column(columns)).count(UNDECIDED)
        if undecided:
            rows = "1 row has" if undecided == 1 else f"{undecided:,} rows have"
            found.append(
                f"{rows} the label '{UNDECIDED}', by which some data sets say that the annotators disagreed; "
                "it is learnt as a label: leave such rows out unless it is one"
            )
        return found
