"""The composer: grids, features, likelihoods that sum to one, drawing within limits, and its model folders."""

from __future__ import annotations

import functools
import itertools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tiny_families import folder, kept, tiny_run, trained

from wavewright.base.errors import BadFolder, BadSetting, ScoreWarning
from wavewright.contracts.composition import TRAITS, CompositionSettings
from wavewright.data.scores import scan_scores
from wavewright.families import loading
from wavewright.families.composer import training as composer_training
from wavewright.families.composer.config import (
    CADENCE_KINDS,
    DRUMS,
    LOOKAHEAD,
    NO_TONIC,
    TARGET_STEPS,
    ComposerConfig,
)
from wavewright.families.composer.constraints import Constraints, lane_symbols, masks_of
from wavewright.families.composer.conversion import NO_CHORD, chord_of, grid_of, lane_events, metre_of, score_of
from wavewright.families.composer.drawing import DrawSettings, GridDrawer, Sketch
from wavewright.families.composer.grid import (
    Grid,
    Guide,
    key_features,
    longest_matches,
    plan_features,
    previous_symbols,
    step_features,
    target_features,
    targets,
)
from wavewright.families.composer.modules import RecurrentTime, logits_by_degree
from wavewright.families.composer.recipe import (
    ComposerBatches,
    ComposerDataSettings,
    Pieces,
    common_layout,
    known_cells,
    padded,
    prepare,
    recipe,
)
from wavewright.families.composer.runtime import cell_nats as scored_nats
from wavewright.families.composer.training import ComposerNetwork, TorchSteps, cell_nats
from wavewright.families.composer.traits import (
    MAX_DRAWS,
    MAX_STRENGTH,
    N_FIFTHS,
    NO_TILT,
    PULL,
    Aims,
    Event,
    Tilt,
    calibrated,
    fifths,
    traits_of,
)
from wavewright.families.composer.vocabulary import FIRST_NOTE, N_CHORDS, QUALITIES, REST, Vocabulary
from wavewright.music.formats import read_score, write_score
from wavewright.music.score import Score, Track, notes_of
from wavewright.music.theory import ChordSymbol, MusicalKey
from wavewright.training.parameters import Call

LAYOUTS = ("voices", "lead-sheet", "drums")


def config_of(layout, **settings):
    sizes = {"n_layers": 1, "hidden_size": 16, "n_heads": 2, "embedding_size": 4, "context_steps": 12}
    return ComposerConfig(**{"layout": layout, "n_voices": 3, "lowest": 48, "highest": 72} | sizes | settings)


def random_grid(config, n_steps, seed, bar_steps=16):
    rng = np.random.default_rng(seed)
    symbols, is_held = np.zeros((n_steps, config.n_lanes), int), np.zeros((n_steps, config.n_lanes), bool)
    allowed = lane_symbols(config)
    for step, lane in itertools.product(range(n_steps), range(config.n_lanes)):
        before = symbols[step - 1, lane] if step else None
        can_hold = before is not None and (config.layout != "drums" or before == REST)
        if can_hold and (rng.random() < 0.6):
            symbols[step, lane], is_held[step, lane] = before, True
        else:
            starts = [symbol for symbol in np.flatnonzero(allowed[lane]) if symbol != REST or before != REST]
            symbols[step, lane] = rng.choice(starts)
    return Grid(symbols, is_held, bar_steps)


