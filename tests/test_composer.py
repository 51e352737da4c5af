"""The composer: grids, features, likelihoods that sum to one, drawing within limits, and its model folders."""

from __future__ import annotations

import functools
import itertools

import numpy as np
import pytest
import torch
from tiny_families import folder, tiny_run, trained

from wavewright.base.errors import BadFolder, BadSetting
from wavewright.contracts.composition import CompositionSettings
from wavewright.data.scores import scan_scores
from wavewright.families import loading
from wavewright.families.composer.config import DRUMS, ComposerConfig
from wavewright.families.composer.constraints import Constraints, lane_symbols, masks_of
from wavewright.families.composer.conversion import NO_CHORD, chord_of, grid_of, lane_events, metre_of, score_of
from wavewright.families.composer.drawing import DrawSettings, GridDrawer, Sketch
from wavewright.families.composer.grid import Grid, longest_matches, plan_features, step_features
from wavewright.families.composer.recipe import (
    ComposerBatches,
    ComposerDataSettings,
    Pieces,
    common_layout,
    known_cells,
    padded,
)
from wavewright.families.composer.runtime import cell_nats as scored_nats
from wavewright.families.composer.training import ComposerNetwork, TorchSteps, cell_nats
from wavewright.families.composer.vocabulary import FIRST_NOTE, N_CHORDS, REST, Vocabulary
from wavewright.music.formats import read_score, write_score
from wavewright.music.score import Score, Track, notes_of
from wavewright.music.theory import ChordSymbol, MusicalKey

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


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_features_of_a_drawn_piece_are_those_of_training(layout):
    config = config_of(layout)
    steps = Recorder(random_module(config))
    drawer = GridDrawer(config, steps, DrawSettings(top_p=1.0))
    sketch = nothing_known(config, 40, 12)
    grid = drawer.draw(sketch, masks_of(Constraints(), config, 40, 12), np.random.default_rng(1))
    plan = plan_features(config, np.full(grid.symbols.shape, 2 * config.vocabulary.unknown), (39 - np.arange(40)) // 12)
    matches = longest_matches(grid.symbols, grid.is_held)
    expected = np.concatenate([step_features(config, grid, matches), plan], axis=1)
    np.testing.assert_array_equal(np.stack(steps.past), expected)
    assert (expected >= 0).all()
    assert (expected < np.array(config.feature_sizes)).all()


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
    out = folder() / f"composer-{cell}-{layout}"
    run = tiny_run("composer", out, f"cell={cell}", *([] if layout == "voices" else [f"data.layout={layout}"]))
    with torch.random.fork_rng():
        run.train(quiet=True)
    return loading.load_composer(out)


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
    assert sorted(problem.path.name for problem in scan.problems) == ["bad.mid", "empty.mid"]


def test_drums_have_a_voice_each():
    config = config_of("drums")
    rows = [(120 * i, 60, drum, 90) for i, drum in enumerate(DRUMS)]
    grid = grid_of(Score((Track(notes_of([*rows, (0, 60, 35, 90)]), is_drum=True),)), config)
    assert [lane_events(grid, lane)[0][0] for lane in range(9)] == list(range(9))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("has_plan", [True, False])
def test_the_likelihood_of_a_piece_is_that_of_training(layout, has_plan):
    config = config_of(layout, has_plan=has_plan)
    module, grid = random_module(config), random_grid(config, 10, seed=5)
    (batch,) = ComposerBatches(Pieces([grid], config), ComposerDataSettings(), 1, 0).all()
    expected = cell_nats(module, {name: torch.from_numpy(array) for name, array in batch.items()})
    found = scored_nats(config, TorchSteps(module), grid)
    assert found.ravel() == pytest.approx(expected.detach().numpy(), abs=1e-4)
