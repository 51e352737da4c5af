"""The family of voices: its data, its losses and its warm start."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_voice import (
    FRAMES,
    SYMBOLS,
    TEXTS,
    FrontEnd,
    tiny_recipe,
    tiny_run,
    trained_voice,
    use_front_end,
    wave_of,
    write_folder,
)

from wavewright.base.errors import BadFolder, BadModel, BadSetting
from wavewright.contracts.family import rows_by_name
from wavewright.data.entry import Entry
from wavewright.data.folder import scan
from wavewright.families import loading
from wavewright.families.acoustic import ACOUSTIC, batches, recipe as recipes
from wavewright.families.acoustic.batches import SpeechBatches, SpeechClip, collate, mel_and_pitch
from wavewright.families.acoustic.config import AcousticConfig
from wavewright.families.acoustic.modules import TextToMel, symbol_mask
from wavewright.families.acoustic.synthesis import frame_energy, hz_to_octaves, octaves_to_hz
from wavewright.families.acoustic.training import (
    AcousticNetwork,
    envelope_distance,
    mel_losses,
    suspect_problems,
    to_tensors,
)
from wavewright.models.folder import ModelFolder
from wavewright.nn.aligner import durations_to_positions, forward_sum_loss, frame_positions, hard_durations
from wavewright.nn.frame_layers import ChannelDropout, ConvTransformer
from wavewright.nn.phone_classifier import PhoneClassifier, phone_loss
from wavewright.text import front_end as language_front_end
from wavewright.training import run as runs
from wavewright.training.parameters import TrainParameters
from wavewright.training.train import train


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A tiny run of all stages, and the folder of the run and the recordings."""
    folder = tmp_path_factory.mktemp("voice")
    with trained_voice(folder) as run:
        yield run, folder


def entry_of(text: str | None, seconds: float) -> Entry:
    return Entry(Path("a.wav"), None, None, seconds, 16_000, 1, round(16_000 * seconds), text=text)


def test_a_folder_in_the_layout_of_ljspeech_is_prepared(trained):
    run, _ = trained
    config = run.recipe.model
    assert config.symbols == SYMBOLS
    assert config.speakers == ("voice",)
    assert {entry.text for entry in run.prepared.train_entries} <= {*TEXTS}
    clip = next(clip for clip in run.prepared.batches.clips if clip.entry.text == "ab cd.")
    assert [SYMBOLS[number] for number in clip.symbols] == ["_", "a", "b", "|", "c", "d", ".", "_"]
    assert clip.n_frames == sum(FRAMES[symbol] for symbol in FrontEnd().sentences("ab cd.")[0].symbols)


ALIGNMENT = {"align/forward_sum"}
SYNTHESIS = {"mel/l1", "mel/ssim", "duration/square", "pitch/square", "voicing/square", "energy/square"}
CRITICS = {"adv/critic", "adv/generator", "adv/features"}


@pytest.mark.parametrize(
    ("step", "players", "expected"),
    [
        (0, ["voice"], ALIGNMENT),
        (2, ["voice"], SYNTHESIS | {"phone/recorded"}),
        (5, ["critics", "voice"], SYNTHESIS | CRITICS | {"phone/recorded", "phone/predicted"}),
    ],
)
def test_each_stage_has_its_losses(trained, step, players, expected):
    run, _ = trained
    net = AcousticNetwork(run.recipe.model).train()
    assert net.stage_starts() == (0, 2, 3, 4)
    batch = to_tensors(run.prepared.batches(step), net.voice)
    weights, values = net.loss_weights(step), {}
    for player, loss_function in net.turns(step):
        losses = loss_function(batch)
        total = sum(weights[name] * loss for name, loss in losses.items())
        total.backward(inputs=list(net.players()[player].parameters()))
        values |= {name: float(loss.detach()) for name, loss in losses.items()}
    assert [player for player, _ in net.turns(step)] == players
    assert values.keys() == expected
    assert bool(net.voice.joint_alignment) == (step >= 3)
    assert np.isfinite(list(values.values())).all()


def test_a_batch_depends_on_its_step_alone(trained):
    batches = trained[0].prepared.batches
    first, again = batches(3), batches(3)
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert first["prior"].shape == (*first["mel"].shape[:2], first["symbols"].shape[1])
    row = int(first["n_frames"].argmin())
    assert not first["mel"][row, first["n_frames"][row] :].any()


