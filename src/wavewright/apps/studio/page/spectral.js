// Spectral editing: a selection in time and frequency is made louder or softer, healed, copied, or heard alone.
import { fetchFile, run } from "./api.js";
import { library } from "./library.js";
import { decode, play } from "./player.js";
import { AXES, SpectralView } from "./spectral_view.js";
import { guarded, h, labelled, needed, say, select } from "./ui.js";
import { readWav } from "./wav.js";

const FIRST_DB = -24;
const CONTEXT = 0.5; // s of sound around a selection that is sent to be heard alone
const FADE = 0.01; // s, of a copy from another sound
const NO_SELECTION = "Select something first: drag over the spectrogram, or type times and frequencies.";

/** Return the settings of a selection as effects of a chain take them, times `shift` seconds earlier. */
function regionText({ start, end, low, high, outline }, harmonics, nyquist, shift = 0) {
  const values = [`start=${(start - shift).toFixed(4)}s`, `end=${(end - shift).toFixed(4)}s`, `low=${low.toFixed(1)}Hz`];
  if (high < nyquist - 1) values.push(`high=${high.toFixed(1)}Hz`);
  if (harmonics > 1) values.push(`harmonics=${harmonics}`);
  if (outline) values.push(`outline=${outline.flatMap(([seconds, hz]) => [(seconds - shift).toFixed(4), hz.toFixed(1)]).join(",")}`);
  return values.join(" ");
}

/** Return half the sample rate of a clip's file, where it is a WAV file, else of its decoded sound. */
async function nyquistOf(sound, clip) {
  const wav = await readWav(await library.blob(clip));
  return Math.min(wav?.sampleRate ?? Infinity, sound.sampleRate) / 2;
}

/**
 * The controls, in a box that opens. `editor` has `current()`, the clip; `apply(text, values)`, which makes a new clip of it by a
 * chain; and `outName(clip, ending)`.
 */
export class SpectralEditor {
  constructor(effects, editor) {
    Object.assign(this, { editor, copied: null, nSets: 0 });
    const rangeOf = (effect, name) => effects.find(each => each.name === effect).settings.find(each => each.name === name).range;
    const number = (value, onchange, [min, max] = [0, null], step = "any") => h("input", { type: "number", min, max, step, value, onchange });
    this.view = new SpectralView(selection => this.fill(selection));
    const typed = () => this.typed();
    this.fields = { start: number("", typed), end: number("", typed), low: number("", typed), high: number("", typed) };
    this.harmonics = number("1", () => { this.view.harmonics = this.nHarmonics; this.view.paint(); }, rangeOf("spectralgain", "harmonics"), "1");
    this.level = number(String(FIRST_DB), null, rangeOf("spectralgain", "gain"));
    this.at = number("", null);
    const axis = select(Object.keys(AXES), "log", () => { this.view.axis = axis.value; this.view.show(); });
    const shape = select([["rectangle", "rectangle"], ["lasso", "lasso"]], "rectangle", () => { this.view.isLasso = shape.value === "lasso"; });
    const small = (text, label, onclick) => h("button.small", { "aria-label": label, title: label, onclick: () => this.view.buffer && onclick() }, text);
    this.element = h("details", { ontoggle: () => this.view.paint() }, h("summary", {}, "Edit in the spectrogram"),
      h("p.soft", {}, "Drag over what is to change. Each action makes a new clip; outside of the times, no sample changes."),
      this.view.element,
      h("div.row", { role: "group", "aria-label": "View of the spectrogram" },
        small("Time +", "Time +: magnify time", () => this.view.zoomTime(0.5)), small("Time −", "Time −: show more time", () => this.view.zoomTime(2)),
        small("←", "Earlier in the spectrogram", () => this.view.move(-0.5, 0)), small("→", "Later in the spectrogram", () => this.view.move(0.5, 0)),
        small("Hz +", "Hz +: magnify frequency", () => this.view.zoomFrequency(0.5)), small("Hz −", "Hz −: show more frequencies", () => this.view.zoomFrequency(2)),
        small("↓", "Lower frequencies", () => this.view.move(0, -0.5)), small("↑", "Higher frequencies", () => this.view.move(0, 0.5)),
        small("All", "All times and frequencies", () => this.view.show({ from: 0, to: this.view.seconds, low: 0, high: this.view.nyquist })),
        small("Selection", "Show the selection", () => this.showSelection()),
        labelled("Axis", axis), labelled("Select by", shape)),
      h("div.row", { role: "group", "aria-label": "Selection" },
        labelled("Selection from (s)", this.fields.start), labelled("Selection to (s)", this.fields.end),
        labelled("From (Hz)", this.fields.low), labelled("To (Hz)", this.fields.high), labelled("Harmonics", this.harmonics),
        h("button", { onclick: () => { this.view.select(null); this.fill(null); } }, "Select nothing"),
        h("button", { onclick: guarded(() => this.listen()) }, "Play selection")),
      h("div.row", { role: "group", "aria-label": "Change the selection" },
        labelled("Level (dB)", this.level), h("button", { onclick: guarded(() => this.change()) }, "Change level"),
        h("button", { onclick: guarded(() => this.heal()), title: "Fill it from what is before and after it" }, "Heal"),
        h("button", { onclick: guarded(() => this.copy()) }, "Copy"),
        labelled("Paste at (s)", this.at), h("button", { onclick: guarded(() => this.paste()) }, "Paste")));
  }

