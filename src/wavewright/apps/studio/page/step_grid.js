// A step sequencer: rows of drums, columns of sixteenths, each cell a button.
import { h } from "./ui.js";

/** Drums of General MIDI that have a row even without a note. */
const DRUMS = [[36, "Kick"], [38, "Snare"], [39, "Clap"], [42, "Closed hat"], [46, "Open hat"], [41, "Low tom"], [48, "High tom"], [51, "Ride"], [49, "Crash"]];
const STEP = 0.25; // quarters

/** A grid of one track; `onchange(notes)` is called after each change, `onstrike(pitch)` when a step is set. */
export class StepGrid {
  constructor(onchange, onstrike) {
    Object.assign(this, { onchange, onstrike, notes: [], marked: -1 });
    this.element = h("div.steps", { role: "group", "aria-label": "Step sequencer" });
    this.element.addEventListener("keydown", event => this.key(event));
  }

  /** Show the steps of some quarters from `from` on. */
  show(notes, { from, quarters }) {
    const rows = [...DRUMS, ...[...new Set(notes.map(note => note.pitch))].filter(pitch => !DRUMS.some(([known]) => known === pitch)).sort().map(pitch => [pitch, `Drum ${pitch}`])];
    const nSteps = Math.round(quarters / STEP);
    const focused = this.element.contains(document.activeElement) ? document.activeElement.dataset.cell : null;
    Object.assign(this, { notes, from, nSteps });
    this.element.style.gridTemplateColumns = `6.5rem repeat(${nSteps}, minmax(min-content, 1fr))`;
    this.element.replaceChildren(...rows.flatMap(([pitch, name]) => [h("span", {}, name),
      ...Array.from({ length: nSteps }, (_, step) => this.cell(pitch, name, step))]));
    if (focused) this.element.querySelector(`[data-cell="${focused}"]`)?.focus();
  }

  cell(pitch, name, step) {
    const note = this.noteAt(pitch, step);
    const button = h("button", { "aria-pressed": String(Boolean(note)), "aria-label": `${name}, step ${step + 1}`, "data-cell": `${pitch}-${step}`,
      onclick: () => this.toggle(pitch, step) });
    if (step % 4 === 0) button.classList.add("beat");
    return button;
  }

  noteAt(pitch, step) {
    const time = this.from + step * STEP;
    return this.notes.find(note => note.pitch === pitch && Math.abs(note.start - time) < STEP / 2);
  }

  toggle(pitch, step) {
    const note = this.noteAt(pitch, step);
    if (!note) this.onstrike(pitch);
    this.onchange(note ? this.notes.filter(each => each !== note) : [...this.notes, { start: this.from + step * STEP, length: STEP, pitch, velocity: 100 }]);
  }

  key(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.nSteps, ArrowDown: this.nSteps }[event.key];
    if (!by) return;
    const cells = [...this.element.querySelectorAll("button")];
    cells[cells.indexOf(document.activeElement) + by]?.focus();
    event.preventDefault();
  }

  /** Mark the step that plays, or none for null. */
  playhead(quarter) {
    const step = quarter === null ? -1 : Math.floor((quarter - this.from) / STEP);
    if (step === this.marked) return;
    this.marked = step;
    for (const button of this.element.querySelectorAll("button")) button.classList.toggle("now", button.dataset.cell.endsWith(`-${step}`));
  }
}
