// Scores that sound while they change: piano roll, step sequencer, keyboard, accompaniment; saved as MIDI and as sound.
import { describe, detailsOf, fetchFile, fetchJson, jsonOptions, latest, request, run, ServerFile } from "./api.js";
import { exampleFile, takeCards } from "./examples.js";
import { changes, fieldsOf } from "./fields.js";
import { History, undoButtons } from "./history.js";
import { Keyboard, KEYS } from "./keyboard.js";
import { library } from "./library.js";
import { models, modelSelect } from "./models.js";
import { OneShots } from "./one_shots.js";
import { forgetJob, takeResults } from "./pending.js";
import { PianoRoll } from "./piano_roll.js";
import { isPlaying, stop } from "./player.js";
import { recordingForm } from "./recording_score.js";
import { Sequencer } from "./sequencer.js";
import { DRUMS, StepGrid } from "./step_grid.js";
import { checkbox, chosenFiles, commandBox, complain, counted, fill, guarded, h, labelled, onKeys, save, say, select } from "./ui.js";

const EMPTY = { tempo: 110, quarters: 16, beats_per_bar: 4, tracks: [
  { name: "Melody", is_drum: false, program: 0, notes: [] }, { name: "Drums", is_drum: true, program: 0, notes: [] }] };
const BARS_SHOWN = 4; // of the piano roll
const BARS_OF_STEPS = 2;
const FIRST_BARS = 8; // in the field, until another number is typed
const FIRST_QUARTERS = 4; // whose sounds must be there before a score plays
const TAP_SECONDS = 0.3;
const TOO_LATE_MS = 1500; // after which a note that was set no longer sounds
const COMPOSERS = { model: "compose", rule: "compose-by-rule" }; // tasks, by the kind of composer
const FORMS = ["AABA", "AA'BA", "AABB", "ABAC", "ABA"];
const TRAITS = ["density", "register", "polyphony", "difficulty"];
const LEVELS = [["", "any"], ["0.1", "least"], ["0.3", "less"], ["0.5", "middle"], ["0.7", "more"], ["0.9", "most"]]; // the middles of fifths
const PITCHES_OF_KEYS = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
const PLAYED = new Map([["piano", 0], ["organ", 19], ["guitar", 25], ["bass", 33], ["strings", 48], ["choir", 52], ["trumpet", 56], ["saxophone", 65], ["flute", 73], ["synth lead", 81], ["synth pad", 89]]);
const ALL_PATCHES = "general-midi";
const [SLOWEST, FASTEST] = [4, 1000]; // quarters a minute
const SOUND_FONT = "soundfont:"; // of the user
const REVERB = 0.12; // of render, by a patch or a model

const MIX = "overlay \"drums.wav\"; loudness -18LUFS; limit -1dBTP"; // as render masters a score

const TUNE = "tune.mid"; // of the examples
const TUNE_STYLE = "pop";
const TUNE_COMMAND = "wavewright accompany ode.mid";