  get nHarmonics() { return Math.max(1, Math.round(Number(this.harmonics.value)) || 1); }

  /** Show a sound with its clip, or null. */
  async set(sound, clip) {
    const number = ++this.nSets;
    const nyquist = sound ? await nyquistOf(sound, clip) : 0;
    if (number !== this.nSets) return; // another sound is shown by now
    this.view.set(sound, nyquist);
    this.fields.start.max = this.fields.end.max = this.at.max = sound ? sound.duration.toFixed(3) : "";
    this.fields.low.max = this.fields.high.max = sound ? String(nyquist) : "";
    this.fill(this.view.selection);
  }

  /** Write a selection into its fields. */
  fill(selection) {
    for (const [name, field] of Object.entries(this.fields)) field.value = selection ? selection[name].toFixed(name === "start" || name === "end" ? 3 : 0) : "";
  }

  /** Select what the four fields say, once all have a number. */
  typed() {
    const { start, end, low, high } = this.fields;
    if (!this.view.buffer || [start, end, low, high].some(field => field.value === "")) return;
    const selection = { start: Number(start.value), end: Math.min(Number(end.value), this.view.seconds),
      low: Number(low.value), high: Math.min(Number(high.value), this.view.nyquist), outline: null };
    if (selection.start < selection.end && selection.low < selection.high) this.view.select(selection);
    else say("The selection must end after its start, and its highest frequency lie above its lowest.");
  }

  selected() { return needed(this.view.selection, NO_SELECTION); }

  showSelection() {
    const { start, end, low, high } = this.view.selection || {};
    if (start === undefined) { say(NO_SELECTION); return; }
    const [time, frequency] = [(end - start) / 4, (high - low) / 4];
    this.view.show({ from: start - time, to: end + time, low: low - frequency, high: high + frequency });
  }

  /** Return the selection as settings of an effect. */
  region(shift = 0) { return regionText(this.selected(), this.nHarmonics, this.view.nyquist, shift); }

  async listen() {
    const { start, end } = this.selected();
    const clip = this.editor.current();
    const first = Math.max(0, start - CONTEXT);
    const last = Math.min(this.view.seconds, end + CONTEXT);
    const chain = `trim ${first.toFixed(4)}s ${last.toFixed(4)}s; isolate ${this.region(first)}; trim ${(start - first).toFixed(4)}s ${(end - first).toFixed(4)}s`;
    const job = await run("edit", { source: library.file(clip), do: chain, out: this.editor.outName(clip, "-selection") }, { title: "Play selection", wait: 1 });
    play(await decode(await fetchFile(job.files[0])));
  }

  async change() {
    const region = this.region();
    await this.editor.apply(`spectralgain ${region} gain=${Number(this.level.value)}dB`);
  }

  async heal() {
    const region = this.region();
    await this.editor.apply(`heal ${region}`);
  }

  copy() {
    const selection = this.selected();
    this.copied = { clip: this.editor.current(), selection, region: this.region(), harmonics: this.nHarmonics, nyquist: this.view.nyquist };
    if (this.at.value === "") this.at.value = selection.end.toFixed(3);
    say("The selection is copied; Paste adds it at the time beside that button, in this sound or another.");
  }

  async paste() {
    const { clip, selection, region, harmonics, nyquist } = needed(this.copied, "Copy a selection first.");
    needed(this.at.value !== "" && this.at.checkValidity(), "Paste at (s) must be a time within the sound.");
    const at = Number(this.at.value);
    if (this.editor.current().id === clip.id) { await this.editor.apply(`spectralcopy ${region} to=${at}s`); return; }
    const first = Math.max(0, selection.start - FADE);
    const chain = `isolate ${regionText(selection, harmonics, nyquist)} fade=${1000 * FADE}ms; trim ${first.toFixed(4)}s`;
    const cut = await run("edit", { source: library.file(clip), do: chain, out: "copied.wav" }, { title: "Copy the selection" });
    const file = { job: cut.id, file: cut.files[0].name };
    const lead = Math.min(at, selection.start - first);
    await this.editor.apply(`overlay "${file.file}" at=${(at - lead).toFixed(4)}s`, { attachments: [file] });
  }
}

