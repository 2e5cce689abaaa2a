"""Which language a text is in, by its script where that says it, else by its commonest little words.

A word that several languages have counts for each of them by its share of them. A language is named only
where at least two such words speak for it, and half as much again as for any other. A short text often has
too few, and a language that is not listed is not named, or is taken for a neighbour that shares its words.
"""

from __future__ import annotations

import re
from collections import Counter

from glassbert.text.scripts import script_of

WORDS = {
    "English": (
        "the of and to in is that it was for on with as at by this are be from an not or have but you his "
        "her they has were which she he will would there their been its my so what all we i a two"
    ),
    "German": (
        "der die und das ist nicht ein eine zu den mit von im auf dem sich es auch für des sie wird an als "
        "er war bei oder wie nach aus ich einer einem einen hat sind werden über zum zur vor durch wir kein "
        "steht ihr"
    ),
    "French": (
        "le la les et des est un une du en que qui dans pour pas sur au ce il elle avec par ne se sont plus "
        "son sa ses aux nous vous je mais ou été cette était d l deux à y très fait comme tout"
    ),
    "Spanish": (
        "el la los las de y en que es un una del por con para no se su al lo más como pero sus fue este "
        "esta está yo muy ha son también o hay todo era sin entre cuando ser dos"
    ),
    "Portuguese": (
        "o os as e do da dos das em um uma para não é com que na no por mais como foi ao se seu sua ou são "
        "mas muito já está também pelo pela ser há quando eu você isso tem"
    ),
    "Italian": (
        "il lo gli le e di che è un una del della dei delle in per non con sono si da al alla nel nella più "
        "come ma su anche questo questa ha era molto i due dalla ed"
    ),
    "Dutch": (
        "de het een en van in is dat op te zijn met voor niet aan er die om ook als bij naar uit door maar "
        "worden wordt was heeft ik je hij ze wij deze over dan nog zo"
    ),
    "Swedish": (
        "och att det som en ett på är av för med inte till den har de om var jag han hon men sig så från "
        "kan vi ska eller när efter över också mycket"
    ),
    "Danish": (
        "og at det som en et på er af for med ikke til den har de om var jeg han hun men sig så fra kan vi "
        "skal eller når efter over også meget blev"
    ),
    "Norwegian": (
        "og at det som en et på er av for med ikke til den har de om var jeg han hun men seg så fra kan vi "
        "skal eller når etter over også veldig ble"
    ),
    "Polish": (
        "i w na z do się nie jest to że od po jak przez za przy dla są ale o oraz był była który która ten "
        "tego czy tak już być co jego może tylko"
    ),
    "Czech": (
        "a v na se je že z do o to s za pro by ale jako po podle od byl byla který která jsou není ve k už "
        "tak jen jeho může při nebo také"
    ),
    "Turkish": (
        "ve bir bu da de için ile çok ne olarak daha gibi olan o sonra kadar var ama en değil her ben mi "
        "ise olduğu"
    ),
    "Indonesian": (
        "yang dan di dari untuk dengan ini itu pada adalah tidak dalam akan ke oleh juga ada sebagai saya "
        "atau telah bisa lebih karena mereka"
    ),
    "Vietnamese": (
        "và của là có không được một cho trong với các những người đã này để khi từ tôi cũng về như ở ra rất"
    ),
    "Finnish": (
        "ja on ei se että oli ovat mutta hän kun myös tai jos niin kuin joka mukaan sekä olla minä nyt vain "
        "ole"
    ),
    "Hungarian": ("a az és hogy nem is egy ez volt de meg van csak mint el már ki még ha vagy én lesz amely"),
    "Romanian": (
        "și de în la cu nu o un pe din care este să mai pentru sunt că a fost al ale dar ce se după"
    ),
    "Russian": (
        "и в не на что с как это по но он я из к у за же от так для был была они мы его только бы или все "
        "есть"
    ),
    "Ukrainian": (
        "і в не на що з як це по але він я до у за та від так для був була вони ми його тільки або всі є й"
    ),
    "Bulgarian": (
        "и в не на че с как това по но той аз от за да се ще е са със беше или като до му ги един след"
    ),
}
OF_SCRIPT = {
    "Kana and Han": "Japanese",
    "Han": "Chinese",
    "Hangul": "Korean",
    "Greek": "Greek",
    "Thai": "Thai",
    "Hebrew": "Hebrew",
    "Georgian": "Georgian",
    "Armenian": "Armenian",
    "Tamil": "Tamil",
    "Telugu": "Telugu",
    "Khmer": "Khmer",
    "Lao": "Lao",
}
UNTOLD = "not told"
FEWEST, AHEAD = 2, 1.5
WORD = re.compile(r"[^\W\d_]+")

_OWNERS: dict[str, list[str]] = {}
for _language, _words in WORDS.items():
    for _word in dict.fromkeys(_words.split()):
        _OWNERS.setdefault(_word, []).append(_language)


def language_of(text: str) -> str:
    """The language in English, or "not told"."""
    script = script_of(text)
    if script in OF_SCRIPT:
        return OF_SCRIPT[script]
    weights: dict[str, float] = {}
    hits: Counter[str] = Counter()
    for word in WORD.findall(text.lower()):
        owners = _OWNERS.get(word, ())
        for language in owners:
            weights[language] = weights.get(language, 0.0) + 1 / len(owners)
            hits[language] += 1
    if not weights:
        return UNTOLD
    first, *others = sorted(weights, key=lambda language: -weights[language])
    ahead = all(weights[first] >= AHEAD * weights[other] for other in others[:1])
    return first if ahead and hits[first] >= FEWEST else UNTOLD
