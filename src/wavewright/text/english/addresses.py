"""Addresses of the web, mail, names of files, hashtags and handles: spoken sign by sign."""

from __future__ import annotations

import re

from ..pattern import pattern
from .names import is_spelled
from .numbers import digits, in_pairs, whole, word_set
from .rules import Around, Reading, Rule, letters

SIGNS = {
    **{
        ".": "dot",
        "/": "slash",
        "-": "dash",
        "_": "underscore",
        "?": "question mark",
        "=": "equals",
        "&": "and",
        "#": "hash",
    },
    **{
        ":": "colon",
        "%": "percent",
        "+": "plus",
        "~": "tilde",
        "@": "at",
        "!": "exclamation mark",
        "$": "dollar",
        "\\": "backslash",
    },
    **{",": "comma", ";": "semicolon", "*": "star"},
}
AS_WORDS = word_set("com org net gov info biz zip app dev shop blog news")
AS_LETTERS = word_set("www http https en io ai uk us eu de fr it es ch at nl be ca jp cn au id tv me my in is py js md")
ALSO_WORDS = word_set("my me in is it at be us no")
"""Ends of addresses that are words where a hyphen joins them to others."""
JOINING = ("-", "_")
DOMAINS = (
    "com|org|net|edu|gov|mil|int|info|biz|io|ai|co|uk|us|eu|de|fr|es|it|nl|ch|at|be|ca|jp|cn|au|ru|br|se|no|dk|fi|pl|cz|ie|nz|in|me|tv|"
    "app|dev|xyz|online|shop|blog|cloud|tech|fm|ly|gg"
)
ENDINGS = (
    "txt|pdf|docx?|xlsx?|pptx?|csv|json|xml|html?|css|js|ts|py|java|cpp|hpp|exe|zip|tar|gz|rar|png|jpe?g|gif|svg|bmp|mp3|mp4|wav|flac|"
    "ogg|avi|mov|mkv|md|log|ini|cfg|yaml|yml|toml|sh|bat|dll|iso|apk|epub|tex|rtf"
)


def spelled(text: str, around: Around) -> list[str]:
    """An address as it is told to somebody: words as words, what is no word letter by letter, signs by their names."""
    words: list[str] = []
    parts = re.findall(r"[A-Z]?[a-z']+|[A-Z]+|\d+|[^\w\s]|_", text)
    for before, part, after in zip(["", *parts], parts, [*parts[1:], ""], strict=False):
        low = part.lower()
        if part.isdigit():
            words += in_pairs(part) if len(part) == 4 else whole(part) if len(part) < 5 else digits(part)
        elif part[0].isalpha():
            is_joined = low in ALSO_WORDS and (before in JOINING or after in JOINING)
            words += [low] if is_joined or _is_word(low, around) else letters(part)
        else:
            words += SIGNS.get(part, "").split()
    return words


def _is_word(low: str, around: Around) -> bool:
    if low in AS_LETTERS or is_spelled(low):
        return False
    return (
        low in AS_WORDS
        or (around.knows(low) and len(low) > 1)
        or (len(low) > 4 and re.search("[aeiouy]", low) is not None)
    )


def _web(match: re.Match[str], around: Around) -> Reading:
    return spelled(match["rest"].rstrip("/"), around)


def _mail(match: re.Match[str], around: Around) -> Reading:
    return spelled(match[0], around)


def _mail_to(match: re.Match[str], around: Around) -> Reading:
    return ["mail", "to", *spelled(match[1], around)]


def _bare(match: re.Match[str], around: Around) -> Reading:
    return spelled(match[0].rstrip("/"), around)


def _hashtag(match: re.Match[str], around: Around) -> Reading:
    return ["hashtag", *spelled(match[1].replace("_", " "), around)]


def _handle(match: re.Match[str], around: Around) -> Reading:
    return ["at", *spelled(match[1], around)]


_TAIL = r"[^\s<>\"\u201c\u201d(){}\[\]]{0,400}?"
_END = r"(?=[.,;:!?'*]*(?:[\s<>\"\u201c\u201d(){}\[\]]|$))"
CHUNK_RULES: list[Rule] = [
    (pattern(r"mailto:([\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6})"), _mail_to),
    (pattern(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}"), _mail),
    (pattern(rf"(?:https?|ftp)://(?P<rest>[^\s/]{_TAIL}){_END}", re.IGNORECASE), _web),
    (pattern(rf"(?P<rest>www\.\w{_TAIL}){_END}", re.IGNORECASE), _web),
    (pattern(rf"(?:[A-Za-z0-9-]{{1,63}}\.){{1,6}}(?:{DOMAINS})(?![\w-])(?:[/?]{_TAIL})?{_END}"), _bare),
    (pattern(rf"[\w-]{{1,64}}(?:\.[\w-]{{1,64}}){{0,3}}\.(?:{ENDINGS})(?![\w-])"), _bare),
]
"""Tried once, at the beginning of what stands between two spaces."""

SIGN_RULES: list[Rule] = [
    (pattern(r"#([A-Za-z]\w{0,100})"), _hashtag),
    (pattern(r"@([A-Za-z_]\w{0,60})"), _handle),
]