def test_batches_of_long_recordings_are_smaller(trained):
    run = trained[0]
    batches = SpeechBatches(run.prepared.batches.clips, batch_size=3, max_frames=62.5, speaker_exponent=0.6, seed=0)
    shapes = [batches(step)["mel"].shape[:2] for step in range(8)]
    assert all(count == 1 or count * frames <= 62.5 for count, frames in shapes)
    assert min(count for count, _ in shapes) < 3


@pytest.mark.parametrize("joint_alignment", [False, True])
def test_padding_changes_nothing(trained, joint_alignment):
    run, _ = trained
    voice = TextToMel(run.recipe.model).eval()
    voice.joint_alignment.fill_(joint_alignment)
    rows = run.prepared.batches.lengths.argsort()[[0, -1]]
    both = to_tensors(run.prepared.batches.of(rows), voice)
    alone = to_tensors(run.prepared.batches.of(rows[:1]), voice)
    with torch.no_grad():
        n_frames, n_symbols = int(alone["n_frames"][0]), int(alone["n_symbols"][0])
        torch.testing.assert_close(
            voice.alignment_scores(both)[0, :n_frames, :n_symbols],
            voice.alignment_scores(alone)[0],
            atol=1e-4,
            rtol=1e-4,
        )
        durations, prosody, score = voice.targets(both)
        own_durations, own_prosody, own_score = voice.targets(alone)
        assert torch.equal(durations[0, :n_symbols], own_durations[0])
        assert int(durations[0].sum()) == n_frames
        torch.testing.assert_close(prosody[0, :n_symbols], own_prosody[0])
        torch.testing.assert_close(score[0], own_score[0], atol=1e-4, rtol=1e-4)


def test_the_gradient_of_all_alignments_is_right():
    torch.manual_seed(0)
    scores = torch.randn(1, 4, 3, dtype=torch.float64, requires_grad=True)
    flags, sizes = torch.tensor([[False, True, False]]), (torch.tensor([4]), torch.tensor([3]))
    forward_sum_loss(scores, flags, *sizes).backward()
    for frame, symbol in ((0, 0), (1, 1), (2, 2), (2, 0)):
        moved = [scores.detach().clone() for _ in range(2)]
        moved[0][0, frame, symbol] += 1e-5
        moved[1][0, frame, symbol] -= 1e-5
        up, down = (forward_sum_loss(each, flags, *sizes) for each in moved)
        assert float(scores.grad[0, frame, symbol]) == pytest.approx(float(up - down) / 2e-5, abs=1e-5)


def test_the_aligner_learns_the_durations_of_tones():
    torch.manual_seed(0)
    config = AcousticConfig(
        sample_rate=16_000, symbols=SYMBOLS, speakers=("voice",), aligner_channels=16, channels=16, n_styles=2
    )
    clips = []
    for text in TEXTS:
        mel, f0_hz = mel_and_pitch(wave_of(text), config)
        symbols = np.array([SYMBOLS.index(symbol) for symbol in FrontEnd().sentences(text)[0].symbols])
        clips.append(SpeechClip(entry_of(text, 1.0), mel, f0_hz, symbols, 0))
    voice = TextToMel(config)
    optimizer = torch.optim.Adam(voice.aligner.parameters(), lr=1e-2)
    batch = to_tensors(collate(clips), voice)
    flags = voice.is_skippable(batch["symbols"])
    for _ in range(40):
        scores = voice.alignment_scores(batch)
        loss = forward_sum_loss(scores, flags, batch["n_frames"], batch["n_symbols"])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    durations = hard_durations(voice.alignment_scores(batch), flags, batch["n_frames"], batch["n_symbols"])
    expected = [[FRAMES[SYMBOLS[index]] for index in clip.symbols] for clip in clips]
    errors = [
        abs(int(durations[row, column]) - count)
        for row, counts in enumerate(expected)
        for column, count in enumerate(counts)
    ]
    assert np.mean(errors) < 2.0  # frames, whose windows are four hops long
    prosody = voice.targets(batch).prosody[0]
    pitch_hz = octaves_to_hz((prosody[1:3, 0] / prosody[1:3, 1]).numpy())
    np.testing.assert_allclose(pitch_hz, [150.0, 200.0], rtol=0.12)


