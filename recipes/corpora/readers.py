"""Readers: the transcribed speech of every language, to train English voices on readers of other languages too.

    python recipes/corpora readers --speech corpora/speech --out corpora/readers

``--speech`` is the corpus that the command ``speech`` wrote. Texts of other languages become the nearest English phones
by eSpeak NG (extra ``espeak``), in double brackets, and count as English; recordings are not copied but linked.
"""

from __future__ import annotations

import json
from pathlib import Path

from corpus import checked_folder, write_lists

from wavewright.base.errors import BadText
from wavewright.text import FrontEnd, front_end
from wavewright.text.english.phones import phones_of_ipa

FRONT_ENDS = {"de": "espeak:de", "fr": "espeak:fr-fr", "it": "espeak:it"}
ENGLISH = "en"
NEAREST = {
    **{"ɑ̃": "ɑŋ", "ɔ̃": "ɔŋ", "ɛ̃": "æŋ", "œ̃": "æŋ", "ɔø": "ɔɪ", "ɔʏ": "ɔɪ", "eː": "eɪ", "ɲ": "nj", "ʎ": "lj"},
    **dict.fromkeys(("ɾ", "ʁ", "ʀ", "r"), "ɹ"),
    **dict.fromkeys(("x", "ç"), "h"),
    **dict.fromkeys(("ɜ", "ɐ", "ɵ"), "ə"),
    **{"ʏ": "y", "ɥ": "w", "β": "b", "ɣ": "ɡ", "ɯ": "u", "ɬ": "l", "ʔ": "", "\u0303": "", "\u032a": ""},
}
"""English phones of IPA symbols, longest first; other symbols that English lacks are an error."""


def in_english_phones(text: str, front: FrontEnd) -> str:
    """Return a text as English phones in double brackets, with its punctuation; raise BadText without words."""
    phones = []
    for sentence in front.sentences(text):
        for word in sentence.words:
            signs = "".join(word.phones)
            for sign, near in NEAREST.items():
                signs = signs.replace(sign, near)
            phones.append(f"[[{' '.join(phones_of_ipa(signs, f'The word {word.text!r}'))}]]{word.mark_after}")
    return " ".join(phones)


def gather_readers(speech: Path, out: Path) -> tuple[int, int]:
    """Write the corpus to ``out``; return the number of recordings and of those left out, whose words have no phones.

    Raises BadFolder if ``speech`` is no folder, MissingExtra if it has other languages and eSpeak NG is not installed.
    """
    manifest = checked_folder(speech, "the corpus of speech") / "manifest.jsonl"
    rows = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
    spoken = [row for row in rows if row.get("text") and row.get("speaker")]
    fronts = {
        language: front_end(name)
        for language, name in FRONT_ENDS.items()
        if any(row["language"] == language for row in spoken)
    }
    records = []
    for row in spoken:
        try:
            text = (
                row["text"] if row["language"] == ENGLISH else in_english_phones(row["text"], fronts[row["language"]])
            )
        except BadText:
            continue
        records.append(row | {"text": text, "language": ENGLISH})
    out.mkdir(parents=True, exist_ok=True)
    for folder in {Path(row["audio_filepath"]).parts[0] for row in records}:
        if not (out / folder).exists():
            (out / folder).symlink_to((speech / folder).resolve())
    write_lists(out, records, json.loads((speech / "sources.json").read_text(encoding="utf-8")))
    return len(records), len(spoken) - len(records)
