"""The sequencer of the studio: when notes start, what they sound like, and what changes while they play."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
import soundfile

pytest.importorskip("uvicorn")

from studio_browser import reason_to_skip

from wavewright.apps.studio.scores import Roll, RollNote, RollTempo, RollTrack, midi_of_roll, roll_of_midi
from wavewright.music.formats import midi_reading
from wavewright.music.performance import NOTE_ON, PerformanceSettings, perform

pytestmark = [
    pytest.mark.skipif(bool(reason_to_skip()), reason=reason_to_skip() or "-"),
    pytest.mark.browser,
    pytest.mark.uses("drums"),
]

RATE = 44_100
STARTS = """
(() => {
  window.starts = [];
  const start = AudioBufferSourceNode.prototype.start;
  AudioBufferSourceNode.prototype.start = function (when = 0, ...more) {
    window.starts.push({ when, rate: this.playbackRate.value, seconds: this.buffer.duration });
    return start.call(this, when, ...more);
  };
})()
"""
"""Note when sounds are started, on the clock of their context."""

PERFORM = """
async ([score, changes, seconds]) => {
  const { audio } = await import("/player.js");
  const { Sequencer } = await import("/sequencer.js");
  const settings = { loop: changes.loop ?? false, swing: changes.swing ?? 0.5, humanise: false };
  const buffer = audio().createBuffer(1, 10, 44100);
  let now = 100;
  Object.defineProperty(audio(), "currentTime", { get: () => now, configurable: true });
  const sound = { buffer, rate: 1, gain: 0, loop: null };
  const sequencer = new Sequencer({ score: () => score, sound: () => sound, settings: () => settings, onstate() {} });
  sequencer.play();
  clearInterval(sequencer.timer);
  const at = Object.entries(changes.scores ?? {}).map(([time, next]) => [Number(time), next]);
  while (now < 100 + seconds) {
    now += 0.02;
    while (at.length && now >= 100 + at[0][0]) score = { ...score, ...at.shift()[1] };
    sequencer.tick();
  }
  return [window.starts.map(each => each.when - 100), sequencer.isPlaying];
}
"""
"""Play a score on a clock that steps by 20 ms; return the starts of its notes."""

LEAD = 0.03  # from Play to the first note
ONE_SHOTS = """
async ([values, program, pitches]) => {
  const { OneShots } = await import("/one_shots.js");
  const sounds = new OneShots(values, true);
  const track = { is_drum: program === null, program };
  await sounds.prepare(pitches.map(pitch => [track, pitch]));
  return pitches.map(pitch => {
    const { buffer, rate, loop } = sounds.sound(track, pitch);
    const wave = [...buffer.getChannelData(0).slice(0, 2 * buffer.sampleRate)];
    return { wave, rate: buffer.sampleRate * rate, loop };
  });
}
"""


@pytest.fixture
def studio_script() -> str:
    return STARTS


def ready(panel) -> None:
    """Wait until all sounds of the score and of the keyboard are there."""
    panel.page.locator("[data-panel=sequence][data-sounds=ready]").wait_for()


def play(studio, panel) -> None:
    panel.get_by_role("button", name="Play", exact=True).click()
    panel.get_by_role("button", name="Stop", exact=True).wait_for()
    studio.loudest()


def score(**values) -> Roll:
    notes = [RollNote(start=start, length=0.25, pitch=60) for start in np.arange(0, 8, 0.25)]
    return Roll(**{"tempo": 120, "quarters": 8, "tracks": [RollTrack(notes=notes)], **values})


def performed(roll: Roll, swing: float = 0.5) -> np.ndarray:
    """Return the starts of the notes in seconds, as `render` plays them."""
    (read,), _ = midi_reading.read_midi(midi_of_roll(roll))
    performance = perform(read, RATE, PerformanceSettings(swing))
    events = np.concatenate(performance.events)
    return np.sort(events["sample"][events["kind"] == NOTE_ON]) / RATE


# ------------------------------------------------------------------------------------------------ when notes start


@pytest.mark.parametrize("swing", [0.5, 0.62])
@pytest.mark.parametrize("tempos", [[], [RollTempo(start=2, tempo=60), RollTempo(start=5.5, tempo=200)]])
def test_notes_start_as_render_plays_them(studio, swing, tempos):
    roll = score(tempos=tempos)
    studio.page.goto(studio.url)
    starts, is_playing = studio.page.evaluate(PERFORM, [roll.model_dump(), {"swing": swing}, 20])
    assert np.allclose(np.array(starts) - LEAD, performed(roll, swing), atol=2 / RATE)
    assert not is_playing  # it ended by itself


def test_a_loop_goes_on_and_a_tempo_changes_from_the_next_notes_on(studio):
    roll = score(
        quarters=2,
        tracks=[RollTrack(notes=[RollNote(start=0, length=1, pitch=60), RollNote(start=1, length=1, pitch=62)])],
    )
    studio.page.goto(studio.url)
    changes = {"loop": True, "scores": {"1.97": {"tempo": 60}}}
    starts, is_playing = studio.page.evaluate(PERFORM, [roll.model_dump(), changes, 6])
    assert is_playing
    steps = np.diff(starts)
    assert np.allclose(steps[:4], 0.5, atol=1e-6)
    assert 0.5 <= steps[4] <= 1  # partly at each tempo
    assert np.allclose(steps[5:], 1, atol=1e-6)


def test_a_score_that_becomes_shorter_starts_again_at_once(studio):
    studio.page.goto(studio.url)
    changes = {"loop": True, "scores": {"2": {"quarters": 1}}}
    starts, is_playing = studio.page.evaluate(PERFORM, [score().model_dump(), changes, 4])
    assert is_playing
    assert np.allclose(np.diff(starts)[-8:], 0.125, atol=1e-6)
    assert np.diff(starts).max() < 0.3


# --------------------------------------------------------------------------------------------- what they sound like


@pytest.mark.parametrize(
    ("values", "program"), [({}, 48), ({}, 0), ({"instrument": "general-midi"}, 73), ({"instrument": "notes"}, 73)]
)
def test_a_one_shot_has_the_pitch_and_starts_at_once(studio, values, program):
    studio.page.goto(studio.url)
    pitches = [55, 59, 60, 61, 67]
    found = studio.page.evaluate(ONE_SHOTS, [values, program, pitches])
    for pitch, each in zip(pitches, found, strict=True):
        wave = np.array(each["wave"])
        assert np.abs(wave[: len(wave) // 10]).max() > 0.05 * np.abs(wave).max()  # within 0.2 s
        part = wave[len(wave) // 8 : len(wave) // 2]
        correlation = np.fft.irfft(np.abs(np.fft.rfft(part, 2 * len(part))) ** 2)[: len(part)]
        period = each["rate"] / (440 * 2 ** ((pitch - 69) / 12))
        near = np.arange(round(0.97 * period), round(1.03 * period) + 1)
        best = near[np.argmax(correlation[near])]
        assert abs(best / period - 1) < 0.015, pitch
        assert correlation[best] > 0.5 * correlation[0]
    if program == 48:
        assert all(each["loop"] for each in found)  # it can be held
    if program == 0:
        assert not any(each["loop"] for each in found)  # it dies away


def test_drums_are_different_and_have_no_pitch(studio):
    studio.page.goto(studio.url)
    kick, hat = (np.array(each["wave"]) for each in studio.page.evaluate(ONE_SHOTS, [{}, None, [36, 42]]))
    centroids = []
    for wave in (kick, hat):
        power = np.abs(np.fft.rfft(wave)) ** 2
        centroids.append(np.average(np.arange(len(power)) / len(power), weights=power))
    assert centroids[0] < 0.1 < centroids[1]


# -------------------------------------------------------------------------------------- what changes while they play


def test_a_cell_sounds_when_it_is_set_and_is_played_in_each_round(studio):
    panel = studio.open("sequence")
    panel.get_by_role("button", name="New score").click()
    panel.get_by_label("Track", exact=True).select_option("1")
    ready(panel)
    cell = panel.locator("[data-cell='38-4']")
    cell.click()  # while nothing plays
    studio.loudest()
    studio.page.wait_for_function("() => window.starts.length === 1")
    assert cell.get_attribute("aria-pressed") == "true"
    cell.click()
    assert cell.get_attribute("aria-pressed") == "false"
    panel.get_by_label("Tempo", exact=True).fill("400")
    panel.get_by_label("Tempo", exact=True).press("Tab")
    panel.get_by_role("button", name="Play", exact=True).click()  # an empty loop
    panel.get_by_role("button", name="Stop", exact=True).wait_for()
    assert studio.page.evaluate("window.starts.length") == 1
    cell.focus()
    studio.page.keyboard.press("Enter")
    studio.page.wait_for_function("() => window.starts.length >= 4")
    assert studio.page.evaluate("window.starts[1].when") == 0  # that of the key
    studio.page.keyboard.press("Escape")
    panel.get_by_role("button", name="Play", exact=True).wait_for()
    n = studio.page.evaluate("window.starts.length")
    studio.page.wait_for_timeout(500)  # in which others would start
    assert studio.page.evaluate("window.starts.length") == n
    play(studio, panel)  # again


def test_the_instrument_changes_while_the_score_plays_and_nothing_is_rendered_as_a_whole(studio):
    panel = studio.open("sequence")
    play(studio, panel)
    for name in ("general-midi", "", "piano"):
        panel.get_by_label("Instrument", exact=True).select_option(name)
        ready(panel)
        studio.page.evaluate("window.loudest = 0")
        studio.loudest()
        panel.get_by_role("button", name="Stop", exact=True).wait_for()
    assert {each["out"] for each in studio.posts("/v1/tasks/render")} == {"notes.wav"}
    assert studio.page.inner_text("#error") == ""


def test_a_page_that_is_loaded_again_while_it_plays_is_silent_and_plays_again(studio):
    panel = studio.open("sequence")
    play(studio, panel)
    panel.get_by_role("button", name="Add track").click()
    studio.page.reload()
    panel = studio.open("sequence")
    assert "Track 2 (0)" in panel.get_by_label("Track", exact=True).text_content()
    assert studio.page.evaluate("window.starts.length") == 0
    play(studio, panel)


def test_two_tabs_play_scores_of_their_own(studio):
    panel = studio.open("sequence")
    play(studio, panel)
    other = studio.context.new_page()
    other.goto(f"{studio.url}/#sequence")
    second = other.locator("[data-panel=sequence][data-ready]")
    second.wait_for()
    second.get_by_role("button", name="New score").click()
    second.get_by_role("button", name="Play", exact=True).click()
    second.get_by_role("button", name="Stop", exact=True).wait_for()
    assert "Melody (30)" in panel.get_by_label("Track", exact=True).text_content()
    panel.get_by_role("button", name="Stop", exact=True).wait_for()
    n = studio.page.evaluate("window.starts.length")
    studio.page.wait_for_function(f"() => window.starts.length > {n + 4}")  # while it is in the background
    other.close()


def test_the_accompaniment_follows_chords_style_and_melody(studio):
    panel = studio.open("sequence")
    play(studio, panel)
    tracks, command = panel.get_by_label("Track", exact=True), panel.locator(".command code").first
    before = roll_of_midi(studio.download(panel.get_by_role("button", name="Save MIDI"))).tracks
    panel.get_by_label("Accompaniment", exact=True).select_option("bossa")
    command.filter(has_text="--style bossa").wait_for()
    panel.get_by_label("Chords", exact=True).fill("C Am F G")
    panel.get_by_label("Chords", exact=True).press("Tab")
    command.filter(has_text="--chords 'C Am F G'").wait_for()
    after = roll_of_midi(studio.download(panel.get_by_role("button", name="Save MIDI"))).tracks
    assert after[0] == before[0]
    bass = next(track for track in after if track.name == "bass")
    firsts = [
        min((note for note in bass.notes if bar <= note.start / 4 < bar + 1), key=lambda note: note.start)
        for bar in range(4)
    ]
    assert [note.pitch % 12 for note in firsts] == [0, 9, 5, 7]
    panel.get_by_label("Chords", exact=True).fill("C Xyz")
    panel.get_by_label("Chords", exact=True).press("Tab")
    assert "Xyz" in studio.error()
    panel.get_by_role("button", name="Undo").click()
    panel.get_by_role("button", name="Stop", exact=True).wait_for()  # it has played all the time
    panel.get_by_label("Accompaniment", exact=True).select_option("")
    studio.page.wait_for_function(
        "() => document.querySelectorAll('[data-panel=sequence] select')[1].options.length === 1"
    )
    assert tracks.locator("option").count() == 1


def test_a_change_of_the_accompaniment_makes_it_the_user_s(studio):
    panel = studio.open("sequence")
    tracks = panel.get_by_label("Track", exact=True)
    n = tracks.locator("option").count()
    tracks.select_option("1")
    panel.locator("canvas[aria-label^='Piano roll']").press("Enter")
    studio.holds(panel.get_by_label("Accompaniment", exact=True), "")
    assert tracks.locator("option").count() == n
    panel.get_by_role("button", name="Undo").click()
    studio.holds(panel.get_by_label("Accompaniment", exact=True), "pop")


# ------------------------------------------------------------------------------------------------------- what is saved


def notation_program_score() -> bytes:
    """Return a MIDI file as notation programs write them: a track for each staff, and changes of the tempo."""
    tracks = [
        RollTrack(
            name=name,
            program=program,
            notes=[RollNote(start=start, length=1, pitch=pitch + start) for start in range(8)],
        )
        for name, program, pitch in (("Violin", 40, 67), ("Viola", 41, 60), ("Violoncello", 42, 48))
    ]
    tempos = [RollTempo(start=4, tempo=80), RollTempo(start=6, tempo=60)]
    return midi_of_roll(Roll(tempo=100, tempos=tempos, quarters=8, tracks=tracks))


def test_a_file_of_a_notation_program_plays_and_is_saved_with_its_tempos(studio, tmp_path):
    (tmp_path / "trio.mid").write_bytes(notation_program_score())
    panel = studio.open("sequence")
    play(studio, panel)
    panel.locator("input[type=file][accept*='mid']").set_input_files(str(tmp_path / "trio.mid"))
    panel.get_by_label("Track", exact=True).get_by_text("Violoncello (8)").wait_for(state="attached")
    panel.get_by_label("Tempo", exact=True).fill("200")
    panel.get_by_label("Tempo", exact=True).press("Tab")
    panel.get_by_role("button", name="Stop", exact=True).wait_for()
    saved = roll_of_midi(studio.download(panel.get_by_role("button", name="Save MIDI")))
    original = roll_of_midi(notation_program_score())
    assert saved.tracks == original.tracks
    assert [(each.start, each.tempo) for each in saved.tempos] == [(4, 160), (6, 120)]


def test_a_score_by_a_patch_is_saved_with_its_drums(studio):
    panel = studio.open("sequence")
    panel.get_by_label("Instrument", exact=True).select_option("piano")
    whole, rate = soundfile.read(io.BytesIO(studio.download(panel.get_by_role("button", name="Save WAV"))))
    command = panel.locator(".command code").first.inner_text()
    assert re.match(
        r"wavewright render instruments\.mid .*--instrument piano.* && wavewright render drums\.mid", command
    )
    panel.get_by_label("Accompaniment", exact=True).select_option("")
    studio.page.wait_for_function(
        "() => document.querySelectorAll('[data-panel=sequence] select')[1].options.length === 1"
    )
    melody, _ = soundfile.read(io.BytesIO(studio.download(panel.get_by_role("button", name="Save WAV"))))
    above = [np.square(np.abs(np.fft.rfft(wave[:, 0], 20 * rate))[20 * 8_000 :]).sum() for wave in (whole, melody)]
    assert above[0] > 10 * above[1]  # hats are bright, a piano is not
    assert (
        panel.locator(".command code").first.inner_text()
        == "wavewright render score.mid --out score.wav --instrument piano"
    )