def test_metrics_are_measured_and_suspect_clips_are_listed(trained):
    run, folder = trained
    card = ModelFolder(folder / "run").card
    assert set(card.metrics) == set(ACOUSTIC.metrics)
    assert (folder / "run" / runs.SUSPECT_FILE).is_file()
    clips = run.prepared.batches.clips
    scores = -1.0 + 0.01 * np.arange(len(clips))
    scores[2] = -4.0
    failed = suspect_problems(clips, scores)
    assert [problem.what for problem in failed] == [clips[2].entry.path]
    assert "its sound fits its text badly (-4.00 nats a frame, usual is -0.9" in str(failed[0])


def test_texts_that_cannot_be_spoken_in_the_time_are_left_out():
    usable, failed = batches.check_transcripts(
        [
            entry_of("hello there you", 1.2),
            entry_of("w", 1.2),  # one letter, with the silence around it
            entry_of("[[HH EH1 L P]] " * 5, 1.2),  # 75 characters a second, but 20 phones
            entry_of("x" * 100, 1.0),
            entry_of("hi", 3.0),
            entry_of(None, 1.0),
            entry_of("a", 99.0),
        ],
        15.0,
    )
    assert [entry.text for entry in usable] == ["hello there you", "w", "[[HH EH1 L P]] " * 5]
    reasons = [problem.reason for problem in failed]
    assert "100 characters a second, too many for speech (3 to 30)" in reasons[0]
    assert "0.667 characters a second, too few for speech" in reasons[1]
    assert reasons[2] == "it has no text"
    assert "it lasts 99 s" in reasons[3]


def test_sentences_of_one_clip_are_joined_by_their_pause():
    assert batches.text_to_symbols("ab.c.", FrontEnd()) == ("_", "a", "b", ".", "c", ".", "_")


def test_a_text_with_more_sounds_than_frames_is_left_out(tmp_path, monkeypatch):
    use_front_end(monkeypatch)
    folder = write_folder(tmp_path / "mine")
    lines = (folder / "metadata.csv").read_text(encoding="utf-8").splitlines()
    lines[0] = "clip-0|" + "abcd" * 12
    (folder / "metadata.csv").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setattr(batches, "CHARACTERS_PER_SECOND", (0.0, 1e9))
    prepared = recipes.prepare(tiny_recipe(), scan(folder).entries, tmp_path / "cache")
    assert "its text has 51 sounds, more than its 41 frames can hold" in str(prepared.failed[0])


def test_recordings_without_texts_or_of_others_are_refused(tmp_path):
    with pytest.raises(
        BadFolder, match=r"No recording has a text in the voice's language; give a folder with a metadata\.csv"
    ):
        recipes.prepare(tiny_recipe(), [entry_of(None, 1.0)], tmp_path)
    known = replace(entry_of("ab", 1.0), speaker="ann", language="en", split="train")
    requested = replace(tiny_recipe(), model=AcousticConfig(speakers=("bob",)))
    with pytest.raises(BadFolder, match="There is no recording with a text of the speaker 'bob'; the folder has ann"):
        recipes.prepare(requested, [known], tmp_path)
    with pytest.raises(BadFolder, match="No recording has a text in the voice's language"):
        recipes.prepare(tiny_recipe(), [replace(known, language="de")], tmp_path)


def test_a_voice_starts_from_another(trained, tmp_path):
    _, folder = trained
    base = ModelFolder(folder / "run")
    tuned = recipes.fine_tuning(base)
    assert tuned.model.channels == 16
    assert tuned.training.patience > 0
    config = replace(base.config(AcousticConfig), symbols=(*SYMBOLS, "e"), speakers=("voice", "new"))
    state = ACOUSTIC.initial_weights(base, config)
    stored = base.weights()
    net = AcousticNetwork(config)
    net.inference_module().load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})
    table = stored["voice.symbol_embedding.weight"]
    np.testing.assert_allclose(net.voice.symbol_embedding.weight[: len(SYMBOLS)].detach(), table, atol=1e-6)
    np.testing.assert_allclose(net.voice.symbol_embedding.weight[-1].detach(), table.mean(0), atol=1e-6)
    np.testing.assert_allclose(
        net.voice.speaker_embedding.weight[1].detach(), stored["voice.speaker_embedding.weight"].mean(0), atol=1e-6
    )
    recipe = replace(tuned, model=replace(tuned.model, synthesis_from=1, adversarial_from=2))
    recipe = replace(recipe, training=replace(recipe.training, steps=1, evaluate_every=1, threads=1, batch_size=2))
    run = tiny_run(write_folder(folder / "other", octaves=0.3), tmp_path / "fine", folder / "cache", recipe, base)
    initial = run.network.voice.decoder.blocks[0].linear1.weight.detach().numpy()
    np.testing.assert_array_equal(initial, stored["voice.decoder.blocks.0.linear1.weight"])


