// Compose, play and change scores: piano roll, step sequencer, keyboard; rendered by instruments.
import { describe, detailsOf, fetchFile, fetchJson, jsonOptions, latest, request, run, ServerFile } from "./api.js";
import { History, undoButtons } from "./history.js";
import { Keyboard } from "./keyboard.js";
import { library } from "./library.js";
import { models, modelSelect } from "./models.js";
import { forgetJob, takeResults } from "./pending.js";
import { PianoRoll } from "./piano_roll.js";
import { decode, play, stop } from "./player.js";
import { StepGrid } from "./step_grid.js";
import { checkbox, chosenFiles, commandBox, complain, counted, fill, guarded, h, labelled, save, say, select, slider } from "./ui.js";

const EMPTY = { tempo: 110, quarters: 16, beats_per_bar: 4, tracks: [
  { name: "Melody", is_drum: false, program: 0, notes: [] }, { name: "Drums", is_drum: true, program: 0, notes: [] }] };
const BARS_SHOWN = 4; // of the piano roll
const BARS_OF_STEPS = 2;
const MOST_BARS = 64;
const PITCHES_OF_KEYS = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
const PLAYED = new Map([["piano", 0], ["organ", 19], ["guitar", 25], ["bass", 33], ["strings", 48], ["choir", 52], ["trumpet", 56], ["saxophone", 65], ["flute", 73], ["synth lead", 81], ["synth pad", 89]]);

