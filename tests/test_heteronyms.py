"""Heteronyms: features of a word, the weights that apply to it, rules before the model, the recipe's training."""

from __future__ import annotations

import importlib

import pytest

from wavewright.text.english.context import Context, SentenceWords
from wavewright.text.english.heteronyms import (
    HeteronymModel,
    HeteronymRules,
    bundled_model,
    bundled_rules,
    features,
)
from wavewright.text.english.rules import rows

TABLE = [
    ["bass", "words", "B EY1 S", "B AE1 S"],
    ["record", "noun-verb", "R EH1 K ER0 D", "R AH0 K AO1 R D"],
    ["refund", "verb-noun", "R IY1 F AH2 N D", "R IH0 F AH1 N D"],
]


def context(text, index):
    words = text.split()
    capitals = [word[0].isupper() for word in words]
    return Context(
        SentenceWords([word.lower().rstrip(",") for word in words], capitals, ["," * w.endswith(",") for w in words]),
        index,
    )


def test_features_are_neighbours_classes_guesses_and_words_near_by():
    assert [*features(context("They will record Maria quietly", 2))] == [
        *("bias", "capital:False,False", "part:verb", "past:False"),
        *("-2:subj", "-2=they", "-1:modal", "-1=will", "1:cap", "1=maria", "2:ly", "2=quietly"),
        *("-2,-1:subj,modal", "-1,1:modal,cap", "1,2:cap,ly", "-3,-2,-1:^,subj,modal"),
        *("near=maria", "near=quietly"),
    ]


def test_neighbours_end_at_a_pause_and_words_near_by_do_not():
    actual = {*features(context("Fish, the bass", 2))}
    assert {"-1=the", "-2:^", "near=fish"} <= actual
    assert "-2=fish" not in actual


def test_own_and_common_weights_add_up():
    model = HeteronymModel(
        TABLE, {"record": "bias -1", "*": "bias 0.4 -1=will 0.5", "*s": "bias 3", "bass": "near=fish 1"}
    )
    assert model.score(context("they will record", 2)) == pytest.approx(-0.1)
    assert model.phones(context("they will record", 2)) == ("R", "EH1", "K", "ER0", "D")
    assert model.score(context("they will refund", 2)) == pytest.approx(0.9)  # no weights of its own
    assert model.phones(context("she records", 1))[-3:] == ("R", "D", "Z")
    assert model.score(context("bass", 0)) == 0  # common weights are those of nouns and verbs
    assert [model.phones(context(text, 0))[1] for text in ("bass fish", "bass solo")] == ["AE1", "EY1"]
    assert "bassss" not in model
    assert "basss" not in model


def test_the_kind_of_a_word_is_a_feature():
    model = HeteronymModel(TABLE, {"*": "kind:verb-noun 2 bias -1"})
    assert [model.score(context(word, 0)) for word in ("refund", "record")] == [1, -1]


def test_a_word_has_rules_or_readings_of_the_model():
    listed = {row[0] for row in rows("heteronyms", 4)}
    assert not listed & {*bundled_rules().readings}
    assert {"record", "records", "use", "uses"} <= {*bundled_model().readings}


def test_the_first_reading_whose_conditions_hold_is_chosen():
    rules = HeteronymRules("word row\n R AW1: after a & with furious | first & end\n R OW1\n")
    assert [
        rules.phones(context(text, at), bool)[1] for text, at in (("a row", 1), ("a row furious", 1), ("row", 0))
    ] == [
        *("OW1", "AW1", "AW1"),
    ]
    with pytest.raises(
        ValueError, match="Line 2 of the table of heteronyms has the condition 'behind it', which is none"
    ):
        HeteronymRules("word row\n R AW1: behind it\n")


def test_the_recipe_learns_from_sentences(tmp_path):
    recipe = importlib.import_module("recipes.heteronyms")
    path = tmp_path / "sentences.txt"
    path.write_text(
        "# comment\nbass = B AE1 S\n    We caught a bass.\n    I caught one bass.\n    A bass, a *bass* was caught.\n"
        "bass = B EY1 S\n    The bass is loud.\n    Play the bass now.\n",
        encoding="utf-8",
    )
    examples = [*recipe.read_sentences(path, "own sentences")]
    assert [(example.context.index, example.phones[1]) for example in examples] == [
        *((3, "AE1"), (3, "AE1"), (3, "AE1"), (1, "EY1"), (2, "EY1")),
    ]
    model = HeteronymModel(TABLE, recipe.packed(recipe.train(examples, HeteronymModel(TABLE, {}))))
    assert all(model.phones(example.context) == example.phones for example in examples)
    path.write_text("bass = B AE1 S\n    No fish.\n", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"'bass' is not in 'No fish\.'"):
        [*recipe.read_sentences(path, "own sentences")]


def test_training_and_held_out_sentences_have_nothing_in_common():
    recipe = importlib.import_module("recipes.heteronyms")
    train, held_out = (
        {
            line.strip().lower()
            for line in (recipe.HERE / name).read_text(encoding="utf-8").splitlines()
            if line[:1] == " "
        }
        for name in ("train.txt", "held_out.txt")
    )
    assert not train & held_out
