"""Train the heteronym model of English, and measure it and the rules on sentences that neither was made from.

    git clone https://github.com/google-research-datasets/WikipediaHomographData    # Apache License 2.0
    python recipes/heteronyms.py WikipediaHomographData/data              # a minute on one core
    python recipes/heteronyms.py WikipediaHomographData/data --measure    # the model in the package

Training data are the ``train`` sentences of the Wikipedia homograph data (Gorman, Mazovetskiy, Nikolaev 2018) and
``heteronym_sentences/train.txt``; held out are its ``eval`` sentences and ``heteronym_sentences/held_out.txt``.
Logistic regression with an L1 penalty chooses the features. ``heteronym_sentences/rules.txt`` is the table of rules
with which the model is compared.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from wavewright.base.whole_file import write_whole
from wavewright.text.characters import normalize_characters
from wavewright.text.english.context import Context
from wavewright.text.english.heteronyms import (
    HeteronymModel,
    HeteronymRules,
    bundled_model,
    bundled_rules,
    features,
    in_context,
)
from wavewright.text.english.pronounce import known, phones_of
from wavewright.text.english.rules import DATA, rows
from wavewright.text.english.scanner import Scanner, TokenReader

HERE = Path(__file__).with_name("heteronym_sentences")
OUT = DATA / "heteronym_model.txt"
OWN_WEIGHT = 3.0  # of a sentence written for Wavewright, against one of the Wikipedia homograph data
FEWEST = 2  # occurrences of a feature in the training data
L1 = 0.1
DIGITS = 1  # decimal digits of stored weights


@dataclass(frozen=True)
class Example:
    """A heteronym in a sentence, and its phones."""

    context: Context
    phones: tuple[str, ...]
    source: str
    text: str

    @property
    def word(self) -> str:
        """The heteronym."""
        return self.context.words[self.context.index]


def contexts(text: str, word: str) -> Iterator[tuple[int, Context]]:
    """Yield the start and the context of each occurrence of a word."""
    characters = normalize_characters(text)
    scanner = Scanner(TokenReader(characters.text, lambda name: known(name) is not None, on_skip=lambda *_: None))
    for tokens in scanner.sentences():
        spoken = [(token, number, name) for token in tokens for number, name in enumerate(token.words)]
        sentence = in_context(spoken, characters.text)
        for index, (token, _, name) in enumerate(spoken):
            if name == word:
                yield characters.position(token.start), Context(sentence, index)


def read_sentences(path: Path, source: str) -> Iterator[Example]:
    """Yield the examples of a file of sentences below ``word = phones``."""
    word, phones = "", ()
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith(" "):
            text = line.strip()
            marked = text.find(f"*{word}*")
            plain = text.replace("*", "")
            matches = [context for start, context in contexts(plain, word) if marked in (-1, start)]
            if not matches:
                raise SystemExit(f"{path}: {word!r} is not in {text!r}.")
            yield Example(matches[-1 if marked == -1 else 0], phones, source, plain)
        elif line and not line.startswith("#"):
            word, _, names = line.partition(" = ")
            phones = tuple(names.split())


def read_wikipedia(folder: Path) -> Iterator[Example]:
    """Yield the examples of a split of the Wikipedia homograph data."""
    labels = {label: (word, tuple(phones.split())) for label, word, phones in rows_of(HERE / "wordids.tsv")}
    for path in sorted(folder.glob("*.tsv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                if row["wordid"] not in labels:
                    continue
                word, phones = labels[row["wordid"]]
                start = len(row["sentence"].encode()[: int(row["start"])].decode())
                all_contexts = contexts(row["sentence"], word)
                matches = [context for at, context in all_contexts if at <= start < at + 2 * len(word)]
                if matches:
                    yield Example(matches[0], phones, "Wikipedia", row["sentence"])


def rows_of(path: Path) -> list[list[str]]:
    """Return the rows of a table."""
    return [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]


def named_features(example: Example, model: HeteronymModel) -> list[tuple[str, str]]:
    """Return the features of an example, each with the name of the weights it belongs to."""
    present = [*features(example.context), f"kind:{model.kinds[example.word]}"]
    own, *common = model.weight_names(example.word)
    return [
        *((own, feature) for feature in present),
        *((name, feature) for name in common for feature in present if not feature.startswith("near=")),
    ]


def train(examples: Sequence[Example], model: HeteronymModel) -> dict[str, list[tuple[str, float]]]:
    """Return the weights of each name: logistic regression with an L1 penalty."""
    present = [named_features(example, model) for example in examples]
    counts = Counter(feature for listed in present for feature in listed)
    columns = {feature: i for i, feature in enumerate(sorted(name for name, n in counts.items() if n >= FEWEST))}
    row, column = np.array(
        [(i, columns[feature]) for i, listed in enumerate(present) for feature in listed if feature in columns]
    ).T
    design = csr_matrix((np.ones(len(row)), (row, column)), (len(examples), len(columns)))
    signs = np.array([1.0 if e.phones == model.readings[e.word][1] else -1.0 for e in examples])
    importance = np.array([OWN_WEIGHT if e.source == "own sentences" else 1.0 for e in examples])

    def loss(halves: np.ndarray) -> tuple[float, np.ndarray]:
        weights = halves[: len(columns)] - halves[len(columns) :]
        margins = signs * (design @ weights)
        gradient = design.T @ (-importance * signs / (1 + np.exp(np.minimum(margins, 500))))
        value = (importance * np.logaddexp(0, -margins)).sum() + L1 * halves.sum()
        return value, np.concatenate([gradient + L1, L1 - gradient])

    start = np.zeros(2 * len(columns))  # the positive and the negative half of each weight
    best = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0, None)] * len(start), options={"maxiter": 500})
    weights = best.x[: len(columns)] - best.x[len(columns) :]
    chosen: dict[str, list[tuple[str, float]]] = {}
    for (name, feature), weight in zip(columns, np.round(weights, DIGITS), strict=True):
        if weight:
            chosen.setdefault(name, []).append((feature, float(weight)))
    return chosen


def packed(weights: dict[str, list[tuple[str, float]]]) -> dict[str, str]:
    """Return the weights of each name as they are stored."""
    return {name: " ".join(f"{feature} {weight:g}" for feature, weight in listed) for name, listed in weights.items()}


def starts_with_vowel(word: str) -> bool:
    """Return True if the first phone of a word is a vowel."""
    return bool(word) and phones_of(word)[0][-1].isdigit()


def phones_by(reader: HeteronymModel | HeteronymRules, context: Context) -> tuple[str, ...]:
    """Return the phones of a word by a model or by rules."""
    return reader.phones(context, starts_with_vowel) if isinstance(reader, HeteronymRules) else reader.phones(context)


def measure(examples: Sequence[Example], model: HeteronymModel, show: bool) -> None:
    """Print the accuracy of rules alone, and of the package: the model, and rules for the words that it lacks."""
    rules = HeteronymRules((HERE / "rules.txt").read_text(encoding="utf-8"))
    right: dict[str, Counter[str]] = {}
    for example in examples:
        by_rules = rules.phones(example.context, starts_with_vowel)
        reader = model if example.word in model else bundled_rules()
        in_package = phones_by(reader, example.context)
        groups = [example.source, f"{example.source}, words with {'the model' if example.word in model else 'rules'}"]
        for group in [*groups, *([f"{example.source}, {example.word}"] if show else [])]:
            counts = right.setdefault(group, Counter())
            counts["all"] += 1
            counts["rules"] += by_rules == example.phones
            counts["package"] += in_package == example.phones
        if show and in_package != example.phones:
            print(f"{example.word}, {' '.join(in_package)}: {example.text}")
    for group, n in sorted(right.items()):
        print(f"{group}: rules {n['rules'] / n['all']:.2%}, package {n['package'] / n['all']:.2%} of {n['all']}")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("wikipedia", type=Path, help="folder 'data' of the Wikipedia homograph data")
    parser.add_argument("--measure", action="store_true", help="measure the model in the package and train none")
    parser.add_argument("--show", action="store_true", help="print the errors and the accuracy of each word")
    arguments = parser.parse_args()
    table = rows("heteronyms", 4)
    if arguments.measure:
        model = bundled_model()
    else:
        untrained = HeteronymModel(table, {})
        examples = [
            *read_wikipedia(arguments.wikipedia / "train"),
            *read_sentences(HERE / "train.txt", "own sentences"),
        ]
        examples = [example for example in examples if example.word in untrained]  # the others have rules
        unknown = {example.word for example in examples if example.phones not in untrained.readings[example.word]}
        if unknown:
            raise SystemExit(f"heteronyms.tsv lacks readings of {', '.join(sorted(unknown))}.")
        lines = packed(train(examples, untrained))
        header = [
            "# Weights of the heteronym model: a word, or * and *s for common weights, then features and weights.",
            "# Source: recipes/heteronyms.py, trained on the Wikipedia homograph data (Google, Apache License 2.0) and",
            "# sentences written for Wavewright.",
        ]
        write_whole(
            OUT, ("\n".join([*header, *(f"{name} {line}" for name, line in sorted(lines.items()))]) + "\n").encode()
        )
        n_weights = sum(len(line.split()) // 2 for line in lines.values())
        print(f"{OUT.name}: {n_weights} weights, {OUT.stat().st_size:,} bytes, from {len(examples)} sentences")
        model = HeteronymModel(table, lines)
    held_out = [*read_wikipedia(arguments.wikipedia / "eval"), *read_sentences(HERE / "held_out.txt", "own sentences")]
    measure(held_out, model, arguments.show)


if __name__ == "__main__":
    main()
