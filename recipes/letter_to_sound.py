"""Train the letter-to-sound model of English on 95 % of the CMU Pronouncing Dictionary, and measure it on the rest.

    python recipes/letter_to_sound.py cmudict.dict             # a few minutes on one core
    python recipes/letter_to_sound.py cmudict.dict --measure   # the model in the package, on the words held out

Letters and phones are aligned by expectation maximisation, each letter with no, one or two phones. The pairs become
n-grams with modified Kneser-Ney smoothing, pruned by what each adds to the likelihood.

References
----------
M. Bisani, H. Ney: Joint-sequence models for grapheme-to-phoneme conversion. Speech Communication, 2008.
K. Seymore, R. Rosenfeld: Scalable backoff language models. ICSLP, 1996.
S. F. Chen, J. Goodman: An empirical study of smoothing techniques for language modeling. Computer Speech & Language,
1999.
"""

from __future__ import annotations

import argparse
import zlib
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pronouncing_dictionary import read

from wavewright.base.whole_file import write_whole
from wavewright.text import english
from wavewright.text.letter_to_sound import BEGIN, END, STEPS_PER_NAT, LetterToSound, NgramTable, pack, unpack

OUT = Path(english.__file__).parent / "data" / "letter_to_sound.wwl2s"
HELD_OUT = 20  # one word in 20
ITERATIONS = 8
MIN_PAIR_COUNT = 3
ORDER = 7  # pairs in the longest n-gram
MIN_GAIN = 1.15  # nats that an n-gram must add to the log-likelihood of the training words
ALPHABET = "abcdefghijklmnopqrstuvwxyz'"

Words = dict[str, list[tuple[str, ...]]]
Pair = tuple[str, tuple[str, ...]]
"""A letter and its phones."""

