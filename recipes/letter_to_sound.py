"""The letter-to-sound model of English, trained on nineteen of twenty words of the CMU Pronouncing Dictionary, measured on the others.

    python recipes/letter_to_sound.py cmudict.dict             # a few minutes on one core
    python recipes/letter_to_sound.py cmudict.dict --measure   # the model in the package, on the words held out

Letters and phones are aligned by expectation maximisation, every letter with none, one or two phones; the pairs become n-grams.
"""

from __future__ import annotations

import argparse
import zlib
from array import array
from collections import defaultdict
from pathlib import Path

import numpy as np
from pronouncing_dictionary import read

from wavewright.text import english
from wavewright.text.letter_to_sound import BEGIN, END, STEPS_PER_NAT, LetterToSound, NgramTable, pack, unpack
from wavewright.whole_file import write_whole

OUT = Path(english.__file__).parent / "data" / "letter_to_sound.wwl2s"
HELD_OUT = 20  # one word of so many
ITERATIONS = 8
FEWEST_OF_A_PAIR = 3
LONGEST_NGRAM = 7
LEAST_GAIN = 1.15  # n-grams that add fewer nats to the likelihood of all words are left out
ALPHABET = "abcdefghijklmnopqrstuvwxyz'"

Words = dict[str, list[tuple[str, ...]]]
Aligned = list[list[tuple[str, tuple[str, ...]]]]


def is_held_out(word: str) -> bool:
    """Whether a word is for measuring: by its own hash, so that it stays so whatever other words there are."""
    return zlib.crc32(word.encode()) % HELD_OUT == 0


def align(words: list[tuple[str, tuple[str, ...]]]) -> Aligned:
    """Every letter of every word with its phones (0, 1 or 2); words of more than two phones a letter are left out."""
    bare = {phone: phone.rstrip("012") for _, phones in words for phone in phones}
    names = sorted({*bare.values()})
    code = {phone: names.index(bare[phone]) for phone in bare}
    groups = defaultdict(list)
    for word, phones in words:
        if len(phones) <= 2 * len(word):
            groups[len(word), len(phones)].append((word, phones))
    n = len(names)
    table = np.full((len(ALPHABET), 1 + n + n * n), 1.0)  # (letters, nothing | one phone | two phones)
    table[:, 0] = table[:, 1 + n :] = 0.1
    prepared = [(group, *_numbers(group, code, n)) for group in groups.values()]
    for _ in range(ITERATIONS):
        counts = np.zeros_like(table)
        for _, letters, ones, twos in prepared:
            _expect(table, letters, ones, twos, counts)
        table = counts / np.maximum(counts.sum(1, keepdims=True), 1e-9)
    return [pairs for group, *numbers in prepared for pairs in _best(table, group, *numbers)]


def _numbers(group, code, n):
    """Letters ``(words, letters)`` and the columns of one phone ``(words, phones)`` and of two ``(words, phones - 1)``."""
    letters = np.array([[ALPHABET.index(letter) for letter in word] for word, _ in group])
    phones = np.array([[code[phone] for phone in spoken] for _, spoken in group])
    return letters, 1 + phones, 1 + n + phones[:, :-1] * n + phones[:, 1:]


def _steps(table, letters, ones, twos):
    """Probabilities of a letter with 0, 1 and 2 phones, by letter and by the place where the phones end ``(words, phones + 1)``."""
    n_phones = ones.shape[1]
    for i in range(letters.shape[1]):
        letter = letters[:, i, None]
        one = np.zeros((len(letters), n_phones + 1))
        two = np.zeros_like(one)
        one[:, 1:] = table[letter, ones]
        two[:, 2:] = table[letter, twos]
        yield np.repeat(table[letter, 0], n_phones + 1, 1), one, two


def _shift(values, by):
    shifted = np.zeros_like(values)
    shifted[:, by:] = values[:, : values.shape[1] - by]
    return shifted


def _expect(table, letters, ones, twos, counts):
    """Add the expected counts of one group, by the forward-backward algorithm."""
    steps = list(_steps(table, letters, ones, twos))
    forward = [np.zeros_like(steps[0][0])]
    forward[0][:, 0] = 1
    for none, one, two in steps:
        a = forward[-1]
        forward.append(a * none + _shift(a, 1) * one + _shift(a, 2) * two)
    backward = np.zeros_like(forward[0])
    backward[:, -1] = 1 / np.maximum(forward[-1][:, -1], 1e-300)
    for i in range(len(steps) - 1, -1, -1):
        none, one, two = (step * backward for step in steps[i])
        a = forward[i]
        letter = letters[:, i, None]
        np.add.at(counts, (letters[:, i], 0), (a * none).sum(1))
        np.add.at(counts, (np.broadcast_to(letter, ones.shape), ones), (_shift(a, 1) * one)[:, 1:])
        if twos.shape[1]:
            np.add.at(counts, (np.broadcast_to(letter, twos.shape), twos), (_shift(a, 2) * two)[:, 2:])
        backward = none.copy()
        backward[:, :-1] += one[:, 1:]
        backward[:, :-2] += two[:, 2:]