def test_a_phone_of_another_language_starts_as_the_nearest_ones(monkeypatch):
    monkeypatch.setattr(recipes, "front_end", language_front_end)
    english = AcousticConfig(language="en", symbols=language_front_end("en").symbols)
    german = AcousticConfig(language="de", symbols=language_front_end("de").symbols)
    to_german, to_english = recipes.nearest_phones(german, english), recipes.nearest_phones(english, german)
    expected = {"ʁ": ("R",), "ts": ("T", "S"), "aɪ2": ("AY2",), "ə": ("AH0",), "ç": ("HH",), "ɔ̃ː1": ("AO1",)}
    assert {phone: to_german[phone] for phone in expected} == expected
    expected = {"TH": ("s",), "W": ("v",), "EY1": ("eː1",), "AH0": ("ə",), "AH1": ("a1",), "ER0": ("ɐ",), "R": ("ʁ",)}
    assert {phone: to_english[phone] for phone in expected} == expected
    assert set(to_german) == set(german.symbols) - set(english.symbols)
    assert set(to_english) == set(english.symbols) - set(german.symbols)
    assert recipes.nearest_phones(english, english) == {}
    table = np.arange(len(english.symbols), dtype=np.float32)[:, None]
    rows = rows_by_name(table, ("ts", "T", "?"), english.symbols, similar=to_german)[:, 0]
    t, s, mark = (english.symbols.index(each) for each in ("T", "S", "?"))
    np.testing.assert_allclose(rows, [(t + s) / 2, t, mark])


def test_exported_weights_are_interpolated_towards_the_base_except_for_new_tables(trained, tmp_path, monkeypatch):
    _, folder = trained
    base = ModelFolder(folder / "run")
    tuned = recipes.fine_tuning(base)
    assert 0 < tuned.training.base_weight < 1
    training = replace(tuned.training, steps=1, evaluate_every=1, threads=1, batch_size=2, base_weight=0.25)
    tuned = replace(tuned, model=replace(tuned.model, synthesis_from=1, adversarial_from=2), training=training)
    monkeypatch.setattr(recipes, "new_tables", lambda *_: ("speaker_embedding.weight",))
    run = tiny_run(write_folder(folder / "again", octaves=0.3), tmp_path / "fine", folder / "cache", tuned, base)
    monkeypatch.undo()
    initial = {name: weight.clone() for name, weight in run.network.inference_module().state_dict().items()}
    with torch.no_grad():
        for weight in run.network.inference_module().parameters():
            weight.add_(1.0)
    trained_module = run.network.inference_module()
    exported = run.inference_module(trained_module).state_dict()
    for name in ("symbol_embedding.weight", "aligner.speaker_embedding.weight", "decoder.blocks.0.linear1.weight"):
        torch.testing.assert_close(exported[name], initial[name] + 0.75)
    torch.testing.assert_close(exported["speaker_embedding.weight"], initial["speaker_embedding.weight"] + 1.0)
    torch.testing.assert_close(
        trained_module.state_dict()["symbol_embedding.weight"], initial["symbol_embedding.weight"] + 1.0
    )
    known = replace(base.config(AcousticConfig), symbols=(*SYMBOLS, "e"))
    assert ACOUSTIC.new_tables(base, known) == recipes.SYMBOL_TABLES
    assert ACOUSTIC.new_tables(base, replace(known, symbols=SYMBOLS, speakers=("mine",))) == recipes.SPEAKER_TABLES
    assert ACOUSTIC.new_tables(base, base.config(AcousticConfig)) == ()