Aligned = list[list[Pair]]
Arrays = list[np.ndarray]
Numbers = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Letters ``(words, letters)`` and columns of one phone ``(words, phones)`` and of two ``(words, phones - 1)``."""


def is_held_out(word: str) -> bool:
    """Return True for a word that is held out, by its own hash, so that other words do not change it."""
    return zlib.crc32(word.encode()) % HELD_OUT == 0


def align(words: list[tuple[str, tuple[str, ...]]], alphabet: str = ALPHABET) -> Aligned:
    """Align the letters of an alphabet and phones of words; those with over two phones per letter are left out."""
    bare = {phone: phone.rstrip("012") for _, phones in words for phone in phones}
    names = sorted({*bare.values()})
    code = {phone: names.index(bare[phone]) for phone in bare}
    groups = defaultdict(list)
    for word, phones in words:
        if len(phones) <= 2 * len(word):
            groups[len(word), len(phones)].append((word, phones))
    n = len(names)
    table = np.full((len(alphabet), 1 + n + n * n), 1.0)  # (letters, nothing | one phone | two phones)
    table[:, 0] = table[:, 1 + n :] = 0.1
    prepared = [(group, *_numbers(group, code, n, alphabet)) for group in groups.values()]
    for _ in range(ITERATIONS):
        counts = np.zeros_like(table)
        for _, letters, ones, twos in prepared:
            _expect(table, letters, ones, twos, counts)
        table = counts / np.maximum(counts.sum(1, keepdims=True), 1e-9)
    return [pairs for group, *numbers in prepared for pairs in _best(table, group, *numbers)]


def _numbers(group: list[Pair], code: dict[str, int], n: int, alphabet: str) -> Numbers:
    """Return the words of a group as numbers: letters, and columns of the table for one and for two phones."""
    letters = np.array([[alphabet.index(letter) for letter in word] for word, _ in group])
    phones = np.array([[code[phone] for phone in spoken] for _, spoken in group])
    return letters, 1 + phones, 1 + n + phones[:, :-1] * n + phones[:, 1:]


def _steps(table: np.ndarray, letters: np.ndarray, ones: np.ndarray, twos: np.ndarray) -> Iterator[Numbers]:
    """Yield for each letter the probabilities of 0, 1 and 2 phones that end at each phone ``(words, phones + 1)``."""
    n_phones = ones.shape[1]
    for i in range(letters.shape[1]):
        letter = letters[:, i, None]
        one = np.zeros((len(letters), n_phones + 1))
        two = np.zeros_like(one)
        one[:, 1:] = table[letter, ones]
        two[:, 2:] = table[letter, twos]
        yield np.repeat(table[letter, 0], n_phones + 1, 1), one, two


def _shift(values: np.ndarray, by: int) -> np.ndarray:
    """Shift columns to the right; zeros come in."""
    shifted = np.zeros_like(values)
    shifted[:, by:] = values[:, : values.shape[1] - by]
    return shifted


def _expect(table: np.ndarray, letters: np.ndarray, ones: np.ndarray, twos: np.ndarray, counts: np.ndarray) -> None:
    """Add the expected counts of a group to ``counts``, by the forward-backward algorithm."""
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


def _best(
    table: np.ndarray, group: list[Pair], letters: np.ndarray, ones: np.ndarray, twos: np.ndarray
) -> Iterator[list[Pair]]:
    """Yield the most likely alignment of each word of a group (Viterbi)."""
    best = np.full((len(letters), ones.shape[1] + 1), -np.inf)
    best[:, 0] = 0
    choices = []
    for step in _steps(np.maximum(table, 1e-12), letters, ones, twos):
        with np.errstate(divide="ignore"):
            logs = [np.log(values) for values in step]
        candidates = [best + logs[0]]
        for by in (1, 2):
            moved = np.full_like(best, -np.inf)
            moved[:, by:] = best[:, : best.shape[1] - by]
            candidates.append(moved + logs[by])
        choices.append(np.argmax(candidates, axis=0))
        best = np.max(candidates, axis=0)
    for row, (word, phones) in enumerate(group):
        end, pairs = len(phones), []
        for i in range(len(word) - 1, -1, -1):
            size = int(choices[i][row, end])
            pairs.append((word[i], phones[end - size : end]))
            end -= size
        yield pairs[::-1]


def number_pairs(aligned: Aligned) -> tuple[list[Pair], list[list[int]]]:
    """Return the pairs that are frequent enough, and words of such pairs as numbers between begin and end."""
    counts: dict[Pair, int] = defaultdict(int)
    for word in aligned:
        for pair in word:
            counts[pair] += 1
    pairs = [("", ()), ("", ()), *sorted(pair for pair, count in counts.items() if count >= MIN_PAIR_COUNT)]
    numbers = {pair: number for number, pair in enumerate(pairs) if pair[0]}
    sequences = [
        [BEGIN, *(numbers[pair] for pair in word), END] for word in aligned if all(pair in numbers for pair in word)
    ]
    return pairs, sequences


@dataclass
class NgramCounts:
    """The n-grams of one order and their counts; an n-gram is a context of the order below and a last pair."""

    contexts: np.ndarray  # number of the context among the n-grams of the order below
    last_pairs: np.ndarray
    suffixes: np.ndarray  # number, in the order below, of the n-gram without its first pair
    counts: np.ndarray
    starts_word: np.ndarray  # True for n-grams that start with BEGIN


def ngram_tables(sequences: list[list[int]], n_pairs: int) -> list[NgramTable]:
    """Return the n-grams of each order, with modified Kneser-Ney probabilities, pruned."""
    orders = count_ngrams(sequences, n_pairs)
    everything = [np.ones(len(order.counts), bool) for order in orders]
    retained = _pruned(orders, *_smoothed(orders, everything))
    return _as_tables(orders, retained, *_smoothed(orders, retained))


def count_ngrams(sequences: list[list[int]], n_pairs: int) -> list[NgramCounts]:
    """Count the n-grams of each order up to ``ORDER``."""
    pairs = np.concatenate([np.array(word) for word in sequences])
    depth = np.concatenate([np.arange(len(word)) for word in sequences])
    begins = np.arange(n_pairs) == BEGIN
    none = np.zeros(n_pairs, int)
    orders = [NgramCounts(none, np.arange(n_pairs), none, np.bincount(pairs, minlength=n_pairs), begins)]
    ngrams = pairs  # number of the n-gram of the present order that ends at each pair
    for n in range(1, ORDER):
        at = np.flatnonzero(depth >= n)
        keys, first, inverse, counts = np.unique(
            ngrams[at - 1] * n_pairs + pairs[at], return_index=True, return_inverse=True, return_counts=True
        )
        contexts = keys // n_pairs
        starts_word = orders[-1].starts_word[contexts]
        orders.append(NgramCounts(contexts, keys % n_pairs, ngrams[at[first]], counts, starts_word))
        ngrams = np.full(len(pairs), -1)
        ngrams[at] = inverse
    return orders


def _pruned(orders: list[NgramCounts], probabilities: Arrays, backoffs: Arrays) -> Arrays:
    """Return True for each n-gram that improves the likelihood enough over backing off (Seymore and Rosenfeld)."""
    retained = [np.ones(len(orders[0].counts), bool)]
    for n, order in enumerate(orders[1:], 1):
        backed_off = backoffs[n - 1][order.contexts] * probabilities[n - 1][order.suffixes]
        retained.append(order.counts * np.abs(np.log(probabilities[n] / backed_off)) >= MIN_GAIN)
    for n in range(len(orders) - 1, 0, -1):  # the contexts of what is retained stay, too
        retained[n - 1][orders[n].contexts[retained[n]]] = True
    return retained


def _smoothed(orders: list[NgramCounts], retained: Arrays) -> tuple[Arrays, Arrays]:
    """Return the probability of each n-gram and its back-off weight as a context (Chen and Goodman)."""
    first = _kneser_ney_counts(orders, 0)
    first[BEGIN] = 0
    probabilities = [np.maximum((first + 0.5) / (first + 0.5).sum(), 1e-9)]
    backoffs = []
    for n, order in enumerate(orders[1:], 1):
        counts = _kneser_ney_counts(orders, n)
        n_contexts = len(orders[n - 1].counts)
        total = np.bincount(order.contexts, counts, minlength=n_contexts)
        discounted = np.maximum(counts - _discounts(counts), 0) / np.maximum(total[order.contexts], 1)
        own = np.where(retained[n], discounted, 0)
        backoff = np.clip(1 - np.bincount(order.contexts, own, minlength=n_contexts), 1e-6, 1)
        backoffs.append(backoff)
        probabilities.append(own + backoff[order.contexts] * probabilities[-1][order.suffixes])
    backoffs.append(np.ones(len(orders[-1].counts)))
    return probabilities, backoffs


def _kneser_ney_counts(orders: list[NgramCounts], n: int) -> np.ndarray:
    """Return the number of different pairs before each n-gram; counts for the longest, and at the start of a word."""
    counts = orders[n].counts.astype(float)
    if n + 1 == len(orders):
        return counts
    preceding = np.bincount(orders[n + 1].suffixes, minlength=len(counts))
    return np.where(orders[n].starts_word, counts, preceding)


def _discounts(counts: np.ndarray) -> np.ndarray:
    """Return the discount of each count: one for counts of 1, of 2, and of 3 or more."""
    n1, n2, n3, n4 = (np.sum(counts == k) for k in (1, 2, 3, 4))
    y = n1 / (n1 + 2 * n2)
    discounts = [0, 1 - 2 * y * n2 / max(n1, 1), 2 - 3 * y * n3 / max(n2, 1), 3 - 4 * y * n4 / max(n3, 1)]
    return np.array(discounts)[np.minimum(counts, 3).astype(int)]


def _as_tables(
    orders: list[NgramCounts], retained: Arrays, probabilities: Arrays, backoffs: Arrays
) -> list[NgramTable]:
    """Return the retained n-grams as they are stored."""
    tables: list[NgramTable] = []
    renumbered = np.zeros(1, int)
    n_contexts = 1
    for n, order in enumerate(orders):
        chosen = retained[n]
        backoff = backoffs[n]
        if n + 1 < len(orders):  # a context without n-grams backs off freely
            n_children = np.bincount(orders[n + 1].contexts[retained[n + 1]], minlength=len(backoff))
            backoff = np.where(n_children == 0, 1, backoff)
        sizes = np.bincount(renumbered[order.contexts[chosen]], minlength=n_contexts)
        tables.append(
            NgramTable(
                array("H", order.last_pairs[chosen].tolist()),
                array("B", _quantised(probabilities[n][chosen])),
                array("B", _quantised(backoff[chosen])),
                array("I", [0, *np.cumsum(sizes).tolist()]),
            )
        )
        renumbered = np.cumsum(chosen) - 1
        n_contexts = int(chosen.sum())
    return tables


def _quantised(probabilities: np.ndarray) -> list[int]:
    """Return ``-ln p`` in steps."""
    return [int(step) for step in np.clip(np.rint(-np.log(probabilities) * STEPS_PER_NAT), 0, 255)]


def distance(reference: Sequence[str], estimate: Sequence[str]) -> int:
    """Return the edit distance of two sequences of phones (Levenshtein 1966)."""
    row = list(range(len(estimate) + 1))
    for i, phone in enumerate(reference, 1):
        before, row = row, [i]
        for j, other in enumerate(estimate, 1):
            row.append(min(before[j - 1] + (phone != other), before[j] + 1, row[-1] + 1))
    return row[-1]


def without_stress(phones: Sequence[str]) -> tuple[str, ...]:
    """Return phones without the digits of stress."""
    return tuple(phone.rstrip("012") for phone in phones)


def report(predicted: Words, words: Words) -> str:
    """Return phoneme error rate and word accuracy; of several pronunciations the nearest counts."""
    n_errors = n_phones = n_right = 0
    for word, references in words.items():
        errors, length = min((distance(phones, predicted[word][0]), len(phones)) for phones in references)
        n_errors, n_phones, n_right = n_errors + errors, n_phones + length, n_right + (errors == 0)
    return f"phoneme error {n_errors / n_phones:.2%}, word accuracy {n_right / len(words):.2%} of {len(words)} words"


def measure(model: LetterToSound, words: Words) -> None:
    """Print phoneme error rate and word accuracy, with stress and without."""
    predicted = {word: [model.phones(word)] for word in words}
    print("with stress:", report(predicted, words))
    bare = [{word: [*map(without_stress, listed)] for word, listed in table.items()} for table in (predicted, words)]
    print("without stress:", report(*bare))


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("cmudict", type=Path, help="cmudict.dict")
    parser.add_argument("--measure", action="store_true", help="measure the model in the package and train none")
    arguments = parser.parse_args()
    words = read(arguments.cmudict)
    if not arguments.measure:
        training = [(word, phones) for word, listed in words.items() for phones in listed if not is_held_out(word)]
        pairs, sequences = number_pairs(align(training))
        contents = pack(pairs, ngram_tables(sequences, len(pairs)))
        write_whole(OUT, contents)
        print(f"{OUT}: {len(pairs)} pairs, {len(contents) / 1e6:.2f} MB")
    measure(unpack(OUT.read_bytes()), {word: listed for word, listed in words.items() if is_held_out(word)})


if __name__ == "__main__":
    main()
