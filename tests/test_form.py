"""Forms: plans that people write, those of scores, and pieces that keep them."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from test_composer import config_of, nothing_known, random_grid, random_module
from tiny_families import trained

from wavewright.base.errors import BadModel, BadSetting
from wavewright.contracts.composition import CompositionSettings
from wavewright.families.composer.config import CADENCE_STEPS, FORM_FILE
from wavewright.families.composer.constraints import Constraints, masks_of
from wavewright.families.composer.conversion import grid_of, lane_events
from wavewright.families.composer.drawing import DrawSettings, GridDrawer
from wavewright.families.composer.form import (
    LearnedForm,
    LearnedForms,
    PlannedPiece,
    cadence_kind,
    form_of,
    kept_quarters,
    of_length,
    packed,
)
from wavewright.families.composer.grid import STEPS_PER_QUARTER, Grid
from wavewright.families.composer.training import TorchSteps
from wavewright.families.composer.vocabulary import FIRST_NOTE
from wavewright.families.loading import load_composer
from wavewright.music.form import FormBar, FormPlan, letters_of, read_plan
from wavewright.music.rules import compose_by_rule
from wavewright.music.theory import MusicalKey

PITCHED = ("voices", "lead-sheet")


def sources(plan):
    return [bar.source for bar in plan.bars]


def cadences(plan):
    return [bar.cadence for bar in plan.bars]


def test_equal_letters_return_and_a_prime_ends_otherwise():
    plan = FormPlan.of_form("A A' B A", 16)
    assert sources(plan) == [None] * 4 + [0, 1, None, None] + [None] * 4 + [0, 1, None, None]
    assert cadences(plan)[3::4] == ["half", "full", "full", "full"]
    assert sources(FormPlan.of_form("AABA", 32))[24:] == list(range(8))
    assert cadences(FormPlan.of_form("AABA", 32))[3::4] == ["half", "full"] * 4


def test_a_plan_is_read_from_a_file(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text(
        '[[sections]]\nletter = "a"\nbars = 4\ncadences = ["none", "half"]\n'
        '[[sections]]\nletter = "B"\nbars = 3\n[[sections]]\nletter = "A"\nbars = 6\n',
        encoding="utf-8",
    )
    plan = read_plan(path)
    assert sources(plan) == [None] * 7 + [0, 1, 2, 3, None, None]
    assert cadences(plan) == [None, "none", None, "half", None, None, "full", None, "none", None, "half", None, "full"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[sections]]\nletter = "AB"\nbars = 4', "has 2 letters; write one"),
        ('[[sections]]\nletter = "A"\nbars = 0', "sections, number 1: bars is 0; it must be at least 1"),
        ('[[sections]]\nletter = "A"\nbars = 5\ncadences = ["half", "full"]', "5 bars and 2 cadences"),
        ('[[sections]]\nletter = "A"\nlength = 5', "number 1: bars is missing"),
        ("sections = []", "at least 1, and has 0"),
    ],
)
def test_wrong_plans_are_refused(text, message, tmp_path):
    (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
    with pytest.raises(BadSetting, match=message):
        read_plan(tmp_path / "plan.toml")


def test_a_form_needs_letters_and_bars_that_divide():
    with pytest.raises(BadSetting, match=r"The form is 'A4'; write letters such as AABA"):
        letters_of("A4")
    with pytest.raises(BadSetting, match=r"16 bars do not divide into the 3 sections of AAB; .* such as 15"):
        FormPlan.of_form("AAB", 16)
    with pytest.raises(BadSetting, match="Bar 2 returns bar 2; give an earlier one"):
        FormPlan((FormBar(), FormBar(1)))


def test_rules_and_plans_have_the_same_sections():
    score = compose_by_rule("jig", form="AA'BA", bars=16, seed=3)
    bar = score.length // 16

    def notes_of_bar(index):
        notes = score.tracks[0].notes
        inside = notes[(notes["start"] >= index * bar) & (notes["start"] < (index + 1) * bar)]
        return [(int(note["start"]) - index * bar, int(note["pitch"])) for note in inside]

    for index, bar_plan in enumerate(FormPlan.of_form("AA'BA", 16).bars[:14]):
        if bar_plan.source is not None:
            assert notes_of_bar(index) == notes_of_bar(bar_plan.source)


# --- forms of scores


@pytest.mark.parametrize("layout", [*PITCHED, "drums"])
def test_bars_that_return_are_found(layout):
    config = config_of(layout)
    grid = random_grid(config, 64, 5)
    bars = [0, 1, 0, 2, 1, 3, 2]
    symbols = np.concatenate([grid.symbols[16 * bar : 16 * bar + 16] for bar in bars])
    is_held = np.concatenate([grid.is_held[16 * bar : 16 * bar + 16] for bar in bars])
    is_held[::16] = False
    found = form_of(Grid(symbols, is_held), config).plan
    expected = [bars.index(bar) if bar in bars[:index] else None for index, bar in enumerate(bars)]
    assert [bar.source if bar.manner == "exact" else None for bar in found.bars] == expected


@pytest.mark.parametrize(("semitones", "seed"), [(-2, 0), (1, 1), (5, 2)])
def test_a_transposed_piece_has_its_form_in_another_key(semitones, seed):
    config = config_of("voices")
    grid = random_grid(config, 128, seed)
    form, moved = (
        form_of(grid, config_of("voices", lowest=48 + shift, highest=72 + shift)) for shift in (0, semitones)
    )
    assert moved.plan == form.plan
    assert (moved.key.tonic - form.key.tonic - semitones) % 12 == 0
    assert {*cadences(form.plan)} - {None, "none"}


@pytest.mark.parametrize(
    ("degree", "root", "kind"),
    [
        (0, None, "full"),
        (0, 5, "full"),
        (4, 0, "full"),
        (4, None, "none"),
        (7, None, "half"),
        (2, 7, "half"),
        (2, 0, "none"),
    ],
)
def test_cadences_by_their_last_note(degree, root, kind):
    assert cadence_kind(degree, root) == kind


@pytest.mark.parametrize(
    ("key", "minor"), [("C", False), ("Am", True), ("A dorian", True), ("C mixolydian", False), ("C whole-tone", False)]
)
def test_modes_are_minor_by_their_third(key, minor):
    assert MusicalKey.parse(key).is_minor == minor


kinds = st.sampled_from([None, "full", "half", "none"])


@st.composite
def plans(draw, longest=24):
    bars = []
    for index in range(draw(st.integers(1, longest))):
        source = draw(st.none() | st.integers(0, index - 1)) if index else None
        manner = "exact" if source is None else draw(st.sampled_from(["exact", "varied"]))
        kind = draw(kinds)
        step = None if kind is None else draw(st.none() | st.integers(0, 15))
        bars.append(FormBar(source, manner, kind, step))
    return FormPlan(tuple(bars))


keys = st.none() | st.builds(MusicalKey, st.integers(0, 11), st.sampled_from(["major", "minor"]))


@given(st.lists(st.builds(LearnedForm, plans(), keys, st.sampled_from([12, 16])), min_size=1, max_size=4))
def test_forms_survive_their_file(forms):
    learned = LearnedForms(packed(forms))
    assert [learned[row] for row in range(len(forms))] == forms
    for damaged in (packed(forms)["bars"][1:], np.repeat(packed(forms)["bars"], 2, axis=0)):
        with pytest.raises(BadModel, match="The forms of the model are damaged"):
            LearnedForms({**packed(forms), "bars": damaged})


@given(plans(), st.integers(1, 60))
def test_a_plan_of_another_length_keeps_start_and_end(plan, n_bars):
    fitted = of_length(plan, n_bars)  # whose sources are checked by the class
    assert len(fitted) == n_bars
    if n_bars >= len(plan):
        assert fitted.bars[: len(plan)] == plan.bars
    if n_bars % len(plan) or n_bars == len(plan):
        assert (fitted.bars[-1].cadence, fitted.bars[-1].cadence_step) == (
            plan.bars[-1].cadence,
            plan.bars[-1].cadence_step,
        )


@given(st.integers(1, 40), st.sampled_from([12, 16, 20]), keys, st.integers(0, 99))
def test_a_drawn_form_has_the_metre_and_mode_if_one_has(n_bars, bar_steps, key, seed):
    forms = [
        LearnedForm(FormPlan((FormBar(),) * bars), MusicalKey(2, mode), steps)
        for bars, mode, steps in itertools.product((4, 8), ("major", "minor"), (12, 16))
    ]
    drawn = LearnedForms(packed(forms)).draw(n_bars, bar_steps, key, np.random.default_rng(seed))
    assert len(drawn.plan) == n_bars
    assert bar_steps in (drawn.bar_steps, 20)
    assert key is None or drawn.key.is_minor == key.is_minor


def test_a_guide_counts_to_the_next_last_note():
    bars = (FormBar(), FormBar(cadence="half", cadence_step=4), FormBar(), FormBar(0, cadence="full"), FormBar())
    guide = LearnedForm(FormPlan(bars), MusicalKey(9, "minor"), 8).guide(40, usual_step=2)
    assert (guide.tonic, guide.mode) == (9, 1)
    assert guide.cadences[:, 0].tolist() == [*range(12, -1, -1), *range(13, -1, -1), *[CADENCE_STEPS - 1] * 13]
    assert guide.cadences[:, 1].tolist() == [2] * 13 + [1] * 14 + [0] * 13
    assert guide[4:6].cadences.tolist() == guide.cadences[4:6].tolist()


# --- pieces with a form


@pytest.mark.parametrize("layout", [*PITCHED, "drums"])
@settings(max_examples=15)
@given(plans(5), st.integers(0, 11), st.booleans(), st.booleans(), st.integers(0, 1000))
def test_a_piece_keeps_its_plan(layout, plan, tonic, is_in_key, is_of_score, seed):
    config = config_of(layout)
    key = MusicalKey(tonic, "minor" if seed % 2 else "major")
    constraints = Constraints(key.pitch_classes if is_in_key and config.has_notes else None)
    masks = masks_of(constraints, config, 16 * len(plan), 16)
    planned = PlannedPiece(plan, key, config, 16, is_of_score=is_of_score)
    sketch, masks = planned.sketched(nothing_known(config, 16 * len(plan)), masks, 0, np.random.default_rng(seed))
    drawer = GridDrawer(config, TorchSteps(random_module(config)), DrawSettings(1.2, 1.0))
    grid = drawer.draw(sketch, masks, np.random.default_rng(seed))
    cells = grid.symbols.reshape(len(plan), 16, -1)
    is_copied = sketch.returns.is_copied.reshape(cells.shape)
    for index, bar in enumerate(plan.bars):
        if bar.source is not None:
            assert (cells[index] == cells[bar.source])[is_copied[index]].all()
            if bar.manner == "exact" and bar.cadence is None and index < len(plan) - 1:
                assert is_copied[index].all()
    if config.has_notes:
        ends = [lane_events(grid, lane)[-1] for lane in range(config.n_lanes if layout == "voices" else 1)]
        degrees = [(symbol - FIRST_NOTE + config.vocabulary.lowest - tonic) % 12 for _, _, symbol in ends]
        start, end, _ = ends[0]
        if layout == "voices":
            assert all(end == len(grid) for _, end, _ in ends)
        else:  # what follows is the rest before another verse
            assert end >= min(start + STEPS_PER_QUARTER, len(grid))
            assert start >= len(grid) - 16
        assert degrees[0] == degrees[-1] == 0
        assert set(degrees) <= ({0, 3, 7} if key.is_minor else {0, 4, 7})


@pytest.mark.parametrize(("layout", "is_varied"), [("lead-sheet", True), ("voices", False)])
def test_the_last_note_of_a_tune_may_leave_a_rest(layout, is_varied):
    config = config_of(layout)
    planned = PlannedPiece(FormPlan((FormBar(), FormBar(source=0))), MusicalKey(), config, 16)
    rests = set()
    for seed in range(12):
        rng = np.random.default_rng(seed)
        sketch, masks = planned.sketched(nothing_known(config, 32), masks_of(Constraints(), config, 32, 16), 0, rng)
        grid = GridDrawer(config, TorchSteps(random_module(config)), DrawSettings(1.2, 1.0)).draw(sketch, masks, rng)
        start, end, _ = lane_events(grid, 0)[-1]
        assert start == 16
        rests.add(32 - end)
    assert (rests != {0}) == is_varied


@pytest.mark.parametrize("layout", PITCHED)
@settings(max_examples=15)
@given(st.integers(0, 11), st.none() | st.integers(0, 15), st.integers(0, 1000))
def test_a_phrase_without_a_cadence_stays_open(layout, tonic, step, seed):
    config = config_of(layout)
    planned = PlannedPiece(
        FormPlan((FormBar(cadence="none", cadence_step=step), FormBar())), MusicalKey(tonic), config, 16
    )
    masks = masks_of(Constraints(), config, 32, 16)
    sketch, masks = planned.sketched(nothing_known(config, 32), masks, 0, np.random.default_rng(seed))
    grid = GridDrawer(config, TorchSteps(random_module(config)), DrawSettings(1.2, 1.0)).draw(
        sketch, masks, np.random.default_rng(seed)
    )
    last = next(symbol for start, _, symbol in lane_events(grid, 0) if start == (step or 0))
    degree = (last - FIRST_NOTE + config.vocabulary.lowest - tonic) % 12
    assert cadence_kind(degree, None) == "none"


@pytest.mark.parametrize("layout", [*PITCHED, "drums"])
@given(st.integers(1, 6), st.integers(0, 1000))
def test_each_voice_of_a_varied_bar_keeps_its_beginning_or_its_end(layout, n_quarters, seed):
    kept = kept_quarters(n_quarters, config_of(layout), np.random.default_rng(seed))
    assert not kept.all()
    n_changes = np.abs(np.diff(kept.astype(int), axis=0)).sum(0)
    assert (n_changes <= 1).all()


def test_phrases_of_a_learned_form_may_end_over_another_chord():
    plan = FormPlan((FormBar(cadence="full"), FormBar(cadence="half"), FormBar()))
    config = config_of("lead-sheet")
    known = {}
    for is_of_score in (False, True):
        planned = PlannedPiece(plan, MusicalKey(), config, 16, is_of_score=is_of_score)
        masks = masks_of(Constraints(), config, 48, 16)
        sketch, _ = planned.sketched(nothing_known(config, 48), masks, 0, np.random.default_rng(0))
        known[is_of_score] = sketch.is_known[:, 1].reshape(3, 16).any(1).tolist()
    assert known == {False: [True, True, True], True: [False, True, True]}


def drawn_in_two_pitches(plan, seed, **changes):
    """Return a lead sheet of two pitches in two rhythms, in which bars are often alike."""
    config = config_of("lead-sheet")
    limits = Constraints(lowest=60, highest=61, onset_steps=8)
    masks = masks_of(limits, config, 16 * len(plan), 16)
    planned = PlannedPiece(plan, MusicalKey(), config, 16)
    sketch, masks = planned.sketched(nothing_known(config, 16 * len(plan)), masks, 0, np.random.default_rng(seed))
    sketch = replace(sketch, returns=replace(sketch.returns, **changes))
    drawer = GridDrawer(config, TorchSteps(random_module(config)), DrawSettings(1.0, 0.5))
    return drawer.draw(sketch, masks, np.random.default_rng(seed))


def test_bars_that_are_new_are_drawn_again_until_they_are():
    plan = FormPlan((FormBar(),) * 6)
    n_alike = []
    for changes in ({}, {"most_alike": np.full(6, np.inf)}):
        grids = [drawn_in_two_pitches(plan, seed, **changes) for seed in range(6)]
        n_alike.append(
            sum(bar.source is not None for grid in grids for bar in form_of(grid, config_of("lead-sheet")).plan.bars)
        )
    assert n_alike[0] < 0.7 * n_alike[1]


@pytest.mark.parametrize("source", [0, None])
def test_a_first_bar_that_returns_is_no_upbeat(source):
    plan = FormPlan((FormBar(), FormBar(), FormBar(source), FormBar()))
    config = config_of("lead-sheet")
    planned = PlannedPiece(plan, MusicalKey(), config, 16)
    masks = masks_of(Constraints(), config, 64, 16)
    masks = planned.sketched(nothing_known(config, 64), masks, 0, np.random.default_rng(0))[1]
    assert masks.can_rest[0, 0] == (source is None)


@given(plans(5), st.integers(0, 1000))
@settings(max_examples=15)
def test_the_same_chord_goes_on(plan, seed):
    grid = drawn_in_two_pitches(plan, seed)
    chords = grid.symbols[:, 1]
    np.testing.assert_array_equal(grid.is_held[1:, 1], chords[1:] == chords[:-1])


@pytest.mark.uses("composer")
def test_steps_that_are_forgotten_leave_nothing():
    composer = load_composer(trained("composer").out)
    torch_steps = TorchSteps(random_module(composer.config))
    for steps in (composer._steps, torch_steps):
        steps.start()
        features = np.zeros((4, len(composer.config.feature_sizes)), np.int64)
        features[1:, 1] = 1, 2, 3
        steps.time_step(features[0])
        forget = steps.mark()
        first = steps.time_step(features[1])
        for _ in range(2):
            steps.time_step(features[2])
            forget()
            np.testing.assert_array_equal(steps.time_step(features[1]), first)
        forget()
        assert not np.array_equal(steps.time_step(features[3]), first)


def test_bars_over_other_chords_do_not_return():
    config = config_of("lead-sheet")
    planned = PlannedPiece(FormPlan.of_form("AA", 8), MusicalKey(), config, 16)
    masks = masks_of(Constraints(), config, 128, 16)
    for period, n_returning in ((4, 4), (2, 4), (3, 0)):
        sketch, _ = planned.sketched(nothing_known(config, 128), masks, period, np.random.default_rng(0))
        assert (sketch.returns.sources >= 0).sum() == n_returning


@pytest.mark.uses("composer")
def test_a_trained_model_draws_forms_and_ends_on_the_tonic():
    composer = load_composer(trained("composer").out)
    assert FORM_FILE in composer.folder.card.files
    for seed in range(4):
        key = MusicalKey(3 * seed, "major")
        score = composer.compose(4, CompositionSettings(seed=seed, key=key))
        last = [int(track.notes["pitch"][-1]) for track in score.tracks]
        assert last[-1] % 12 == key.tonic
        assert {(pitch - key.tonic) % 12 for pitch in last} <= {0, 4, 7}
    settings = CompositionSettings(seed=1, form=FormPlan.of_form("AA", 4))
    with pytest.raises(BadSetting, match="The form has 4 bars, and 3 are to be composed"):
        composer.compose(3, settings)
    grid = grid_of(composer.compose(4, settings), composer.config)
    np.testing.assert_array_equal(grid.symbols[:16], grid.symbols[32:48])