def random_module(config, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = ComposerNetwork(config).inference_module().eval()
        for parameter in module.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
    return module


def nothing_known(config, n_steps, bar_steps=16):
    cells = np.zeros((n_steps, config.n_lanes), int)
    return Sketch(Grid(cells, cells.astype(bool), bar_steps), cells.astype(bool))


def test_samples_of_a_training_are_whole_bars_and_the_same_at_every_call(monkeypatch):
    monkeypatch.setattr(composer_training, "render_grid", lambda grid, _: grid)
    monkeypatch.setattr(composer_training, "SAMPLE_PIECES", 1)
    config = config_of("voices", n_voices=1)
    batches = SimpleNamespace(pieces=SimpleNamespace(grids=[SimpleNamespace(bar_steps=12)]))
    prepared = SimpleNamespace(recipe=SimpleNamespace(training=SimpleNamespace(seed=3)), batches=batches)
    (((grid,), texts), ((again,), _)) = (
        composer_training.ComposerTraining().samples(random_module(config), prepared) for _ in range(2)
    )
    assert texts == [""]
    assert (len(grid), grid.bar_steps) == (12 * composer_training.SAMPLE_BARS, 12)
    assert grid.symbols.tolist() == again.symbols.tolist()


@pytest.mark.parametrize(("n_layers", "drops"), [(1, False), (2, True), (3, True)])
def test_layers_above_the_first_drop_what_they_get_in_training_alone(n_layers, drops):
    time = RecurrentTime(config_of("voices", cell="lstm", n_layers=n_layers, dropout=0.5))
    steps = torch.randn(1, 20, 16, generator=torch.Generator().manual_seed(0))
    assert torch.equal(time(steps), time(steps)) != drops
    assert torch.equal(time.eval()(steps), time(steps))


# --- symbols and grids


def test_transposed_chords_are_those_of_music_theory():
    vocabulary = Vocabulary(40, 80, has_chords=True)
    for index, semitones in itertools.product(range(N_CHORDS), (-5, 0, 3, 12)):
        symbol = np.array([vocabulary.first_chord + index])
        moved = int(vocabulary.transposed(symbol, semitones)[0])
        assert chord_of(moved, vocabulary) == chord_of(int(symbol[0]), vocabulary).transposed(semitones)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("bar_steps", [16, 12, 14])
def test_a_grid_survives_as_a_score_and_as_a_file(layout, bar_steps, tmp_path):
    config = config_of(layout)
    for seed in range(4):
        grid = random_grid(config, 5 * bar_steps, seed, bar_steps)
        score = score_of(grid, config)
        write_score(score, tmp_path / "piece.mid")
        for again in (score, read_score(tmp_path / "piece.mid")):
            restored = grid_of(again, config)
            assert restored.bar_steps == bar_steps
            assert lane_events(restored, 0) == lane_events(grid, 0)
            if again is score:
                for lane in range(config.n_lanes):
                    assert lane_events(restored, lane) == lane_events(grid, lane)


def test_a_pickup_is_at_the_end_of_a_bar():
    metres = np.array([(0, 1, 4, 24, 8), (480, 4, 4, 24, 8)], Score().metres.dtype)
    score = Score((Track(notes_of([(0, 480, 60, 80), (480, 1920, 62, 80)])),), metres=metres)
    grid = grid_of(score, config_of("lead-sheet"))
    assert grid.bar_steps == 16
    assert [event[:2] for event in lane_events(grid, 0)] == [(12, 16), (16, 32)]


def test_metres():
    assert [metre_of(steps) for steps in (16, 12, 14, 6, 5)] == [(4, 4), (3, 4), (7, 8), (3, 8), (5, 16)]


def test_notes_beyond_the_vocabulary_are_moved_by_octaves():
    config = config_of("lead-sheet")
    score = Score((Track(notes_of([(480 * i, 480, pitch, 80) for i, pitch in enumerate((20, 127, 47, 73))])),))
    pitches = [symbol - FIRST_NOTE + config.lowest for _, _, symbol in lane_events(grid_of(score, config), 0)]
    assert pitches == [56, 67, 59, 61]


def test_chords_that_are_played_are_named():
    rows = [(0, 960, 43, 80), (0, 960, 59, 80), (0, 960, 62, 80), (960, 960, 45, 80), (960, 960, 60, 80)]
    tracks = (Track(notes_of([(0, 1920, 72, 80)]), "melody"), Track(notes_of([*rows, (960, 960, 64, 80)])))
    grid = grid_of(Score(tracks), config_of("lead-sheet"))
    names = [chord_of(symbol, config_of("lead-sheet").vocabulary).symbol() for _, _, symbol in lane_events(grid, 1)]
    assert names == ["G", "Am"]


def test_the_layout_is_that_of_most_scores():
    voice = Track(notes_of([(480 * i, 480, 60 + i, 80) for i in range(8)]))
    chords = Track(notes_of([(480 * i, 480, 60 + i + j, 80) for i in range(8) for j in (0, 4, 7)]))
    drums = Track(notes_of([(0, 1, 36, 80)]), is_drum=True)
    assert common_layout([Score((voice, voice)), Score((voice, voice)), Score((drums,))]) == "voices"
    assert common_layout([Score((voice, chords))]) == "lead-sheet"
    assert common_layout([Score((drums,))]) == "drums"


def test_voices_keep_the_names_and_programs_that_most_scores_share(tmp_path):
    trio = {"viola": (41, 62), "flute": (73, 76), "bassoon": (70, 45)}
    for i in range(7):
        tracks = [
            Track(notes_of([(480 * k, 480, pitch + k % 3, 80) for k in range(8)]), name * (i < 4)).with_program(program)
            for name, (program, pitch) in trio.items()
        ]
        write_score(Score(tuple(tracks)), tmp_path / f"{i}.mid")
    entries = scan_scores(tmp_path).entries
    config = prepare(recipe("tiny"), entries).recipe.model
    assert (config.voices, config.programs) == (("flute", "viola", "bassoon"), (73, 41, 70))
    write_score(score_of(random_grid(config, 32, seed=1), config), tmp_path / "composed.mid")
    tracks = read_score(tmp_path / "composed.mid").tracks
    assert [(track.name, track.program) for track in tracks] == [("flute", 73), ("viola", 41), ("bassoon", 70)]
    quartet = replace(recipe("tiny"), model=replace(config, voices=("a", "b", "c"), programs=()))
    assert prepare(quartet, entries).recipe.model == config
    shared_by_half = prepare(recipe("tiny"), entries[1:]).recipe.model
    assert (shared_by_half.voices, shared_by_half.programs) == ((), ())


def test_matches_are_the_longest():
    config = config_of("voices", n_voices=1, lowest=60, highest=61)
    grid = random_grid(config, 60, 3)
    frames = [(int(s[0]), bool(h[0])) for s, h in zip(grid.symbols, grid.is_held, strict=True)]
    sources, lengths = longest_matches(grid.symbols, grid.is_held)
    for step in range(61):
        best = (0, -1)
        for source in range(step):
            length = 0
            while length < source and frames[source - 1 - length] == frames[step - 1 - length]:
                length += 1
            best = max(best, (length, source if length else -1))
        assert (lengths[step], sources[step]) == best


# --- the network


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_probabilities_of_a_step_sum_to_one(layout):
    config = config_of(layout, n_voices=2, lowest=60, highest=61)
    if layout == "drums":
        pytest.skip("nine drums have too many combinations; a voice at a time is tested below")
    module, grid = random_module(config), random_grid(config, 8, 1)
    vocabulary, step = config.vocabulary, 5
    allowed = lane_symbols(config)
    total = 0.0
    for cells in itertools.product(*(range(2 * vocabulary.n_events) for _ in range(config.n_lanes))):
        symbols, is_held = grid.symbols.copy(), grid.is_held.copy()
        symbols[step], is_held[step] = [c // 2 for c in cells], [c % 2 == 1 for c in cells]
        before = symbols[step - 1]
        is_possible = np.where(is_held[step], symbols[step] == before, allowed[range(len(cells)), symbols[step]])
        is_second_rest = ~is_held[step] & (symbols[step] == REST) & (before == REST)
        if is_possible.all() and not is_second_rest.any():
            total += np.exp(-step_nats(module, Grid(symbols, is_held), step).sum())
    assert total == pytest.approx(1.0, abs=1e-4)


def step_nats(module, grid, step):
    config = module.config
    piece = Pieces([grid], config).piece(0, 0)
    plan = plan_features(config, np.full_like(grid.symbols, 2 * config.vocabulary.unknown), np.full(len(grid), -1))
    piece["features"] = np.concatenate([piece["features"], plan], 1)
    piece["is_known"] = np.ones(grid.symbols.shape, bool)
    piece["is_known"][step] = False
    with torch.no_grad():
        batch = {name: torch.as_tensor(array) for name, array in padded([piece]).items()}
        return cell_nats(module, batch).numpy()


@pytest.mark.parametrize("cell", ["transformer", "lstm"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_step_depends_on_the_past_alone(layout, cell):
    config = config_of(layout, cell=cell)
    module, grid, other = random_module(config), random_grid(config, 30, 1), random_grid(config, 30, 2)
    changed = Grid(
        np.concatenate([grid.symbols[:20], other.symbols[20:]]), np.concatenate([grid.is_held[:20], other.is_held[20:]])
    )
    for step in (0, 7, 19):
        np.testing.assert_allclose(step_nats(module, grid, step), step_nats(module, changed, step), atol=1e-5)


class Recorder(TorchSteps):
    """Keeps the features of every step."""


@pytest.mark.parametrize(
    ("layout", "has_key"), [*zip(LAYOUTS, [False] * 3, strict=True), ("voices", True), ("lead-sheet", True)]
)
def test_the_features_of_a_drawn_piece_are_those_of_training(layout, has_key):
    config = config_of(layout, has_key=has_key, has_target=has_key)
    steps = Recorder(random_module(config))
    drawer = GridDrawer(config, steps, DrawSettings(top_p=1.0))
    guide = Guide(7, 1, np.random.default_rng(3).integers(CADENCE_KINDS, size=(40, 2)))
    sketch = replace(nothing_known(config, 40, 12), guide=guide)
    grid = drawer.draw(sketch, masks_of(Constraints(), config, 40, 12), np.random.default_rng(1))
    plan = plan_features(config, np.full(grid.symbols.shape, 2 * config.vocabulary.unknown), (39 - np.arange(40)) // 12)
    matches = longest_matches(grid.symbols, grid.is_held)
    expected = np.concatenate([step_features(config, grid, matches), plan], axis=1)
    if has_key:
        before = previous_symbols(grid.symbols, config.vocabulary.unknown)
        nothing = targets(config, np.full(grid.symbols.shape, 2 * config.vocabulary.unknown))
        further = key_features(config, before, guide), target_features(config, before, *nothing)
        expected = np.concatenate([expected, *further], axis=1)
    np.testing.assert_array_equal(np.stack(steps.past), expected)
    assert steps.tonic == 7
    assert (expected >= 0).all()
    assert (expected < np.array(config.feature_sizes)).all()


def traits_grid(pitches, lengths, config):
    """A melody in lane 0 of symbols and lengths in sixteenths; other lanes rest."""
    symbols = np.full((sum(lengths), config.n_lanes), REST)
    symbols[:, 0] = np.repeat([REST if pitch is None else FIRST_NOTE + pitch for pitch in pitches], lengths)
    is_held = np.ones_like(symbols, bool)
    is_held[np.cumsum([0, *lengths[:-1]]), 0] = False
    is_held[0] = False
    return Grid(symbols, is_held, 16)


def test_traits_are_those_of_the_notes():
    config = config_of("voices")
    quarters = traits_of(traits_grid([0, 2, None, 5], [4, 4, 4, 4], config), config)
    np.testing.assert_allclose(quarters, [3 / 4, FIRST_NOTE + 7 / 3, 1.0, 2.5])
    quick = traits_of(traits_grid([0, 12, 0, 20], [1, 1, 1, 1], config), config)
    np.testing.assert_allclose(quick, [4.0, FIRST_NOTE + 8, 1.0, 12 + 4 * 3 / 4 + 4])  # leaps of 12, 12 and 20
    late = traits_grid([0, 12, 0, 20], [1, 1, 1, 1], config)
    assert traits_of(late, config, first_step=2)[3] == traits_of(late, config)[3]  # one note of four is on a beat
    assert np.isnan(traits_of(traits_grid([None], [8], config), config)).all()
    both = traits_grid([0, 0], [4, 4], config)
    both.symbols[4:, 1], both.is_held[4, 1] = FIRST_NOTE, False
    assert traits_of(both, config)[2] == 1.5
    drums = config_of("drums")
    assert traits_of(random_grid(drums, 64, 1), drums)[1] == 0


def test_fifths_of_the_scores_lie_between_their_edges():
    rows = np.random.default_rng(0).random((1_000, len(TRAITS)))
    edges = fifths([*rows, np.full(len(TRAITS), np.nan)])
    counts = [np.bincount(np.digitize(column, row)).tolist() for column, row in zip(rows.T, edges, strict=True)]
    assert counts == [[200] * N_FIFTHS] * len(TRAITS)
    assert fifths([]).shape == edges.shape


def test_positions_among_the_scores_are_values_of_a_trait():
    edges = np.array([[2.0, 3.0, 5.0, 6.0]] * len(TRAITS))
    for position, value in ((0.0, 1.0), (0.1, 1.5), (0.2, 2.0), (0.5, 4.0), (0.8, 6.0), (0.9, 6.5), (1.0, 7.0)):
        aims = Aims(np.array([position, np.nan, np.nan, position]), edges)
        np.testing.assert_allclose(aims.values, [value, np.nan, np.nan, value])
        np.testing.assert_allclose(aims.widths, 4 / 3)
    edges[TRAITS.index("polyphony")] = 1.1, 1.3, 1.4, 1.5
    lowest = Aims(np.zeros(len(TRAITS)), edges).values
    np.testing.assert_allclose(lowest, [1, 1, 1, 1])  # what sounds at once is one voice at least


def tilted_probabilities(strengths, hold, logits, can_start, event, config, centre=np.nan):
    """Return the probabilities of going on and of each symbol otherwise, before and after a tilt."""
    rows = []
    for each in (NO_TILT, Tilt(strengths, centre)):
        held, starts = each.applied(hold, logits, can_start, event, config)
        symbols = np.where(can_start, np.exp(starts - starts.max()), 0.0)
        goes_on = 1 / (1 + np.exp(-held))
        rows.append(np.append((1 - goes_on) * symbols / symbols.sum(), goes_on))
    return rows


@pytest.mark.parametrize("layout", ["voices", "lead-sheet"])
@pytest.mark.parametrize("seed", range(5))
def test_a_tilt_makes_events_more_probable_by_what_they_add_to_a_trait(layout, seed):
    config, rng = config_of(layout), np.random.default_rng(seed)
    hold, logits = rng.normal(), rng.normal(size=config.vocabulary.n_events)
    can_start = rng.random(len(logits)) < 0.7
    can_start[[REST, FIRST_NOTE, FIRST_NOTE + 12]] = True
    notes = np.append(config.vocabulary.is_note(np.arange(len(logits))), False)
    low, high = FIRST_NOTE, FIRST_NOTE + 12
    event = Event(0, low, is_new=True, step=4 * seed, is_joined=True)

    before, after = tilted_probabilities((0.7, 0, 0, 0), hold, logits, can_start, event, config)
    odds = [each[notes].sum() / each[~notes].sum() for each in (before, after)]
    assert odds[1] / odds[0] == pytest.approx(np.exp(0.7))  # a note begins
    np.testing.assert_allclose(after[notes] / after[notes].sum(), before[notes] / before[notes].sum())

    centre = FIRST_NOTE + 3.0  # 9 semitones below the higher note and 3 above the lower one
    before, after = tilted_probabilities((0,) * 4, hold, logits, can_start, event, config, centre)
    expected = np.exp(PULL * (3**2 - 9**2) / 12**2)
    assert (after[high] / after[low]) / (before[high] / before[low]) == pytest.approx(expected)
    np.testing.assert_allclose(after[~notes], before[~notes])  # only which note begins
    before, after = tilted_probabilities((0, 1, 0, 0), hold, logits, can_start, event, config, centre)
    assert (after[high] / after[low]) / (before[high] / before[low]) == pytest.approx(1)  # 6 from both
    lower = replace(event, lane=1)
    np.testing.assert_allclose(*tilted_probabilities((0, 0.7, 0, 0), hold, logits, can_start, lower, config, centre))

    before, after = tilted_probabilities((0, 0, 0.7, 0), hold, logits, can_start, event, config)
    odds = [each[REST] / (1 - each[REST]) for each in (before, after)]
    assert odds[1] / odds[0] == pytest.approx(np.exp(-0.7))  # a rest beside a note
    alone = replace(event, is_joined=False)
    np.testing.assert_allclose(*tilted_probabilities((0, 0, 0.7, 0), hold, logits, can_start, alone, config))

    before, after = tilted_probabilities((0, 0, 0, 0.7), hold, logits, can_start, event, config)
    assert (after[high] / after[low]) / (before[high] / before[low]) == pytest.approx(np.exp(0.7))  # a leap of 12
    odds = [each[-1] / (1 - each[-1]) for each in (before, after)]
    assert odds[1] / odds[0] == pytest.approx(np.exp(-0.7 * 4 / 12))  # a sixteenth does not go on


@pytest.mark.parametrize("reached", [-2.0, -0.4, 0.3, 1.7])
def test_aims_are_met_by_tilts_between_too_little_and_too_much(reached):
    strengths = []

    def draw(tilt):
        strengths.append(tilt.strengths)
        return Grid(np.full((1, 1), tilt.strengths[0]), np.zeros((1, 1), bool))

    def traits(grid):
        return np.append(np.round(8 * np.tanh(grid.symbols[0, 0] - reached)), [1.0, 2.0, 3.0])

    aims = Aims(np.array([0.5, np.nan, np.nan, np.nan]), np.array([[-1.5, -0.5, 0.5, 1.5]] * len(TRAITS)))
    grid = aims.met_by(draw, traits)
    assert abs(traits(grid)[0]) <= 1
    assert len(strengths) <= MAX_DRAWS
    assert {each[1:] for each in strengths} == {(0.0, 0.0, 0.0)}


@pytest.mark.parametrize("slope", [0.6, 1.0, 2.0])
@pytest.mark.parametrize("wanted", [-0.4, 0.0, 0.25])
def test_a_calibrated_tilt_gives_the_mean_density_of_the_scores(slope, wanted):
    def density(tilt):
        return 1.2 * np.exp(slope * (tilt.strengths[0] - wanted))

    tilt = calibrated(density, 1.2)
    assert density(tilt) == pytest.approx(1.2, rel=0.02)
    assert tilt == Tilt((tilt.strengths[0], 0.0, 0.0, 0.0))


def test_an_aim_that_is_out_of_reach_gives_the_nearest_piece():
    def draw(tilt):
        return Grid(np.full((1, 1), tilt.strengths[0]), np.zeros((1, 1), bool))

    aims = Aims(np.array([0.9, np.nan, np.nan, np.nan]), np.array([[0.0, 10.0, 20.0, 30.0]] * len(TRAITS)))
    with pytest.warns(ScoreWarning, match=r"density is asked for at 0\.9, and the nearest of 6 pieces is at 0\.30; an"):
        grid = aims.met_by(draw, lambda grid: np.append(grid.symbols[0, 0], np.zeros(3)))
    assert grid.symbols[0, 0] == MAX_STRENGTH


def test_degrees_are_counted_from_the_tonic():
    vocabulary = Vocabulary(40, 80, has_chords=True)
    for tonic, pitch in itertools.product(range(12), (40, 61, 80)):
        note = np.array([pitch - 40 + FIRST_NOTE])
        assert vocabulary.degrees(note, tonic).tolist() == [(pitch - tonic) % 12]
        chord = ChordSymbol.parse("Fm7")
        symbol = vocabulary.first_chord + 12 * QUALITIES.index("m7") + chord.root
        assert vocabulary.degrees(np.array([symbol, REST, vocabulary.unknown]), tonic).tolist() == [
            (5 - tonic) % 12,
            12,
            12,
        ]
    assert vocabulary.degrees(np.array([FIRST_NOTE]), NO_TONIC).tolist() == [12]


def test_logits_by_degree_move_with_the_tonic():
    vocabulary = Vocabulary(40, 80, has_chords=True)
    by_degree = torch.randn(12 + N_CHORDS, generator=torch.Generator().manual_seed(0)).expand(13, -1)
    logits = logits_by_degree(by_degree, torch.arange(13), vocabulary)
    events = np.arange(vocabulary.n_events)
    for tonic in range(12):
        degrees = vocabulary.degrees(events, tonic)
        for event in np.flatnonzero(degrees < 12):
            is_chord = event >= vocabulary.first_chord
            row = 12 + 12 * ((event - vocabulary.first_chord) // 12) if is_chord else 0
            assert logits[tonic, event] == by_degree[0, row + degrees[event]]
        assert logits[tonic, REST] == 0
    assert not logits[NO_TONIC].any()


@pytest.mark.parametrize("layout", ["voices", "lead-sheet"])
def test_targets_are_the_next_known_notes(layout):
    config = config_of(layout)
    grid, is_known = random_grid(config, 60, 2), np.random.default_rng(1).random((60, config.n_lanes)) < 0.2
    known = np.where(is_known, 2 * grid.symbols + grid.is_held, 2 * config.vocabulary.unknown)
    symbols, steps = targets(config, known)
    for step, lane in itertools.product(range(60), range(config.n_lanes)):
        ahead = [
            (other - step, grid.symbols[other, lane])
            for other in range(step, min(step + TARGET_STEPS - 1, 60))
            if is_known[other, lane]
            and not grid.is_held[other, lane]
            and config.vocabulary.is_note(grid.symbols[other, lane])
        ]
        expected = ahead[0] if ahead else (TARGET_STEPS - 1, config.vocabulary.unknown)
        assert (steps[step, lane], symbols[step, lane]) == expected


@pytest.mark.parametrize("layout", ["voices", "lead-sheet"])
def test_the_features_around_known_cells_are_those_of_training(layout):
    config = config_of(layout, has_key=True, has_target=True)
    grid = random_grid(config, 36, 7, 12)
    batches = ComposerBatches(Pieces([grid], config), ComposerDataSettings(crop_steps=36, start_fraction=1.0), 1, 0)
    is_known = np.repeat(np.random.default_rng(4).random((3, config.n_lanes)) < 0.5, 12, axis=0)
    piece = batches.pieces.piece(0, 0)
    piece |= batches._key(piece, Guide.unknown(36))
    expected = batches._planned(piece, is_known, np.arange(36)[::-1] // 12)
    steps = Recorder(random_module(config))
    drawer = GridDrawer(config, steps, DrawSettings(top_p=1.0))
    drawn = drawer.draw(Sketch(grid, is_known), masks_of(Constraints(), config, 36, 12), np.random.default_rng(1))
    first = 3 + 6 * config.n_lanes  # the plan follows position and lanes
    plan = slice(first, first + 1 + len(LOOKAHEAD) * config.n_lanes)
    np.testing.assert_array_equal(np.stack(steps.past)[:, plan], expected["features"][:, plan])
    until = slice(-2 * config.n_lanes, None, 2)
    np.testing.assert_array_equal(np.stack(steps.past)[:, until], expected["features"][:, until])
    assert (drawn.symbols == grid.symbols)[is_known].all()


def test_another_tempo_is_twice_or_half_as_fast():
    config = config_of("voices")
    grid = random_grid(config, 32, 4)
    slower = grid.at_other_tempo()
    for lane in range(config.n_lanes):
        assert lane_events(slower, lane) == [(2 * s, 2 * e, symbol) for s, e, symbol in lane_events(grid, lane)]
    faster = slower.at_other_tempo()
    np.testing.assert_array_equal(faster.symbols, grid.symbols)
    np.testing.assert_array_equal(faster.is_held, grid.is_held)


def test_a_batch_is_drawn_around_what_is_known():
    rng = np.random.default_rng(0)
    for kind, n_lanes in itertools.product(range(4), (1, 2, 4)):
        cells = np.mean([known_cells(kind, 96, n_lanes, rng).mean() for _ in range(50)])
        assert cells == 0 if kind == 0 or (kind == 2 and n_lanes == 1) else 0.1 < cells < 0.9


# --- drawing


LIMITS = {
    "scale": Constraints(MusicalKey.parse("D").pitch_classes),
    "range": Constraints(lowest=55, highest=62),
    "chord": Constraints(chords=[ChordSymbol.parse("Am")] * 16 + [ChordSymbol.parse("F")] * 16),
    "eighths": Constraints(onset_steps=2),
    "bars": Constraints(ends_at_bars=True),
    "all": Constraints(
        MusicalKey.parse("C").pitch_classes, 50, 70, [ChordSymbol.parse("C")] * 32, onset_steps=4, ends_at_bars=True
    ),
}


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("layout", ["voices", "lead-sheet"])
def test_limits_are_never_broken(layout, limits):
    config, constraints = config_of(layout, n_voices=2, highest=84), LIMITS[limits]
    drawer = GridDrawer(config, TorchSteps(random_module(config, 3)), DrawSettings(1.5, 1.0))
    masks = masks_of(constraints, config, 48, 16)
    for seed in range(2):
        grid = drawer.draw(nothing_known(config, 48), masks, np.random.default_rng(seed))
        score = score_of(grid, config)
        for track in score.tracks[: config.n_lanes if layout == "voices" else 1]:
            for note in track.notes:
                check_note(note, constraints)
        for chord in score.chords:
            tones = set() if chord.symbol == NO_CHORD else ChordSymbol.parse(chord.symbol).pitch_classes
            assert constraints.pitch_classes is None or tones <= constraints.pitch_classes


@pytest.mark.parametrize("known_voices", [(), (0,), (2,), (0, 2)])
def test_drawn_voices_do_not_cross(known_voices):
    config = config_of("voices")
    known = random_grid(config, 48, 7)
    known.symbols[:, 0], known.symbols[:, 2] = 24, 3
    known.is_held[1:, [0, 2]] = True
    is_known = np.zeros(known.symbols.shape, bool)
    is_known[:, known_voices] = True
    drawer = GridDrawer(config, TorchSteps(random_module(config, 3)), DrawSettings(1.5, 1.0))
    masks = masks_of(Constraints(), config, 48, 16)
    for seed in range(3):
        symbols = drawer.draw(Sketch(known, is_known), masks, np.random.default_rng(seed)).symbols
        both = (symbols[:, :-1] != REST) & (symbols[:, 1:] != REST)
        assert both.any()
        assert (symbols[:, :-1] >= symbols[:, 1:])[both].all()


def check_note(note, constraints):
    start, pitch = int(note["start"]) // 120, int(note["pitch"])
    assert constraints.pitch_classes is None or pitch % 12 in constraints.pitch_classes
    assert constraints.lowest is None or constraints.lowest <= pitch <= constraints.highest
    assert start % constraints.onset_steps == 0
    if constraints.chords:
        assert pitch % 12 in constraints.chords[start % len(constraints.chords)].pitch_classes
    if constraints.ends_at_bars:
        assert (int(note["start"]) // 1920) == (int(note["start"] + note["duration"]) - 1) // 1920


def test_limits_that_no_note_keeps_are_refused():
    with pytest.raises(BadSetting, match="No note of the model keeps the constraints"):
        masks_of(Constraints(lowest=100), config_of("voices"), 4, 16)
    with pytest.raises(BadSetting, match="lowest note is above its highest"):
        Constraints(lowest=70, highest=60)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_known_cells_stay_as_they_are(layout):
    config = config_of(layout)
    known = random_grid(config, 40, 5)
    is_known = np.random.default_rng(0).random(known.symbols.shape) < 0.7
    drawer = GridDrawer(config, TorchSteps(random_module(config)), DrawSettings())
    grid = drawer.draw(Sketch(known, is_known), masks_of(Constraints(), config, 40, 16), np.random.default_rng(0))
    np.testing.assert_array_equal(grid.symbols[is_known], known.symbols[is_known])
    before = np.concatenate([np.full((1, config.n_lanes), -1), grid.symbols[:-1]])
    assert (grid.symbols[grid.is_held] == before[grid.is_held]).all()


@pytest.mark.parametrize("top_p", [0.01, 0.5, 1.0])
def test_top_p_draws_the_most_probable_symbols(top_p):
    config = config_of("voices")
    drawer = GridDrawer(config, TorchSteps(random_module(config)), DrawSettings(1.0, top_p))
    probabilities = np.array([0.05, 0.4, 0.25, 0.2, 0.1])
    can_start = np.array([True, True, False, True, True])
    drawn = {drawer._draw_symbol(np.log(probabilities), can_start, u) for u in np.linspace(0, 0.999, 400)}
    assert drawn == {0.01: {1}, 0.5: {1}, 1.0: {0, 1, 3, 4}}[top_p]


# --- model folders


@functools.cache
def model(cell="transformer", layout="voices"):
    if cell == "transformer" and layout == "voices":
        return loading.load_composer(trained("composer").out)
    settings = (f"cell={cell}", *([] if layout == "voices" else [f"data.layout={layout}"]))

    def train(out):
        tiny_run("composer", out, *settings).train(Call(quiet=True))

    return loading.load_composer(kept(f"composer-{cell}-{layout}", train, __file__))


@pytest.mark.parametrize("cell", ["transformer", "lstm"])
def test_cached_steps_equal_the_network_over_the_whole_past(cell):
    composer = model(cell)
    run = tiny_run("composer", folder() / f"unused-{cell}", f"cell={cell}")
    assert run.recipe.model == composer.config
    module = run.training.build(run.recipe.model).inference_module().eval()
    weights = run.family.initial_weights(composer.folder, run.recipe.model)
    module.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    steps, onnx = TorchSteps(module), composer._steps
    steps.start()
    onnx.start()
    rng = np.random.default_rng(0)
    for _ in range(3 * composer.config.context_steps):
        features = np.array([rng.integers(size) for size in composer.config.feature_sizes])
        np.testing.assert_allclose(onnx.time_step(features), steps.time_step(features), atol=2e-4)


FIFTHS = np.array([[0.5, 1.0, 2.0, 3.0], [4.0, 8.0, 12.0, 16.0], [1.2, 1.5, 1.8, 2.1], [2.0, 3.0, 4.0, 5.0]])
"""Of scores that differ in all traits, which those of the tests do not."""


@pytest.mark.filterwarnings("ignore:.* is asked for at")
@pytest.mark.parametrize("trait", TRAITS)
@pytest.mark.parametrize("layout", ["voices", "lead-sheet"])
def test_pieces_have_more_of_a_trait_that_is_asked_for(layout, trait, monkeypatch):
    composer = model(layout=layout)
    if (layout, trait) == ("lead-sheet", "polyphony"):
        pytest.skip("a melody is one voice")
    monkeypatch.setattr(composer, "trait_edges", FIFTHS)
    monkeypatch.setattr(composer, "traits", TRAITS)
    index, values = TRAITS.index(trait), []
    for position in (0.0, 1.0):
        settings = [CompositionSettings(seed=seed, form=False, **{trait: position}) for seed in range(4)]
        grids = [grid_of(composer.compose(4, each), composer.config) for each in settings]
        values.append(np.mean([traits_of(grid, composer.config)[index] for grid in grids]))
    assert values[0] < values[1]


@pytest.mark.filterwarnings("ignore:.* is asked for at")
def test_traits_of_what_is_added_are_those_that_are_asked_for(monkeypatch):
    composer = model()
    monkeypatch.setattr(composer, "trait_edges", FIFTHS)
    monkeypatch.setattr(composer, "traits", TRAITS)
    score = composer.compose(4, CompositionSettings(seed=3, form=False))
    counts = []
    for density in (0.0, 1.0):
        longer = composer.continue_score(score, 4, CompositionSettings(seed=3, density=density))
        assert [each[: len(own)] for each, own in zip(notes(longer), notes(score), strict=True)] == notes(score)
        counts.append(sum(map(len, notes(longer))))
    assert counts[0] < counts[1]


def test_a_tilt_of_the_model_is_that_of_all_that_is_drawn_into_the_open(monkeypatch):
    composer = model()
    usual = CompositionSettings(seed=3, form=False)
    score = composer.compose(4, usual)
    between = composer.infill(score, 2, 2, usual)
    monkeypatch.setattr(composer, "tilts", {16: Tilt((1.5, 0.0, 0.0, 0.0))})
    assert sum(map(len, notes(composer.compose(4, usual)))) > sum(map(len, notes(score)))
    longer = composer.continue_score(score, 4, usual)
    assert [each[: len(own)] for each, own in zip(notes(longer), notes(score), strict=True)] == notes(score)
    assert notes(composer.infill(score, 2, 2, usual)) == notes(between)
    monkeypatch.setattr(composer, "tilts", {12: Tilt((1.5, 0.0, 0.0, 0.0))})  # of another metre
    assert notes(composer.compose(4, usual)) == notes(score)


def test_positions_are_numbers_from_0_to_1():
    with pytest.raises(BadSetting, match=r"density is 1\.5; it must lie between 0\.0 and 1\.0"):
        CompositionSettings(density=1.5)


def test_a_composer_that_does_not_know_its_scores_refuses_traits(monkeypatch):
    composer = model()
    monkeypatch.setattr(composer, "traits", ())
    with pytest.raises(BadSetting, match="tiny knows no such number of its scores; leave --register out"):
        composer.compose(1, CompositionSettings(register=0.5))


def test_a_piece_depends_on_seed_and_index_alone():
    composer = model()
    pieces = [notes(composer.compose(2, CompositionSettings(seed=seed), index)) for seed, index in ((1, 0), (1, 1))]
    assert pieces[0] == notes(composer.compose(2, CompositionSettings(seed=1)))
    assert pieces[0] != pieces[1]


def notes(score):
    return [track.notes.tolist() for track in score.tracks]


def test_a_piece_has_its_bars_tempo_metre_and_key():
    settings = CompositionSettings(tempo=90, key=MusicalKey.parse("D"), bar_steps=12)
    score = model().compose(3, settings)
    assert score.length == 3 * 3 * 480
    assert tuple(score.metres[0])[1:3] == (3, 4)
    assert score.keys["sharps"].tolist() == [2]
    assert round(60e6 / score.tempos[0][1]) == 90


def test_what_is_known_of_a_score_stays():
    composer = model()
    start = composer.compose(2, CompositionSettings(seed=3, top_p=1.0))
    grid = grid_of(start, composer.config)
    longer = grid_of(composer.continue_score(start, 2), composer.config)
    assert len(longer) == len(grid) + 32
    np.testing.assert_array_equal(longer.symbols[: len(grid)], grid.symbols)
    filled = grid_of(composer.infill(start, 2, 2, CompositionSettings(seed=8)), composer.config)
    np.testing.assert_array_equal(filled.symbols[:16], grid.symbols[:16])
    assert not np.array_equal(filled.symbols[16:], grid.symbols[16:])
    varied = composer.vary(start, 0.0)
    assert notes(varied) == notes(start)
    voice = composer.voices[1]
    other = composer.replace_voices(start, (voice,), CompositionSettings(seed=5))
    assert other.tracks[0].notes.tolist() == start.tracks[0].notes.tolist()
    assert other.tracks[1].notes.tolist() != start.tracks[1].notes.tolist()


@pytest.mark.parametrize("layout", ["lead-sheet", "drums"])
def test_other_layouts_compose_too(layout):
    if layout == "drums":
        with pytest.raises(BadFolder, match="has no drums"):
            model(layout=layout)
        return
    composer = model("lstm", layout)
    score = composer.compose(2)
    assert composer.voices == ("melody", "chords")
    assert [track.name for track in score.tracks] == ["melody", "chords"]


def test_wrong_requests_are_refused():
    composer = model()
    score = composer.compose(2)
    with pytest.raises(BadSetting, match="0 bars cannot be composed; give 1 to 512"):
        composer.compose(0)
    with pytest.raises(BadSetting, match="the score has the bars 1 to 2"):
        composer.infill(score, 2, 3)
    with pytest.raises(BadSetting, match="no voice 'flute'; its voices are"):
        composer.replace_voices(score, ("flute",))
    with pytest.raises(BadSetting, match="amount of the variation is 2"):
        composer.vary(score, 2)
    with pytest.raises(BadSetting, match="has no notes"):
        composer.continue_score(Score())
    drums = Score((Track(notes_of([(0, 120, 36, 90)]), is_drum=True),))
    with pytest.raises(BadSetting, match="no notes but drums; the model composes voices"):
        composer.continue_score(drums)
    with pytest.raises(BadSetting, match="tempo"):
        CompositionSettings(tempo=0)
    for settings in ({"lowest": 80, "highest": 40}, {"hidden_size": 18}, {"labels": ("a",)}):
        with pytest.raises(BadSetting):
            config_of("voices", **settings)
    with pytest.raises(BadSetting):
        ComposerDataSettings(crop_steps=1)


def test_scores_of_a_folder_are_scanned_and_bad_ones_listed(tmp_path):
    with pytest.raises(BadFolder, match="holds no scores"):
        scan_scores(tmp_path)
    with pytest.raises(BadFolder, match="does not exist"):
        scan_scores(tmp_path / "nowhere")
    (tmp_path / "a").mkdir()
    write_score(Score((Track(notes_of([(0, 480, 60, 80)])),)), tmp_path / "a" / "good.mid")
    write_score(Score(), tmp_path / "empty.mid")
    (tmp_path / "bad.mid").write_bytes(b"no MIDI")
    (tmp_path / "other.txt").write_text("text")
    scan = scan_scores(tmp_path)
    assert [entry.path.name for entry in scan.entries] == ["good.mid"]
    assert sorted(problem.what.name for problem in scan.failed) == ["bad.mid", "empty.mid"]


def test_drums_have_a_voice_each():
    config = config_of("drums")
    rows = [(120 * i, 60, drum, 90) for i, drum in enumerate(DRUMS)]
    grid = grid_of(Score((Track(notes_of([*rows, (0, 60, 35, 90)]), is_drum=True),)), config)
    assert [lane_events(grid, lane)[0][0] for lane in range(9)] == list(range(9))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("has_plan", "has_key"), [(True, False), (False, False), (True, True)])
def test_the_likelihood_of_a_piece_is_that_of_training(layout, has_plan, has_key):
    config = config_of(layout, has_plan=has_plan, has_key=has_key, has_target=has_key)
    module, grid = random_module(config), random_grid(config, 10, seed=5)
    (batch,) = ComposerBatches(Pieces([grid], config), ComposerDataSettings(), 1, 0).all()
    expected = cell_nats(module, {name: torch.from_numpy(array) for name, array in batch.items()})
    found = scored_nats(config, TorchSteps(module), grid)
    assert found.ravel() == pytest.approx(expected.detach().numpy(), abs=1e-4)