def _best(table, group, letters, ones, twos):
    """The likeliest alignment of every word of a group (Viterbi)."""
    best = np.full((len(letters), ones.shape[1] + 1), -np.inf)
    best[:, 0] = 0
    choices = []
    for step in _steps(np.maximum(table, 1e-12), letters, ones, twos):
        with np.errstate(divide="ignore"):
            logs = [np.log(values) for values in step]
        ways = [best + logs[0]]
        for by in (1, 2):
            moved = np.full_like(best, -np.inf)
            moved[:, by:] = best[:, : best.shape[1] - by]
            ways.append(moved + logs[by])
        choices.append(np.argmax(ways, axis=0))
        best = np.max(ways, axis=0)
    for row, (word, phones) in enumerate(group):
        place, pairs = len(phones), []
        for i in range(len(word) - 1, -1, -1):
            size = int(choices[i][row, place])
            pairs.append((word[i], phones[place - size : place]))
            place -= size
        yield pairs[::-1]


def number_pairs(aligned: Aligned) -> tuple[list[tuple[str, tuple[str, ...]]], list[list[int]]]:
    """The pairs that occur often enough, and the words made of them alone as their numbers, between begin and end."""
    counts: dict[tuple[str, tuple[str, ...]], int] = defaultdict(int)
    for word in aligned:
        for pair in word:
            counts[pair] += 1
    pairs = [("", ()), ("", ()), *sorted(pair for pair, count in counts.items() if count >= FEWEST_OF_A_PAIR)]
    numbers = {pair: number for number, pair in enumerate(pairs) if pair[0]}
    sequences = [
        [BEGIN, *(numbers[pair] for pair in word), END] for word in aligned if all(pair in numbers for pair in word)
    ]
    return pairs, sequences