def test_a_warm_start_from_another_model_is_refused(trained, tmp_path, monkeypatch):
    _, folder = trained
    with pytest.raises(
        BadSetting, match="is of the family acoustic, and a training starts from a model of its own, gan"
    ):
        train(TrainParameters(folder / "mine", "gan", out=tmp_path / "a", from_=str(folder / "run"), max_minutes=1))
    with pytest.raises(BadModel, match="There is no model 'nobody'"):
        train(TrainParameters(folder / "mine", "acoustic", out=tmp_path / "a", from_="nobody", max_minutes=1))
    monkeypatch.setattr(ModelFolder, "weights", lambda self: {})
    with pytest.raises(BadModel, match=r"has no weight symbol_embedding\.weight, so no training can start from it"):
        ACOUSTIC.initial_weights(ModelFolder(folder / "run"), AcousticConfig(symbols=SYMBOLS, speakers=("voice",)))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"sample_rate": 22_050}, "sample rate is 22050 Hz"),
        ({"sample_rate": 8_000}, "sample_rate is 8000; it must lie between 16000 and 48000"),
        ({"labels": ("a",)}, "A voice has no labels; leave labels empty, and name speakers in a manifest instead"),
        ({"channels": 17}, "multiple of n_heads"),
        ({"decoder_kernel_size": 4}, "decoder_kernel_size is 4; it must be odd"),
        (
            {"synthesis_from": 9, "joint_alignment_from": 0, "adversarial_from": 9},
            "adversarial_from is 9; it must be 0, or come after synthesis_from",
        ),
        ({"synthesis_from": 9, "joint_alignment_from": 8}, "joint_alignment_from is 8; it must be 0"),
    ],
)
def test_settings_that_do_not_fit_are_refused(setting, message):
    with pytest.raises(BadSetting, match=message):
        AcousticConfig(**setting)


def test_blocks_ignore_padding():
    torch.manual_seed(0)
    blocks = ConvTransformer(2, 16, 32, 5, 2, 0.1).eval()
    frames = torch.randn(1, 9, 16)
    longer = torch.cat([frames, torch.randn(1, 4, 16)], 1)
    mask = (torch.arange(13) < 9).float()[None, :, None]
    torch.testing.assert_close(blocks(longer, mask)[:, :9], blocks(frames), atol=1e-5, rtol=1e-5)


def test_durations_give_the_position_of_each_frame():
    durations = torch.tensor([[2, 0, 3], [1, 1, 1]])
    positions, features = frame_positions(durations, 5)
    assert positions.tolist() == [[0, 0, 2, 2, 2], [0, 1, 2, 2, 2]]
    assert torch.equal(durations_to_positions(durations, 5), positions)
    assert not features[1, 3:].any()


def test_mel_losses_are_zero_for_equal_frames_and_measure_the_distance():
    torch.manual_seed(0)
    mel, mask = torch.randn(2, 20, 80), torch.ones(2, 20, 1)
    mask[1, 12:] = 0
    same = mel_losses(mel, mel * mask, mask)
    assert float(same["mel/l1"]) == 0.0
    assert float(same["mel/ssim"]) == pytest.approx(0.0, abs=1e-6)
    assert float(mel_losses(mel, (mel + 0.5) * mask, mask)["mel/l1"]) == pytest.approx(0.5, rel=1e-5)


def test_the_envelope_distance_ignores_fine_texture():
    torch.manual_seed(0)
    mel, mask = torch.randn(2, 20, 80), torch.ones(2, 20, 1)
    mask[1, 12:] = 0
    assert float(envelope_distance(mel, mel * mask, mask)) == 0.0
    whole = torch.ones(2, 20, 1)
    assert float(envelope_distance(mel, mel - 0.5, whole)) == pytest.approx(0.5, rel=1e-5)
    texture = torch.tensor([1.0, -1.0] * 10)[None, :, None].expand(2, 20, 80)  # of five frames one is left over
    assert float(envelope_distance(mel, mel + texture, whole)) == pytest.approx(0.2, rel=1e-4)
    assert float(mel_losses(mel, mel + texture, whole)["mel/l1"]) == pytest.approx(1.0, rel=1e-5)


def test_pitch_and_energy_are_converted():
    hz = np.array([0.0, 100.0, 200.0, 400.0], np.float32)
    np.testing.assert_allclose(hz_to_octaves(hz), [0.0, -1.0, 0.0, 1.0], atol=1e-6)
    np.testing.assert_allclose(octaves_to_hz(hz_to_octaves(hz))[1:], hz[1:], rtol=1e-6)
    flat = np.log(np.full((2, 80), 0.5))
    np.testing.assert_allclose(frame_energy(flat), (np.log(0.5) + 3.0) / 3.0, rtol=1e-5)


