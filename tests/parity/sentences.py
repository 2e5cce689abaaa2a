"""Forty texts as people write them, from one word to several hundred, and some as pairs."""

_PARAGRAPH = (
    "The ferry had left an hour before the storm warning was raised, and by the time the harbour master "
    "reached the captain by radio, the swell off the point was already breaking over the outer wall. "
    "Nobody on board seemed worried; the children were counting gulls, two old men played cards on a "
    "suitcase, and the woman who sold coffee kept pouring it without spilling a drop. "
)
_REPORT = (
    "In 1987, revenue rose 12.5% to $3.4 billion (from $3.02 billion), while operating costs fell by "
    "4 percentage points; the board therefore proposed a dividend of 45 cents a share, payable on 1 June. "
)

TEXTS: tuple[str | tuple[str, str], ...] = (
    "Good.",
    "no",
    "Why?",
    "Terrible service!!!",
    "I loved every minute of it.",
    "The plot is thin but the acting is superb.",
    "Not bad, not great, just okay.",
    "Don't waste your money on this one.",
    "It's the best café in Zürich, naïvely speaking.",
    "RT @someone: can't wait 4 the weekend #tgif http://example.com/a?b=c",
    "E = mc^2, or so they say; see section 3.1.4 (p. 159).",
    "The quick brown fox jumps over the lazy dog.",
    "Antidisestablishmentarianism and pneumonoultramicroscopicsilicovolcanoconiosis are long words.",
    "我喜欢这部电影。",
    "Это было прекрасно, но слишком долго.",
    "Ça va? Très bien, merci — et toi?",
    "lol 😂😂 that ending tho",
    "def f(x): return x ** 2  # squares its argument",
    "To be, or not to be, that is the question.",
    "Call me at +1 (555) 010-9999 between 9:00 and 17:30.",
    "She sells sea shells by the sea shore, and the shells she sells are sea shells, I'm sure.",
    "Although the film's first half drags, its second half more than makes up for it with wit and nerve.",
    "Researchers at the university reported on Monday that the compound slowed tumour growth in mice.",
    "The committee, which had not met since March, adjourned without a vote.",
    "A man is playing a guitar on a crowded street while a small dog watches him from under a bench.",
    "If the temperature falls below -40 degrees, Celsius and Fahrenheit agree; otherwise they do not.",
    _REPORT,
    _PARAGRAPH,
    _REPORT * 2,
    _PARAGRAPH + _REPORT,
    _PARAGRAPH * 3,
    (_PARAGRAPH + _REPORT) * 3,
    ("What did she pour?", _PARAGRAPH),
    ("How high was the dividend?", _REPORT),
    ("A man plays music.", "A man is playing a guitar on a crowded street."),
    ("A man plays music.", "Nobody is outside."),
    ("Yes.", "No."),
    ("Is this a duplicate?", "Is this question a duplicate of another one?"),
    (_REPORT, _PARAGRAPH),
    ("Who counted gulls?", _PARAGRAPH * 4),
)
