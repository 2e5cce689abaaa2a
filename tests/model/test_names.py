"""The table of names: complete, one to one, and in the words of transformers."""

from collections import Counter

import pytest
import transformers

from glassbert.model.names import architecture, class_family, encoder_names, head_kind, head_names
from glassbert.model.network import Network
from tests.model.small import HEADS, SMALL, small
from tests.parity.references import FAMILIES, HEADS_OF, reference, saved_tensors

CASES = [(family, kind) for family in FAMILIES for kind in HEADS_OF[family]]


@pytest.mark.parametrize(("family", "kind"), CASES)
@pytest.mark.parametrize("attention", ["scaled_dot_product", "additive"])
@pytest.mark.parametrize("positions", ["absolute", "sinusoidal"])
def test_every_parameter_has_exactly_one_row(family: str, kind: str, attention: str, positions: str) -> None:
    config = small(family, attention_type=attention, position_embedding_type=positions)
    network = Network(config, HEADS[kind], seed=None)
    rows = [*encoder_names(config), *(head_names(config, kind) or [])]
    ours = Counter(row.ours for row in rows)
    assert ours == Counter(name for name, _ in network.named_parameters(remove_duplicate=False))
    theirs = Counter(name for row in rows for name in row.theirs)
    assert set(theirs.values()) == {1}


@pytest.mark.parametrize(("family", "kind"), CASES)
def test_their_names_are_those_of_transformers(family: str, kind: str) -> None:
    model = reference(family, kind)
    config = small(family, num_hidden_layers=3)
    rows = [*encoder_names(config), *(head_names(config, kind) or [])]
    named = {name.removeprefix(f"{model.base_model_prefix}.") for row in rows for name in row.theirs}
    tied = {"decoder.weight", "vocab_projector.weight", "decoder.bias"}
    saved = {name.removeprefix(f"{model.base_model_prefix}.") for name in saved_tensors(model)}
    extra = {name for name in named - saved if not any(name.endswith(end) for end in tied)}
    assert extra == set()
    assert saved - named <= {"cls.predictions.bias", "lm_head.bias"}


@pytest.mark.parametrize(("family", "kind"), CASES)
def test_a_class_name_leads_back_to_family_and_head(family: str, kind: str) -> None:
    name = architecture(small(family), HEADS[kind])
    assert hasattr(transformers, name) and type(reference(family, kind)).__name__ == name
    assert class_family(name) == family
    # BertModel is the name with and without a pooler
    assert head_kind(name) == ("pooling" if kind == "none" else kind)


@pytest.mark.parametrize(
    "name", ["", "Bert", "BertForMultipleChoice", "BertLMHeadModel", "AlbertModel", "GPT2Model"]
)
def test_a_class_that_is_not_ours_has_no_head(name: str) -> None:
    assert head_kind(name) is None


def test_a_head_that_a_family_lacks_has_no_rows() -> None:
    assert head_names(small("roberta"), "next-sentence") is None
    assert head_names(small("distilbert"), "pooling") is None
    assert head_names(SMALL, "none") == []
