// Results of sliders: computed, drawn and played at once, and kept only if the user wants them.
import { fetchFile, run } from "./api.js";
import { drawClip } from "./drawing.js";
import { library } from "./library.js";
import { decode, play } from "./player.js";
import { commandBox, guarded, h, say } from "./ui.js";

const WAIT = 2; // s; results that take longer are waited for by events

/** The last result of sliders: picture, time to the sound, command line, and a button that keeps it. */
export class QuickResult {
  constructor() {
    this.canvas = h("canvas", { role: "img", "aria-label": "Spectrogram and waveform of the result" });
    this.note = h("span.soft");
    this.command = commandBox();
    this.keep = h("button", { disabled: true, onclick: guarded(() => this.keepIt()) }, "Keep in history");
    this.again = h("button", { disabled: true, onclick: () => play(this.sound) }, "Play again");
    this.element = h("div", {}, h("div.stage.flat", {}, this.canvas), h("div.row", {}, this.again, this.keep, this.note), this.command);
  }

  /** Run a task that gives one clip, and play it; return the milliseconds up to its sound. */
  async run(task, values, facts = {}) {
    const started = performance.now();
    const job = await run(task, values, { title: task, wait: WAIT });
    const file = job.files.find(each => each.name.endsWith(".wav"));
    await this.show(await fetchFile(file), { ...facts, name: file.name, task, parameters: values, command: job.command }, { job: job.id, file: file.name });
    const ms = Math.round(performance.now() - started);
    this.note.textContent = `Played after ${ms} ms.`;
    this.canvas.dataset.ms = String(ms);
    return ms;
  }

  /** Show and play a sound file; `facts` are those of a clip. */
  async show(blob, facts, reference) {
    Object.assign(this, { blob, facts, reference });
    this.sound = await decode(blob);
    play(this.sound);
    this.command.show(facts.command);
    this.keep.disabled = this.again.disabled = false;
    this.canvas.setAttribute("aria-label", `Spectrogram and waveform of ${facts.name}, ${this.sound.duration.toFixed(2)} s`);
    requestAnimationFrame(() => drawClip(this.canvas, this.sound));
  }

  async keepIt() {
    await library.add(this.blob, this.facts, this.reference);
    library.changed();
    say(`${this.facts.name} is in the history.`);
  }
}
