// A step sequencer: rows of drums, columns of sixteenths, each cell a button.
import { h } from "./ui.js";

/** Drums of General MIDI that have a row even without a note. */
export const DRUMS = [[36, "Kick"], [38, "Snare"], [39, "Clap"], [42, "Closed hat"], [46, "Open hat"], [41, "Low tom"], [48, "High tom"], [51, "Ride"], [49, "Crash"]];
const STEP = 0.25; // quarters

/** A grid of one track; `onchange(notes)` is called after each change, `onstrike(pitch)` before it when a step is set. */
export class StepGrid {
  constructor(onchange, onstrike) {
    Object.assign(this, { onchange, onstrike, notes: [], marked: -1, pitches: [], cells: new Map(), pressed: null });
    this.element = h("div.steps", { role: "group", "aria-label": "Step sequencer" });
    this.element.addEventListener("keydown", event => this.key(event));
  }

  /** Show the steps of some quarters from `from` on. */
  show(notes, { from, quarters }) {
    const rows = [...DRUMS, ...[...new Set(notes.map(note => note.pitch))].filter(pitch => !DRUMS.some(([known]) => known === pitch)).sort().map(pitch => [pitch, `Drum ${pitch}`])];
    const nSteps = Math.round(quarters / STEP);
    Object.assign(this, { notes, from, nSteps });
    this.lay(rows);
    const set = new Set(notes.map(note => `${note.pitch}-${Math.round((note.start - from) / STEP)}`));
    for (const [name, button] of this.cells) button.setAttribute("aria-pressed", String(set.has(name)));
  }

  /** Lay out the cells, unless they are there. */
  lay(rows) {
    const layout = JSON.stringify([rows, this.nSteps]);
    if (layout === this.layout) return;
    this.layout = layout;
    const focused = this.element.contains(document.activeElement) ? document.activeElement.dataset.cell : null;
    this.cells.clear();
    this.pitches = rows.map(([pitch]) => pitch);
    this.marked = -1;
    this.element.style.gridTemplateColumns = `6.5rem repeat(${this.nSteps}, minmax(min-content, 1fr))`;
    this.element.replaceChildren(...rows.flatMap(([pitch, name]) => [h("span", {}, name),
      ...Array.from({ length: this.nSteps }, (_, step) => this.cell(pitch, name, step))]));
    this.enter(this.cells.get(focused) ?? this.cells.values().next().value);
    this.cells.get(focused)?.focus();
  }

  /** Return a cell, which a mouse toggles when it goes down, all else by a click. */
  cell(pitch, name, step) {
    const button = h("button", { "aria-label": `${name}, step ${step + 1}`, "data-cell": `${pitch}-${step}`, tabindex: -1, onfocus: () => this.enter(button),
      onpointerdown: event => {
        this.pressed = event.pointerType === "mouse" && event.button === 0 ? button : null;
        if (this.pressed) this.toggle(pitch, step);
      },
      onclick: event => { if (!event.detail || this.pressed !== button) this.toggle(pitch, step); } });
    if (step % 4 === 0) button.classList.add("beat");
    this.cells.set(button.dataset.cell, button);
    return button;
  }

  /** Let Tab come to one cell, from which arrow keys lead to the others. */
  enter(button) {
    if (this.entered) this.entered.tabIndex = -1;
    this.entered = button;
    button.tabIndex = 0;
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
    const cells = [...this.cells.values()];
    cells[cells.indexOf(document.activeElement) + by]?.focus();
    event.preventDefault();
  }

  /** Mark the step that plays, or none for null. */
  playhead(quarter) {
    const step = quarter === null ? -1 : Math.floor((quarter - this.from) / STEP);
    if (step === this.marked) return;
    for (const [each, isNow] of [[this.marked, false], [step, true]]) for (const pitch of this.pitches) this.cells.get(`${pitch}-${each}`)?.classList.toggle("now", isNow);
    this.marked = step;
  }
}