/** Build the panel. */
export async function open(panel) {
  const { pieces, patches } = await describe();
  const state = { track: 0, bar: 0, playing: null, heard: null };
  const history = new History("score", EMPTY, roll => { show(roll); renew(); });
  const renew = () => { if (state.playing) replay(); };
  const composer = await modelSelect(() => [...models.filter(model => model.can_compose).map(model => [`model:${model.name}`, model.title]), ...pieces.map(({ name }) => [`rule:${name}`, `${name} (by rules)`])], "rule:band", () => showComposer().catch(complain));
  const bars = h("input", { type: "number", min: 1, max: 64, required: true, value: "8" });
  const seed = h("input", { type: "number", min: 0, max: 2 ** 32 - 1, required: true, value: "0" });
  const key = select([["", "any"], ...PITCHES_OF_KEYS.flatMap(pitch => [[pitch, `${pitch} major`], [`${pitch}m`, `${pitch} minor`]])], "");
  const temperature = slider("Temperature", { min: 0, max: 2, step: 0.05, value: 1 });
  const tempo = h("input", { type: "number", min: 10, max: 400, step: "any", required: true, value: "110", onchange: () => { if (tempo.checkValidity()) edit(roll => ({ ...roll, tempo: Number(tempo.value) })); } });
  const track = select([], "0", () => { state.track = Number(track.value); show(history.current); });
  const program = select([...PLAYED].map(([name, number]) => [String(number), name]), "0", () => editTrack(each => ({ ...each, program: Number(program.value) })));
  const position = h("span.soft");
  const grid = select([["0.25", "sixteenths"], ["0.5", "eighths"], ["1", "quarters"], ["0.125", "thirty-seconds"]], "0.25", () => { roll.grid = Number(grid.value); });
  const instrument = await modelSelect(() => [["", "SoundFont of General MIDI"], ["patch:general-midi", "synthesiser (General MIDI)"],
    ...models.filter(model => model.can_perform).map(model => [`instrument:${model.name}`, `model ${model.title}`]), ...patches.map(name => [`patch:${name}`, `patch ${name}`])], "",
  () => { keyboard.setPatch(patchOf()); renew(); });
  const swing = slider("Swing", { min: 0.5, max: 0.75, step: 0.01, value: 0.5, onchange: renew });
  const humanise = checkbox("humanise", false, renew);
  const reverb = slider("Reverb", { min: 0, max: 1, step: 0.02, value: 0.12, onchange: renew });
  const records = checkbox("record what is played", false);
  const loop = checkbox("loop", false, () => state.playing?.setLoop(loop.control.checked));
  const roll = new PianoRoll(notes => editTrack(each => ({ ...each, notes })), pitch => keyboard.tap(pitch));
  const steps = new StepGrid(notes => editTrack(each => ({ ...each, notes })), () => {});
  const keyboard = new Keyboard((pitch, velocity, isDown) => played(pitch, velocity, isDown));
  const command = commandBox();
  const midi = h("input", { type: "file", accept: ".mid,.midi", hidden: true, onchange: guarded(() => load(chosenFiles(midi)[0])) });

  const playButton = h("button", { onclick: guarded(() => toggle()) }, "Play");

  panel.append(
    h("div.row", {}, labelled("Compose by", composer), labelled("Bars", bars), labelled("Key", key), labelled("Seed", seed), temperature,
      h("button.primary", { onclick: guarded(() => compose()) }, "Compose")),
    h("div.row", {}, playButton, loop, labelled("Tempo", tempo), labelled("Track", track), labelled("Sound", program),
      labelled("Grid", grid), h("button.small", { onclick: () => addTrack(false) }, "Add track"), h("button.small", { onclick: () => addTrack(true) }, "Add drums")),
    h("div.row", { role: "group", "aria-label": "Bars" }, h("button.small", { onclick: () => turn(-1), "aria-label": "Earlier bars" }, "←"), position,
      h("button.small", { onclick: () => turn(1), "aria-label": "Later bars" }, "→"), h("button.small", { onclick: () => addBars() }, `Add ${BARS_SHOWN} bars`),
      h("button.small", { onclick: () => editTrack(each => ({ ...each, notes: [] })) }, "Clear track"), h("button.small", { onclick: () => history.push(EMPTY) }, "New score"), ...undoButtons(history, h)),
    roll.element, steps.element, keyboard.element,
    h("div.row", {}, labelled("Instrument", instrument), swing, reverb, humanise, records),
    h("div.row", {}, h("button", { onclick: guarded(() => renderToLibrary()) }, "Render to a clip"),
      h("button", { onclick: guarded(async () => save(await midiOf(history.current), "score.mid")) }, "Save MIDI"), h("button", { onclick: () => midi.click() }, "Open MIDI"), midi),
    command,
  );

  function edit(change) { history.push(change(history.current)); }

  function editTrack(change) {
    edit(score => ({ ...score, tracks: score.tracks.map((each, index) => index === state.track ? change(each) : each) }));
  }

  function addTrack(isDrum) {
    state.track = history.current.tracks.length;
    edit(score => ({ ...score, tracks: [...score.tracks, { name: isDrum ? "Drums" : `Track ${score.tracks.length + 1}`, is_drum: isDrum, program: 0, notes: [] }] }));
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
    tempo.value = String(score.tempo);
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
  }

  async function compose() {
    const [kind, name] = composer.value.split(":");
    const values = { [kind]: name, bars: Number(bars.value), seed: Number(seed.value) };
    if (key.value && !key.parentElement.hidden) values.key = key.value;
    if (kind === "model" && temperature.control.valueAsNumber !== 1) values.temperature = temperature.control.valueAsNumber;
    const job = await run("compose", values, { title: `Compose by ${name}`, keep: { panel: "sequence" } });
    await take(job);
    if (Number(seed.value) === values.seed) seed.value = String(values.seed + 1);
    await listen();
  }

  /** Show what was composed. */
  async function take(job) {
    stop(); // what plays is another score
    await load(await fetchFile(job.files.find(file => file.name.endsWith(".mid"))));
    forgetJob(job.id);
    command.show(job.command);
    say(`${counted(job.result.n_notes, "note")} in ${counted(job.result.bars, "bar")}.`);
  }

  /** Show what a composer takes. */
  async function showComposer() {
    const chosen = composer.value;
    const [kind, name] = chosen.split(":");
    temperature.hidden = kind !== "model";
    const { multiple = 1, fewest = 1, most = MOST_BARS } = kind === "rule" ? pieces.find(each => each.name === name) : {};
    Object.assign(bars, { step: multiple, min: fewest, max: most });
    bars.value = String(Math.max(fewest, Math.min(most, Math.ceil(Number(bars.value) / multiple) * multiple)));
    const { has_key: hasKey } = kind === "model" ? await detailsOf(name) : { has_key: true };
    if (composer.value === chosen) key.parentElement.hidden = !hasKey;
  }

  /** Show a MIDI file. */
  async function load(blob) {
    if (!blob) return;
    const score = await fetchJson("/studio/roll", { method: "POST", body: blob });
    const bar = score.beats_per_bar;
    state.bar = state.track = 0;
    command.show("");
    history.push({ ...score, quarters: Math.max(bar, Math.ceil(score.quarters / bar - 1e-6) * bar) });
  }

  async function midiOf(score) {
    return (await request("/studio/midi", jsonOptions(score))).blob();
  }

  /** Render a score; return the job and its parameters. */
  async function render(score, options = {}) {
    const file = await midiOf(score);
    const values = { score: new ServerFile("score.mid", async () => file), out: "score.wav", reverb: reverb.control.valueAsNumber };
    const [kind, name] = instrument.value.split(":");
    if (kind) values[kind] = name;
    if (swing.control.valueAsNumber !== 0.5) values.swing = swing.control.valueAsNumber;
    if (humanise.control.checked) values.humanise = true;
    const job = await run("render", values, { title: "Render the score", ...options });
    command.show(job.command);
    return { job, values };
  }

  async function toggle() { if (state.playing) stop(); else await listen(); }

  /** Render the score and return its sound. */
  async function soundOf(score) {
    const { job } = await render(score);
    return decode(await fetchFile(job.files[0]));
  }

  async function listen() {
    const score = history.current;
    const sound = await soundOf(score);
    const handle = play(sound, { loop: loop.control.checked, onend: () => {
      if (state.playing === handle) { state.playing = null; playButton.textContent = "Play"; }
    } });
    Object.assign(state, { playing: handle, heard: score });
    playButton.textContent = "Stop";
    (function follow() {
      const quarter = state.playing === handle ? handle.position() * state.heard.tempo / 60 : null;
      roll.playhead(quarter);
      steps.playhead(quarter);
      if (quarter !== null) requestAnimationFrame(follow);
    })();
    if (history.current !== score) renew();
  }

  const rerender = latest(async () => {
    const { playing } = state;
    const score = history.current;
    if (!playing) return;
    if (!score.tracks.some(each => each.notes.length)) { stop(); return; }
    const sound = await soundOf(score);
    if (state.playing !== playing) return;
    playing.swap(sound, 1);
    state.heard = score;
  });

  /** Let what plays go on as the score and the settings are now. */
  function replay() { rerender().catch(error => { stop(); complain(error); }); }

  async function renderToLibrary() {
    const facts = { label: "score" };
    const { job, values } = await render(history.current, { keep: { panel: "score", facts } });
    const [clip] = await library.addJob(job, values, facts);
    say(`${clip.name} is in the history.`);
  }

  /** Write a note that is played into the track, on the grid, at the playhead. */
  function played(pitch, velocity, isDown) {
    if (!records.control.checked) return;
    const score = history.current;
    const now = state.playing ? state.playing.position() * score.tempo / 60 : state.at || 0;
    if (isDown) { (state.held ||= new Map()).set(pitch, { now, velocity }); return; }
    const held = state.held?.get(pitch);
    if (!held) return;
    state.held.delete(pitch);
    const start = Math.round(held.now / roll.grid) * roll.grid;
    const length = Math.max(roll.grid, state.playing ? Math.round((now - held.now) / roll.grid) * roll.grid : roll.grid);
    if (!state.playing) state.at = (start + length) % score.quarters; // without a playhead, notes follow each other
    editTrack(each => ({ ...each, notes: [...each.notes, { start, length, pitch, velocity: held.velocity }] }));
  }

  function patchOf() {
    const [kind, name] = instrument.value.split(":");
    return kind === "patch" && name !== "general-midi" ? name : "piano";
  }

  panel.addEventListener("studio-key", event => {
    const { key: pressed, ctrlKey, shiftKey } = event.detail;
    if (ctrlKey && pressed.toLowerCase() === "z") shiftKey ? history.redo() : history.undo();
    else if (pressed === " ") { event.detail.preventDefault(); playButton.click(); }
    else keyboard.typed(event.detail);
  });
  panel.addEventListener("studio-show", () => roll.paint());
  show(history.current);
  await showComposer();
  keyboard.setPatch(patchOf());
  takeResults("sequence", ({ job }) => take(job).catch(complain));
}
