"""An attention record with planted heads, so that a person sees at once whether its maps are drawn right."""

import numpy as np

from glassbert.lens.attention_record import AttentionRecord

# What a head looks at, by its number: the patterns of Clark et al. 2019.
PATTERNS = ("previous", "next", "same", "first", "separator", "broad")
ENGLISH = ("[CLS]", "the", "un", "##usual", "##ly", "quiet", "film", "earns", "its", "ending", ".", "[SEP]")
PAIR = ("[CLS]", "a", "man", "sleeps", "[SEP]", "no", "##body", "is", "awake", "[SEP]")
CHINESE = ("[CLS]", *"酒店的位置很方便，但是早餐的品种不算多，服务员的态度也不够热情。", "[SEP]")


def words_of(tokens: tuple[str, ...]) -> np.ndarray:
    """The word of each token: a new one unless the token starts with ##; -1 for special tokens."""
    word, found = -1, []
    for token in tokens:
        special = token.startswith("[") and token.endswith("]")
        word += not special and not token.startswith("##")
        found.append(-1 if special else word)
    return np.array(found, np.int32)


def sentence(tokens: tuple[str, ...]) -> str:
    between = "" if all(len(token) == 1 for token in tokens) else " "
    return between.join(tokens).replace(" ##", "")


def aims(pattern: str, size: int) -> np.ndarray:
    """The token that each token looks at, int [S]."""
    own = np.arange(size)
    return {
        "previous": np.maximum(own - 1, 0),
        "next": np.minimum(own + 1, size - 1),
        "same": own,
        "first": np.zeros(size, int),
        "separator": np.full(size, size - 1),
        "broad": own,
    }[pattern]


def looked_at(query: np.ndarray, key: np.ndarray, value: np.ndarray) -> np.ndarray:
    """softmax(Q K^T / sqrt(d)) v of every head, [L, N, S]."""
    scores = query @ key.swapaxes(-1, -2) / np.sqrt(query.shape[-1])
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    weights = powers / powers.sum(-1, keepdims=True)
    found: np.ndarray = np.einsum("lnij,lnj->lni", weights, value).astype(np.float32)
    return found


def make_attention(
    tokens: tuple[str, ...] = ENGLISH, *, layers: int = 4, heads: int = 6, width: int = 32, bad: bool = False
) -> AttentionRecord:
    """Queries and keys of `layers` x `heads` planted heads; with `bad`, the last head's certificate fails."""
    random = np.random.default_rng(len(tokens))
    size = len(tokens)
    places = random.normal(size=(size, width))
    places /= np.linalg.norm(places, axis=1, keepdims=True)
    query = np.empty((layers, heads, size, width))
    key = np.empty_like(query)
    for layer in range(layers):
        for head in range(heads):
            pattern = PATTERNS[(head + layer) % len(PATTERNS)]
            sharpness = 2.0 if pattern == "broad" else 4.0 + 6.0 * layer
            key[layer, head] = places + 0.05 * random.normal(size=places.shape)
            query[layer, head] = places[aims(pattern, size)] * sharpness * np.sqrt(width)
    certificates = random.uniform(1e-7, 9e-7, (layers, heads))
    certificates[-1, -1] = 0.31 if bad else certificates[-1, -1]
    query, key = query.astype(np.float32), key.astype(np.float32)
    value = random.normal(size=(layers, heads, size)).astype(np.float32)
    separators = [i for i, token in enumerate(tokens) if token == "[SEP]"]
    return AttentionRecord(
        model="planted",
        text=sentence(tokens[1 : separators[0]]),
        pair=sentence(tokens[separators[0] + 1 : -1]) if len(separators) > 1 else None,
        window=0,
        num_windows=1,
        tokens=tokens,
        token_type_ids=(np.arange(size) > separators[0]).astype(np.uint8),
        word=words_of(tokens),
        query=query,
        key=key,
        value_witness=value,
        context_witness=looked_at(query, key, value),
        certificates=certificates.astype(np.float32),
    )