/** Build the panel. */
export async function open(panel) {
  const [{ pieces, patches, accompaniments }, renderTask, modelTask, ruleTask, accompanyTask] = await Promise.all([describe(), ...["render", COMPOSERS.model, COMPOSERS.rule, "accompany"].map(fieldsOf)]);
  const state = { track: 0, bar: 0, at: 0, held: new Map(), composed: null, refused: null, soundFont: null, sounds: null, frame: 0, nPrepared: 0 };
  const history = new History("score", EMPTY, show);
  const banks = new Map();
  const composer = await modelSelect(() => [...models.filter(model => model.can_compose).map(model => [`model:${model.name}`, model.title]), ...pieces.map(({ name }) => [`rule:${name}`, `${name} (by rules)`])], "rule:band", () => showComposer().catch(complain));
  const bars = ruleTask.number("bars", "Bars", { value: FIRST_BARS });
  const seed = ruleTask.number("seed");
  const key = select([["", "any"], ...PITCHES_OF_KEYS.flatMap(pitch => [[pitch, `${pitch} major`], [`${pitch}m`, `${pitch} minor`]])], "");
  const form = select([["", "usual"], ...FORMS.map(each => [each, each])], "", () => showComposer().catch(complain));
  form.title = modelTask.schemas.form.description;
  const temperature = modelTask.slider("temperature");
  const traits = Object.fromEntries(TRAITS.map(name => [name, select(LEVELS, "")]));
  const traitRow = h("div.row", { role: "group", "aria-label": "Traits of what is composed", hidden: true }, ...TRAITS.map(name => labelled(name[0].toUpperCase() + name.slice(1), traits[name])));
  for (const name of TRAITS) traits[name].title = modelTask.schemas[name].description;
  const tempo = renderTask.number("tempo", "Tempo", { value: EMPTY.tempo, onchange: () => { if (tempo.control.checkValidity()) edit(score => atTempo(score, tempo.value)); } });
  const track = select([], "0", () => { state.track = Number(track.value); show(history.current); });
  const program = select([...PLAYED].map(([name, number]) => [String(number), name]), "0", () => editTrack(each => ({ ...each, program: Number(program.value) })));
  const position = h("span.soft");
  const grid = select([["0.25", "sixteenths"], ["0.5", "eighths"], ["1", "quarters"], ["0.125", "thirty-seconds"]], "0.25", () => { roll.grid = Number(grid.value); });
  const instrument = await modelSelect(() => [["", "SoundFont of General MIDI"], ...state.soundFont ? [[SOUND_FONT, state.soundFont.name]] : [], [ALL_PATCHES, "synthesiser (General MIDI)"],
    ...models.filter(model => model.can_perform).map(model => [model.name, `model ${model.title}`]), ...patches.map(name => [name, `patch ${name}`])], "", () => changeInstrument());
  const swing = renderTask.slider("swing", "Swing");
  const humanise = renderTask.checkbox("humanise", "humanise");
  const reverb = renderTask.slider("reverb", "Reverb", { oninput: () => setReverb(), onchange: () => setReverb() });
  const style = select([["", "none"], ...accompaniments], "", () => edit(score => ({ ...score, style: style.value })));
  const chords = h("input", { type: "text", placeholder: "those that fit", title: accompanyTask.schemas.chords.description, onchange: () => edit(score => ({ ...score, chords: chords.value.trim() })) });
  const records = checkbox("record what is played", false);
  const loop = checkbox("loop", true);
  const sequencer = new Sequencer({
    score: () => history.current,
    sound: (each, pitch) => bankOf(each).sound(each, pitch),
    settings: () => ({ loop: loop.control.checked, swing: swing.value, humanise: humanise.value }),
    onstate: () => { playButton.textContent = sequencer.isPlaying ? "Stop" : "Play"; follow(); },
  });
  const roll = new PianoRoll(notes => editTrack(each => ({ ...each, notes })), tap);
  const steps = new StepGrid(notes => editTrack(each => ({ ...each, notes })), tap);
  const keyboard = new Keyboard((pitch, velocity) => sequencer.strike(history.current.tracks[state.track], pitch, velocity), record);
  const command = commandBox();
  const midi = h("input", { type: "file", accept: ".mid,.midi", hidden: true, onchange: guarded(() => load(chosenFiles(midi)[0])) });
  const soundFont = h("input", { type: "file", accept: ".sf2,.sf3", hidden: true, onchange: () => openSoundFont(chosenFiles(soundFont)[0]) });
  const playButton = h("button.primary", { onclick: guarded(() => toggle()) }, "Play");

  panel.append(
    h("div.row", {}, playButton, loop, tempo, swing, labelled("Instrument", instrument), h("button.small", { onclick: () => soundFont.click() }, "Open SoundFont"), soundFont),
    h("div.row", {}, labelled("Track", track), labelled("Sound", program), labelled("Grid", grid),
      h("button.small", { onclick: () => addTrack(false) }, "Add track"), h("button.small", { onclick: () => addTrack(true) }, "Add drums")),
    h("div.row", { role: "group", "aria-label": "Bars" }, h("button.small", { onclick: () => turn(-1), "aria-label": "Earlier bars" }, "←"), position,
      h("button.small", { onclick: () => turn(1), "aria-label": "Later bars" }, "→"), h("button.small", { onclick: () => addBars() }, `Add ${BARS_SHOWN} bars`),
      h("button.small", { onclick: () => editTrack(each => ({ ...each, notes: [] })) }, "Clear track"), h("button.small", { onclick: () => history.push(EMPTY) }, "New score"), ...undoButtons(history, h)),
    roll.element, steps.element, keyboard.element,
    h("div.row", {}, labelled("Accompaniment", style), labelled("Chords", chords), reverb, humanise, records),
    h("div.row", {}, labelled("Compose by", composer), bars, labelled("Form", form), labelled("Key", key), seed, temperature, traitRow, h("button", { onclick: guarded(() => compose()) }, "Compose")),
    h("div.row", {}, h("button", { onclick: guarded(async () => save(await midiOf(history.current), "score.mid")) }, "Save MIDI"),
      h("button", { onclick: guarded(async () => save(await fetchFile((await render()).job.files[0]), "score.wav")) }, "Save WAV"),
      h("button", { onclick: guarded(() => renderToLibrary()) }, "Render to a clip"), h("button", { onclick: () => midi.click() }, "Open MIDI"), midi),
    command, await recordingForm({ take: takeRecorded, midi: () => midiOf(history.current) }),
  );

  function edit(change) { history.push(change(history.current)); }

  /** Change the track that is shown; one of the accompaniment is then the user's own, as are the others. */
  function editTrack(change) {
    edit(score => {
      const tracks = score.tracks.map((each, index) => index === state.track ? change(each) : each);
      return score.tracks[state.track].follows ? { ...score, style: "", tracks: tracks.map(each => ({ ...each, follows: false })) } : { ...score, tracks };
    });
  }

  function addTrack(isDrum) {
    const { tracks } = history.current;
    const [own, others] = [tracks.filter(each => !each.follows), tracks.filter(each => each.follows)];
    state.track = own.length;
    const added = { name: isDrum ? "Drums" : `Track ${own.length + 1}`, is_drum: isDrum, program: 0, notes: [] };
    edit(score => ({ ...score, tracks: [...own, added, ...others] }));
  }

  function addBars() { edit(score => ({ ...score, quarters: score.quarters + BARS_SHOWN * score.beats_per_bar })); }

  /** Show the next or the previous bars. */
  function turn(direction) {
    const { quarters, beats_per_bar: beats } = history.current;
    state.bar = Math.max(0, Math.min(state.bar + direction * barsShown(), Math.ceil(quarters / beats) - 1));
    show(history.current);
  }

  function barsShown() { return history.current.tracks[state.track].is_drum ? BARS_OF_STEPS : BARS_SHOWN; }

  /** Show the score: its track in the roll or, for drums, in the grid. */
  function show(score) {
    state.track = Math.min(state.track, score.tracks.length - 1);
    const chosen = score.tracks[state.track];
    fill(track, score.tracks.map((each, index) => [String(index), `${index + 1} ${each.name || (each.is_drum ? "Drums" : "Track")} (${each.notes.length})`]), String(state.track));
    tempo.control.value = String(score.tempo);
    style.value = score.style || "";
    chords.value = score.chords || "";
    program.value = String([...PLAYED.values()].filter(number => number <= chosen.program).pop());
    program.parentElement.hidden = chosen.is_drum;
    const nBars = Math.max(1, Math.ceil(score.quarters / score.beats_per_bar - 1e-6));
    state.bar = Math.min(state.bar, Math.max(0, nBars - 1));
    const span = { from: state.bar * score.beats_per_bar, quarters: Math.min(barsShown(), nBars - state.bar) * score.beats_per_bar, beatsPerBar: score.beats_per_bar };
    position.textContent = `Bars ${state.bar + 1} to ${Math.min(nBars, state.bar + barsShown())} of ${nBars}`;
    roll.element.hidden = chosen.is_drum;
    steps.element.hidden = !chosen.is_drum;
    if (chosen.is_drum) steps.show(chosen.notes, span);
    else roll.show(chosen.notes.map(note => ({ ...note })), span);
    prepareAll().catch(complain);
    accompany().catch(complain);
  }

  // ------------------------------------------------------------------------------------------------------ sounds

  /** Return the parameters of `render` that choose the instrument. */
  function instrumentValues(value = instrument.value) {
    return value ? { instrument: value === SOUND_FONT ? state.soundFont.file : value } : {};
  }

  function playsDrums(value = instrument.value) { return ["", SOUND_FONT, ALL_PATCHES].includes(value); }

  function bank(value) {
    if (!banks.has(value)) banks.set(value, new OneShots(instrumentValues(value), playsDrums(value) || !patches.includes(value)));
    return banks.get(value);
  }

  /** Return the one-shots of a track; an instrument without drums leaves them to the SoundFont. */
  function bankOf(each) { return bank(each.is_drum && !playsDrums() ? "" : instrument.value); }

  /** Fetch the sounds of `[track, pitch]` pairs. */
  async function prepare(pairs) {
    const groups = new Map();
    for (const [each, pitch] of pairs) groups.set(bankOf(each), [...groups.get(bankOf(each)) || [], [each, pitch]]);
    await Promise.all([...groups].map(([sounds, group]) => sounds.prepare(group)));
  }

  /** Fetch the sounds of the score in the order in which they are needed, then those of the grid and the keyboard. */
  async function prepareAll() {
    const number = ++state.nPrepared;
    delete panel.dataset.sounds;
    const chosen = history.current.tracks[state.track];
    const more = chosen.is_drum ? DRUMS.map(([pitch]) => pitch) : keyboard.pitches();
    await prepare([...pairsOf(history.current), ...more.map(pitch => [chosen, pitch])]);
    if (number === state.nPrepared) panel.dataset.sounds = "ready";
  }

  function changeInstrument() {
    const sounds = bank(instrument.value);
    if (sounds !== state.sounds) sounds.before = state.sounds;
    state.sounds = sounds;
    setReverb();
    prepareAll().catch(complain);
  }

  /** Play the pattern of a sliced recording by its kit. */
  async function takeKit({ files }) {
    const [kit, pattern] = await Promise.all(["kit.sf2", "pattern.mid"].map(name => fetchFile(files.find(file => file.name.endsWith(name)))));
    openSoundFont(new File([kit], "kit.sf2"));
    await load(pattern);
    say("The hits of the recording as notes, played by its kit. Press Play.");
  }

  function openSoundFont(file) {
    if (!file) return;
    banks.delete(SOUND_FONT);
    state.soundFont = { name: file.name, file: new ServerFile(file.name, async () => file) };
    instrument.querySelector(`[value='${SOUND_FONT}']`)?.remove();
    instrument.options[0].after(h("option", { value: SOUND_FONT }, file.name));
    instrument.value = SOUND_FONT;
    changeInstrument();
  }

  function reverbOf() { return reverb.value ?? (["", SOUND_FONT].includes(instrument.value) ? 0 : REVERB); }

  function setReverb() { sequencer.setReverb(reverbOf()); }

  /** Play a note that is set, once its sound is there. */
  function tap(pitch) {
    const chosen = history.current.tracks[state.track];
    const pressed = performance.now();
    const sounds = () => sequencer.strike(chosen, pitch, undefined, { seconds: TAP_SECONDS });
    if (!sounds()) prepare([[chosen, pitch]]).then(() => { if (performance.now() < pressed + TOO_LATE_MS) sounds(); }).catch(complain);
  }

  async function toggle() { if (sequencer.isPlaying) stop(); else await playScore(); }

  async function playScore(quarter = 0) {
    setReverb();
    await prepare(pairsOf(history.current, FIRST_QUARTERS));
    sequencer.play(quarter);
  }

  /** Let the playheads follow what plays. */
  function follow() {
    cancelAnimationFrame(state.frame);
    const quarter = sequencer.isPlaying ? sequencer.position() : null;
    roll.playhead(quarter);
    steps.playhead(quarter);
    if (quarter !== null) state.frame = requestAnimationFrame(follow);
  }

  /** Write a note that is played into the track, on the grid, at the playhead. */
  function record(pitch, velocity, isDown) {
    if (!records.control.checked) return;
    const score = history.current;
    const now = sequencer.isPlaying ? sequencer.position() : state.at;
    if (isDown) { state.held.set(pitch, { now, velocity }); return; }
    const held = state.held.get(pitch);
    if (!held) return;
    state.held.delete(pitch);
    const start = Math.round(held.now / roll.grid) * roll.grid % score.quarters;
    const length = Math.max(roll.grid, sequencer.isPlaying ? Math.round((now - held.now) / roll.grid) * roll.grid : roll.grid);
    if (!sequencer.isPlaying) state.at = (start + length) % score.quarters; // without a playhead, notes follow each other
    editTrack(each => ({ ...each, notes: [...each.notes, { start, length, pitch, velocity: held.velocity }] }));
  }

  // ------------------------------------------------------------------------------------------------------ scores

  async function compose() {
    const [kind, name] = composer.value.split(":");
    const values = { [kind]: name, bars: bars.value, seed: seed.value, ...(kind === "model" ? changes(temperature) : {}) };
    if (key.value && !key.parentElement.hidden) values.key = key.value;
    if (form.value) values.form = form.value;
    for (const name of TRAITS) if (traits[name].value && !traits[name].parentElement.hidden) values[name] = Number(traits[name].value);
    const job = await run(COMPOSERS[kind], values, { title: `Compose by ${name}`, keep: { panel: "sequence" } });
    await take(job);
    if (seed.value === values.seed) seed.control.value = String(values.seed + 1);
    await playScore();
  }

  /** Show what was composed. */
  async function take(job) {
    await load(await fetchFile(job.files.find(file => file.name.endsWith(".mid"))));
    forgetJob(job.id);
    state.composed = history.current; // until it changes, the command is the one that composed it
    command.show(job.command);
    say(`${counted(job.result.details.n_notes, "note")} in ${counted(job.result.details.bars, "bar")}.`);
  }

  /** Show a score of a recording. */
  async function takeRecorded(blob, text) {
    await load(blob);
    state.composed = history.current;
    command.show(text);
  }

  /** Show what a composer takes. */
  async function showComposer() {
    const chosen = composer.value;
    const [kind, name] = chosen.split(":");
    temperature.hidden = kind !== "model";
    const { minimum, maximum } = (kind === "rule" ? ruleTask : modelTask).schemas.bars;
    const { multiple: ownMultiple = 1, fewest: ownFewest = minimum } = kind === "rule" ? pieces.find(each => each.name === name) : {};
    const multiple = form.value ? form.value.replace(/'/g, "").length : ownMultiple;
    const fewest = form.value ? Math.ceil(ownFewest / ownMultiple) * multiple : ownFewest;
    const most = Math.floor(maximum / multiple) * multiple;
    Object.assign(bars.control, { step: multiple, min: fewest, max: most });
    bars.control.value = String(Math.max(fewest, Math.min(most, Math.ceil(bars.value / multiple) * multiple)));
    const { has_key: hasKey, traits: known } = kind === "model" ? await detailsOf(name) : { has_key: true, traits: [] };
    if (composer.value !== chosen) return;
    key.parentElement.hidden = !hasKey;
    for (const name of TRAITS) traits[name].parentElement.hidden = !known.includes(name);
    traitRow.hidden = !known.length;
  }

  /** Show a MIDI file. */
  async function load(blob) {
    if (!blob) return;
    const score = await scoreOf(blob);
    state.bar = state.track = 0;
    command.show("");
    history.push(score);
  }

  /** Return the score of a MIDI file, in whole bars. */
  async function scoreOf(blob) {
    const score = await fetchJson("/studio/roll", { method: "POST", body: blob });
    const bar = score.beats_per_bar;
    return { ...score, quarters: Math.max(bar, Math.ceil(score.quarters / bar - 1e-6) * bar) };
  }

  /** Return the tune of the examples with its accompaniment. */
  async function tune() {
    const score = await scoreOf(await exampleFile(TUNE));
    const whole = { ...score, style: TUNE_STYLE, tracks: score.tracks.map((each, index) => ({ ...each, follows: index > 0 })) };
    return { ...whole, followed: keyOf(whole) };
  }

  /** Show the tune of the examples, which plays; it goes on as a score that can be changed. */
  async function showTune({ played }) {
    state.bar = state.track = 0;
    history.push(await tune());
    command.show(TUNE_COMMAND);
    state.composed = history.current;
    const { handle } = await played;
    await prepare(pairsOf(history.current));
    const { tempo: rate, quarters } = history.current;
    if (isPlaying(handle)) sequencer.play(handle.position() * rate / 60 % quarters);
  }

  async function midiOf(score) {
    const { tempo: first, tempos = [], quarters, beats_per_bar, tracks } = score;
    const own = tracks.map(({ name, is_drum, program: number, notes }) => ({ name, is_drum, program: number, notes }));
    return (await request("/studio/midi", jsonOptions({ tempo: first, tempos, quarters, beats_per_bar, tracks: own }))).blob();
  }

  /** Make the accompaniment again where the score, its style or its chords have changed. */
  const accompany = latest(async () => {
    const score = history.current;
    const wanted = keyOf(score);
    if ([score.followed || "", state.refused].includes(wanted)) return;
    const own = score.tracks.filter(each => !each.follows);
    let made = [];
    if (wanted) {
      try {
        const melody = await midiOf({ ...score, tracks: own });
        const values = { melody: new ServerFile("melody.mid", async () => melody), out: "accompanied.mid", style: score.style, ...score.chords && { chords: score.chords } };
        const job = await run("accompany", values, { title: `Accompany in the style ${score.style}`, wait: 2 });
        made = (await scoreOf(await fetchFile(job.files[0]))).tracks.slice(own.filter(each => each.notes.length).length);
        command.show(job.command);
      } catch (error) {
        if (error.code !== "no_answer") state.refused = wanted;
        throw error;
      }
    }
    if (keyOf(history.current) !== wanted) return;
    history.replace({ ...history.current, followed: wanted, tracks: [...history.current.tracks.filter(each => !each.follows), ...made.map(each => ({ ...each, follows: true }))] });
    show(history.current);
  });

  /** Render the score as it is saved; return the job and its parameters. */
  async function render(options = {}) {
    const score = history.current;
    const drums = score.tracks.filter(each => each.is_drum && each.notes.length);
    const others = score.tracks.filter(each => !each.is_drum && each.notes.length);
    const { job, values, command: text } = playsDrums() || !drums.length ? await rendered(score, score.tracks, instrument.value, {}, options)
      : others.length ? await renderedApart(score, { instruments: others, drums }, options) : await rendered(score, drums, "", {}, options);
    if (score !== state.composed) command.show(text);
    return { job, values, command: text };
  }

  async function rendered(score, tracks, by, values = {}, options = {}, name = "score") {
    const file = await midiOf({ ...score, tracks });
    const all = { score: new ServerFile(`${name}.mid`, async () => file), out: `${name}.wav`, ...changes(swing, humanise, reverb), ...instrumentValues(by), ...values };
    const job = await run("render", all, { title: "Render the score", ...options });
    return { job, values: all, command: job.command };
  }

  /** Render the drums by the SoundFont and the other tracks by the instrument, as loud as they play here, and mix them. */
  async function renderedApart(score, parts, options) {
    await prepare(pairsOf(score));
    const jobs = [];
    for (const [name, tracks] of Object.entries(parts)) {
      const gain = 20 * Math.log10(bankOf(tracks[0]).gain);
      jobs.push((await rendered(score, tracks, name === "drums" ? "" : instrument.value, { gain_db: Number(gain.toFixed(1)), reverb: reverbOf() }, {}, name)).job);
    }
    const [source, ...attachments] = jobs.map(job => ({ job: job.id, file: job.files[0].name }));
    const values = { source, attachments, do: MIX, out: "score.wav" };
    const job = await run("edit", values, { title: "Mix the drums", ...options });
    return { job, values, command: [...jobs, job].map(each => each.command).join(" && ") };
  }

  async function renderToLibrary() {
    const facts = { label: "score" };
    const { job, values, command: text } = await render({ keep: { panel: "score", facts } });
    command.show(text);
    const [clip] = await library.addJob(job, values, { ...facts, command: text });
    say(`${clip.name} is in the history.`);
  }

  onKeys(panel, { " ": () => playButton.click(), ...Object.fromEntries([...KEYS].map(each => [each, event => keyboard.typed(event)])) }, history);
  panel.addEventListener("studio-show", () => roll.paint());
  if (!history.canUndo && !history.current.tracks.some(each => each.notes.length)) await tune().then(score => history.replace(score)).catch(() => {}); // the user has not asked for it
  state.sounds = bank(instrument.value);
  show(history.current);
  await showComposer();
  takeCards("sequence", panel, card => showTune(card).catch(complain));
  takeResults("sequence", ({ job }) => (job.task === "slice" ? takeKit(job) : take(job)).catch(complain));
}

/** Return the pairs of tracks and pitches of a score, those that sound first before the others. */
function pairsOf({ tracks }, quarters = Infinity) {
  const found = [];
  for (const track of tracks) {
    const first = new Map();
    for (const { pitch, start } of track.notes) if (start < quarters) first.set(pitch, Math.min(start, first.get(pitch) ?? start));
    for (const [pitch, start] of first) found.push([start, track, pitch]);
  }
  return found.sort((a, b) => a[0] - b[0]).map(([, track, pitch]) => [track, pitch]);
}

/** Return a score at another first tempo; later ones change in proportion. */
function atTempo(score, tempo) {
  const scaled = each => Math.max(SLOWEST, Math.min(FASTEST, each.tempo * tempo / score.tempo));
  return { ...score, tempo, tempos: (score.tempos || []).map(each => ({ ...each, tempo: scaled(each) })) };
}

/** Return what an accompaniment depends on, in short; "" where there is none. */
function keyOf({ style, chords = "", tracks, beats_per_bar: beats }) {
  const own = tracks.filter(each => !each.follows);
  if (!style || !own.some(each => !each.is_drum && each.notes.length)) return "";
  const text = JSON.stringify([style, chords, beats, own.map(({ is_drum: isDrum, notes }) => [isDrum, notes])]);
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return `${style} ${hash}`;
}