def levels_of(sequences: list[list[int]], n_pairs: int) -> list[NgramTable]:
    """The n-grams of every length: Kneser and Ney's probabilities with three discounts, rare n-grams left to what is below them."""
    symbols = np.concatenate([np.array(word) for word in sequences])
    depth = np.concatenate([np.arange(len(word)) for word in sequences])
    nodes = [symbols]  # nodes[n][i]: the number of the n-gram of length n + 1 that ends at i
    parents, lasts, suffixes, counts = (
        [np.zeros(n_pairs, int)],
        [np.arange(n_pairs)],
        [],
        [np.bincount(symbols, minlength=n_pairs)],
    )
    for n in range(1, LONGEST_NGRAM):
        at = np.flatnonzero(depth >= n)
        keys, first, inverse, count = np.unique(
            nodes[-1][at - 1] * n_pairs + symbols[at], return_index=True, return_inverse=True, return_counts=True
        )
        parents.append(keys // n_pairs)
        lasts.append(keys % n_pairs)
        suffixes.append(nodes[-1][at[first]])
        counts.append(count)
        longer = np.full(len(symbols), -1)
        longer[at] = inverse
        nodes.append(longer)
    starts = _starts_of_words(parents, lasts, n_pairs)
    every = [np.ones(len(count), bool) for count in counts]
    kept = _worth_keeping(parents, suffixes, counts, *_smoothed(parents, suffixes, counts, starts, every))
    weights, backoffs = _smoothed(parents, suffixes, counts, starts, kept)
    return _as_levels(parents, lasts, kept, weights, backoffs)


def _worth_keeping(parents, suffixes, counts, probabilities, gammas):
    """Which n-grams say enough more than what would stand for them (Seymore, Rosenfeld: Scalable backoff language models, 1996)."""
    kept = [np.ones(len(counts[0]), bool)]
    for n in range(1, len(counts)):
        instead = gammas[n - 1][parents[n]] * probabilities[n - 1][suffixes[n - 1]]
        kept.append(counts[n] * np.abs(np.log(probabilities[n] / instead)) >= LEAST_GAIN)
    for n in range(len(counts) - 1, 0, -1):  # what stands before something kept must be found
        kept[n - 1][parents[n][kept[n]]] = True
    return kept


def _starts_of_words(parents, lasts, n_pairs):
    starts = [np.arange(n_pairs) == BEGIN]
    for parent in parents[1:]:
        starts.append(starts[-1][parent])
    return starts


def _smoothed(parents, suffixes, counts, starts, kept):
    """Probability of every n-gram and the weight that its children leave to shorter contexts; what is not kept gives its share."""
    probabilities, gammas = [], []
    for n, count in enumerate(counts):
        used = count.astype(float)
        if n + 1 < len(counts):  # how many different pairs stand before it (but for those that begin a word)
            before = np.bincount(suffixes[n], minlength=len(count))
            used = np.where(starts[n], used, before)
        if n == 0:
            used[BEGIN] = 0
            probabilities.append(np.maximum((used + 0.5) / (used + 0.5).sum(), 1e-9))
            continue
        of = [np.sum(used == k) for k in (1, 2, 3, 4)]
        y = of[0] / (of[0] + 2 * of[1])
        discounts = [0, *(k - (k + 1) * y * of[k] / max(of[k - 1], 1) for k in (1, 2, 3))]
        rest = np.array(discounts)[np.minimum(used, 3).astype(int)]
        total = np.bincount(parents[n], used, minlength=len(counts[n - 1]))
        own = np.where(kept[n], np.maximum(used - rest, 0) / np.maximum(total[parents[n]], 1), 0)
        gamma = np.clip(1 - np.bincount(parents[n], own, minlength=len(counts[n - 1])), 1e-6, 1)
        gammas.append(gamma)
        probabilities.append(own + gamma[parents[n]] * probabilities[-1][suffixes[n - 1]])
    gammas.append(np.ones(len(counts[-1])))
    return probabilities, gammas


def _as_levels(parents, lasts, kept, probabilities, gammas) -> list[NgramTable]:
    levels: list[NgramTable] = []
    leaves = [
        np.bincount(parent[keep], minlength=len(gamma)) == 0
        for parent, keep, gamma in zip(parents[1:], kept[1:], gammas, strict=False)
    ]
    gammas = [np.where(leaf, 1, gamma) for leaf, gamma in zip(leaves, gammas, strict=False)] + gammas[-1:]
    renumbered = np.zeros(1, int)
    n_parents = 1
    for parent, last, keep, probability, gamma in zip(parents, lasts, kept, probabilities, gammas, strict=True):
        children = np.bincount(renumbered[parent[keep]], minlength=n_parents)
        levels.append(
            NgramTable(
                array("H", last[keep].tolist()),
                array("B", _steps_of(probability[keep])),
                array("B", _steps_of(gamma[keep])),
                array("I", [0, *np.cumsum(children).tolist()]),
            )
        )
        renumbered = np.cumsum(keep) - 1
        n_parents = int(keep.sum())
    return levels


def _steps_of(probabilities) -> list[int]:
    return np.clip(np.rint(-np.log(probabilities) * STEPS_PER_NAT), 0, 255).astype(int).tolist()


def distance(reference: tuple[str, ...], estimate: tuple[str, ...]) -> int:
    """The fewest phones to replace, leave out or add (Levenshtein 1966)."""
    row = list(range(len(estimate) + 1))
    for i, phone in enumerate(reference, 1):
        before, row = row, [i]
        for j, other in enumerate(estimate, 1):
            row.append(min(before[j - 1] + (phone != other), before[j] + 1, row[-1] + 1))
    return row[-1]


def measure(model: LetterToSound, words: Words) -> None:
    """Print phoneme error and word accuracy, with stress and without; of several pronunciations the nearest counts."""
    names = {True: "with stress", False: "without stress"}
    said = {word: model.phones(word) for word in words}
    for stress, name in names.items():
        errors = phones = right = 0
        for word, pronunciations in words.items():
            estimate, *references = [
                spoken if stress else tuple(phone.rstrip("012") for phone in spoken)
                for spoken in (said[word], *pronunciations)
            ]
            wrong, length = min((distance(reference, estimate), len(reference)) for reference in references)
            errors, phones, right = errors + wrong, phones + length, right + (wrong == 0)
        print(
            f"{name}: phoneme error {errors / phones:.2%}, word accuracy {right / len(words):.2%} of {len(words)} words"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("cmudict", type=Path, help="cmudict.dict")
    parser.add_argument("--measure", action="store_true", help="measure the model in the package and train none")
    given = parser.parse_args()
    words = read(given.cmudict)
    if not given.measure:
        training = [(word, spoken) for word, several in words.items() for spoken in several if not is_held_out(word)]
        pairs, sequences = number_pairs(align(training))
        contents = pack(pairs, levels_of(sequences, len(pairs)))
        write_whole(OUT, contents)
        print(f"{OUT}: {len(pairs)} pairs, {len(contents) / 1e6:.2f} MB")
    measure(unpack(OUT.read_bytes()), {word: several for word, several in words.items() if is_held_out(word)})


if __name__ == "__main__":
    main()
