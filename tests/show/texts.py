"""Made-up evaluation texts for fixtures: English reviews, long Chinese ones, and attacks on a page."""

import numpy as np

ENGLISH = {
    "opening": [
        "The first half hour",
        "This adaptation",
        "Her performance",
        "The script",
        "Every scene with the dog",
    ],
    "verb": [
        "never quite finds",
        "rushes past",
        "earns",
        "wastes",
        "quietly builds towards",
        "keeps promising",
    ],
    "object": [
        "the warmth of the novel",
        "any reason to care",
        "its ending",
        "a joke that lands",
        "real tension",
    ],
    "closing": [
        "and I would gladly see it again.",
        "though the photography is lovely.",
        "which is more than its trailer promised, and rather less than the two hours it asks of you.",
        "so take a friend, or a book.",
        "until the last ten minutes, when everything that seemed idle turns out to have mattered all along.",
    ],
}
CHINESE = {
    "opening": [
        "酒店的位置很方便，步行五分钟就到地铁站，",
        "前台的态度让人难以接受，",
        "房间比照片上小很多，",
    ],
    "verb": [
        "早餐的品种不算多，但味道不错，",
        "隔音非常差，半夜还能听到走廊里拖行李箱的声音，",
        "空调开了一整晚也没有凉下来，",
    ],
    "object": ["打电话到总机也没有人接，最后只好自己下楼去找人处理，", "服务员主动帮忙换了一间朝南的房间，"],
    "closing": [
        "总体来说性价比还可以，下次出差应该还会考虑。",
        "这样的服务配上四星级的价格，实在说不过去，希望管理方能够认真看一看住客的意见，不要总是用模板来回复。",
    ],
}
HOSTILE = [
    "</script><script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=1>",
    '"><svg/onload=window.hacked=1>',
    "'\"`><iframe srcdoc='<script>parent.hacked=1</script>'>",
    "javascript:window.hacked=1",
    "{{7*7}}",
    "${7*7}",
    "<%= 7*7 %>",
    "#{7*7}",
    "{@html '<img src=x onerror=window.hacked=1>'}",
    "<!--",
    "<!-- <script>",
    "--><script>window.hacked=1</script>",
    "]]><script>window.hacked=1</script>",
    "</style><style>*{display:none}</style>",
    "</title><script>window.hacked=1</script>",
    "</textarea><script>window.hacked=1</script>",
    "<a href='http://glassbert.invalid/x'>link</a>",
    "<link rel=stylesheet href=http://glassbert.invalid/x.css>",
    "<meta http-equiv=refresh content='0;url=http://glassbert.invalid'>",
    "<base href=http://glassbert.invalid/>",
    "<form action=http://glassbert.invalid><input name=x></form>",
    "<details open ontoggle=window.hacked=1>",
    "<math><mtext></mtext><script>window.hacked=1</script></math>",
    "<template><script>window.hacked=1</script></template>",
    "\u202eevil txt.exe\u202c",
    "\u2067مرحبا\u2069 <b>bold</b>",
    "\u0001\u0008\u001b[31mred",
    "__proto__",
    "constructor",
    "$array",
    '{"$array": 0}',
    "&lt;script&gt;&#60;img&#62;",
    "%3Cscript%3E",
    "\\u003cscript\\u003e",
    "\u2028\u2029line separators",
    "e\u0301" * 40 + "Z̷̢̛͙̞a̸̡l̶͎g̴o",
    "👩\u200d👩\u200d👧\u200d👦 family",
    "L" * 10_000,
    " ",
    "",
]


def make_text(random: np.random.Generator, parts: dict[str, list[str]]) -> str:
    separator = " " if parts is ENGLISH else ""
    return separator.join(str(random.choice(choices)) for choices in parts.values())
