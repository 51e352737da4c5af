// Results of sliders: computed, drawn and played at once, and kept only if the user wants them.
import { fetchFile, run } from "./api.js";
import { drawClip } from "./drawing.js";
import { library } from "./library.js";
import { decode, play } from "./player.js";
import { commandBox, complain, foretell, guarded, h, say } from "./ui.js";

const WAIT = 2; // s; results that take longer are waited for by events

/** The last result of sliders: picture, time to the sound, command line, and a button that keeps it. */
export class QuickResult {
  /** @param {string} empty What is said where the result comes. */
  constructor(empty) {
    this.empty = empty;
    this.made = new Map(); // by task and values
    this.canvas = h("canvas", { role: "img", "aria-label": "No result yet" });
    this.stage = h("div.stage.flat", { "data-empty": empty }, this.canvas);
    this.note = h("span.soft");
    this.command = commandBox();
    this.keep = h("button", { disabled: true, onclick: guarded(() => this.keepIt()) }, "Keep in history");
    this.again = h("button", { disabled: true, onclick: () => play(this.sound) }, "Play again");
    this.element = h("div", {}, this.stage, h("div.row", {}, this.again, this.keep, this.note), this.command);
  }

  /** Take the result away: it is not that of what the controls show now. */
  clear() {
    this.made.clear();
    this.nShown = (this.nShown || 0) + 1;
    this.blob = this.sound = this.canvas.drawn = null;
    this.canvas.getContext("2d").clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.canvas.setAttribute("aria-label", "No result yet");
    this.note.textContent = "";
    foretell(this.stage, this.empty);
    this.command.show("");
    this.keep.disabled = this.again.disabled = true;
  }

  /** Run tasks that give one clip, each of which reads that of the one before, and play the last. */
  async run(steps, facts = {}) {
    const started = performance.now();
    const number = this.nShown || 0;
    const commands = [];
    let made = null;
    for (const { task, values } of steps) {
      made = await this.step(task, made ? { ...values, file: made.reference } : values);
      commands.push(made.command);
    }
    const { file, task, values, reference } = made;
    const blob = made.blob || await fetchFile(file);
    if (number !== (this.nShown || 0)) return; // the controls show something else by now
    await this.show(blob, { ...facts, name: file.name, task, parameters: values, command: commands.join(" && ") }, reference);
    const ms = Math.round(performance.now() - started);
    this.note.textContent = `Played after ${ms} ms.`;
    this.canvas.dataset.ms = String(ms);
  }

  /** Run a task, but where the server still has what it made of the same values. */
  async step(task, values) {
    const key = JSON.stringify([task, values]);
    const known = this.made.get(key);
    const blob = known && await fetchFile(known.file).catch(() => null);
    if (blob) return { ...known, blob };
    const job = await run(task, values, { title: task, wait: WAIT });
    const file = job.files.find(each => each.name.endsWith(".wav"));
    const made = { file, task, values, reference: { job: job.id, file: file.name }, command: job.command };
    this.made.set(key, made);
    return made;
  }

  /** Show and play a sound file; `facts` are those of a clip. */
  async show(blob, facts, reference) {
    Object.assign(this, { blob, facts, reference });
    this.sound = await decode(blob);
    play(this.sound);
    foretell(this.stage, "");
    this.command.show(facts.command);
    this.keep.disabled = this.again.disabled = false;
    this.canvas.setAttribute("aria-label", `Spectrogram and waveform of ${facts.name}, ${this.sound.duration.toFixed(2)} s`);
    requestAnimationFrame(() => drawClip(this.canvas, this.sound).catch(complain));
  }

  async keepIt() {
    await library.add(this.blob, this.facts, this.reference);
    library.changed();
    say(`${this.facts.name} is in the history.`);
  }
}