def test_the_phone_loss_is_in_nats_and_ignores_padding():
    symbols, positions = torch.tensor([[3, 1]]), torch.tensor([[0, 0, 1, 1]])
    logits = torch.full((1, 4, 5), -50.0)
    logits[0, [0, 1, 2], [3, 3, 1]] = 50.0
    mask = torch.tensor([1.0, 1.0, 1.0, 0.0])[None, :, None]
    assert float(phone_loss(logits, symbols, positions, mask)) == pytest.approx(0.0, abs=1e-6)
    assert float(phone_loss(torch.zeros(1, 4, 5), symbols, positions, mask)) == pytest.approx(np.log(5), rel=1e-6)


def test_the_phone_classifier_learns_and_is_frozen_for_other_losses():
    torch.manual_seed(0)
    classifier = PhoneClassifier(8, 16, 2)
    symbols, positions = torch.tensor([[0, 1]]), (torch.arange(20) // 5 % 2)[None]
    mel, mask = (2.0 * positions - 1)[..., None].expand(-1, -1, 8), torch.ones(1, 20, 1)
    optimizer = torch.optim.Adam(classifier.parameters(), 1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        phone_loss(classifier(mel, mask), symbols, positions, mask).backward()
        optimizer.step()
    frames = mel.clone().requires_grad_()
    loss = phone_loss(classifier.frozen_logits(frames, mask), symbols, positions, mask)
    assert float(loss.detach()) < 0.05
    optimizer.zero_grad()
    loss.backward()
    assert frames.grad.abs().max() > 0
    assert all(parameter.grad is None for parameter in classifier.parameters())
    assert classifier.training


def test_the_joint_alignment_adds_the_phone_classifiers_log_probabilities(trained, monkeypatch):
    run, _ = trained
    voice = TextToMel(run.recipe.model)
    batch = to_tensors(run.prepared.batches.of(np.arange(2)), voice)
    by_aligner, prosody, _ = voice.targets(batch)
    expected = torch.where(batch["symbols"] == SYMBOLS.index("|"), 0, 2) * symbol_mask(batch)[..., 0].long()
    expected[:, 0] += batch["n_frames"] - expected.sum(1)
    symbols = batch["symbols"].gather(1, durations_to_positions(expected, batch["mel"].shape[1]))
    logits = 20 * torch.nn.functional.one_hot(symbols, len(SYMBOLS)).float()
    monkeypatch.setattr(voice.phone_classifier, "frozen_logits", lambda mel, mask: logits)
    voice.joint_alignment.fill_(True)
    durations, joint_prosody, _ = voice.targets(batch)
    assert torch.equal(durations, expected)
    assert not torch.equal(by_aligner, expected)
    assert not torch.equal(prosody, joint_prosody)
    monkeypatch.setattr(voice.phone_classifier, "frozen_logits", lambda mel, mask: torch.zeros_like(logits))
    assert torch.equal(voice.targets(batch).durations, by_aligner)


def test_a_voice_starts_from_the_bundled_one():
    base = loading.load("en").folder
    config = replace(recipes.fine_tuning(base).model, speakers=("mine",), symbols=base.config(AcousticConfig).symbols)
    voice = TextToMel(config)
    state = ACOUSTIC.initial_weights(base, config)
    voice.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})
    assert bool(voice.joint_alignment)
    known = base.weights()
    np.testing.assert_array_equal(
        voice.phone_classifier.out_proj.weight.detach(), known["voice.phone_classifier.out_proj.weight"]
    )
    np.testing.assert_allclose(
        voice.speaker_embedding.weight.detach()[0],
        known["voice.speaker_embedding.weight"].mean(axis=0),
        rtol=1e-5,
        atol=1e-6,
    )


def test_dropout_drops_channels_of_a_whole_clip_and_keeps_the_mean():
    torch.manual_seed(0)
    drop = ChannelDropout(0.25)
    frames = torch.ones(64, 5, 100)
    dropped = drop(frames)
    assert dropped.unique().tolist() == pytest.approx([0.0, 4 / 3])
    assert (dropped == dropped[:, :1]).all()
    assert dropped.mean() == pytest.approx(1.0, abs=0.03)
    assert drop.eval()(frames) is frames
