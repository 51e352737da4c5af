// A piano roll: notes drawn, moved, resized and removed by pointer or by keys.
import { colour, fitted } from "./drawing.js";
import { drag, h } from "./ui.js";

const NAMES = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];
const BLACK = new Set([1, 3, 6, 8, 10]);
const ROW = 11; // pixels of a pitch
const MARGIN = 40; // pixels for the names of pitches
const EDGE = 7; // pixels at the end of a note that resize it
const LOWEST_RANGE = 24; // pitches

/** Return the name of a MIDI pitch, such as C4 for 60. */
export function pitchName(pitch) { return `${NAMES[pitch % 12]}${Math.floor(pitch / 12) - 1}`; }

/** A piano roll of one track; `onchange(notes)` is called after each change, `onstrike(pitch)` when a note is set. */
export class PianoRoll {
  constructor(onchange, onstrike) {
    Object.assign(this, { onchange, onstrike, notes: [], grid: 0.25, cursor: { start: 0, pitch: 60 }, from: 0, quarters: 16, chosen: null });
    this.canvas = h("canvas", { tabindex: 0, role: "application", "data-keys": true,
      "aria-label": "Piano roll. Arrow keys move the cursor, Enter sets or removes a note, Plus and Minus change its length." });
    this.line = h("span.cursor", { hidden: true });
    this.text = h("p.soft", { "aria-live": "polite" });
    this.element = h("div", {}, h("div.stage", {}, this.canvas, this.line), this.text);
    this.canvas.addEventListener("pointerdown", event => this.press(event));
    this.canvas.addEventListener("keydown", event => this.key(event));
    addEventListener("resize", () => this.paint());
  }

  /** Show notes over a number of quarters from `from` on. */
  show(notes, { from, quarters, beatsPerBar }) {
    Object.assign(this, { notes, from, quarters, beatsPerBar });
    const pitches = notes.map(note => note.pitch);
    let low = Math.min(55, ...pitches) - 2;
    let high = Math.max(76, ...pitches) + 2;
    if (high - low < LOWEST_RANGE) high = low + LOWEST_RANGE;
    [this.low, this.high] = [Math.max(0, low), Math.min(127, high)];
    this.canvas.style.height = `${(this.high - this.low + 1) * ROW}px`;
    this.paint();
  }

  x(quarter) { return MARGIN + (quarter - this.from) / this.quarters * (this.width - MARGIN); }

  y(pitch) { return (this.high - pitch) * ROW; }

  /** Return the quarter and the pitch under the pointer. */
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return {
      quarter: this.from + Math.max(0, (event.clientX - box.left - MARGIN) / (box.width - MARGIN)) * this.quarters,
      pitch: Math.max(0, Math.min(127, this.high - Math.floor((event.clientY - box.top) / ROW))),
    };
  }

  snapped(quarter) { return Math.max(0, Math.floor(quarter / this.grid + 1e-6) * this.grid); }

  noteAt(quarter, pitch) {
    return this.notes.find(note => note.pitch === pitch && note.start <= quarter && quarter < note.start + note.length);
  }

  /** Set, move or resize by pointer; a press on a note without moving removes it. */
  press(event) {
    const { quarter, pitch } = this.at(event);
    const edge = EDGE / (this.width - MARGIN) * this.quarters;
    const found = this.noteAt(quarter, pitch);
    const isNew = !found;
    const note = found || { start: this.snapped(quarter), length: this.grid, pitch, velocity: 90 };
    const first = { ...note };
    const resizes = isNew || quarter > note.start + note.length - edge;
    let hasMoved = false;
    if (isNew) this.notes = [...this.notes, note];
    this.onstrike(note.pitch);
    const move = moved => {
      const now = this.at(moved);
      if (resizes) {
        note.length = Math.max(this.grid, this.snapped(now.quarter - first.start) + this.grid);
      } else {
        note.start = this.snapped(Math.max(0, first.start + now.quarter - quarter + this.grid / 2));
        if (now.pitch !== note.pitch) { note.pitch = now.pitch; this.onstrike(note.pitch); }
      }
      hasMoved ||= note.start !== first.start || note.pitch !== first.pitch || note.length !== first.length;
      this.paint();
    };
    const end = () => {
      if (!isNew && !hasMoved && !resizes) this.notes = this.notes.filter(each => each !== note);
      this.cursor = { start: note.start, pitch: note.pitch };
      this.onchange(this.notes);
    };
    drag(this.canvas, event, move, end);
    this.paint();
  }

  key(event) {
    const { start, pitch } = this.cursor;
    const steps = { ArrowLeft: [-this.grid, 0], ArrowRight: [this.grid, 0], ArrowUp: [0, event.shiftKey ? 12 : 1], ArrowDown: [0, event.shiftKey ? -12 : -1] };
    const note = this.noteAt(start, pitch);
    if (steps[event.key]) {
      const [by, up] = steps[event.key];
      this.cursor = { start: Math.max(0, start + by), pitch: Math.max(this.low, Math.min(this.high, pitch + up)) };
      const under = this.noteAt(this.cursor.start, this.cursor.pitch);
      this.text.textContent = `Quarter ${this.cursor.start + 1}, ${pitchName(this.cursor.pitch)}${under ? `, a note of ${under.length} quarters` : ""}`;
      this.paint();
    } else if (event.key === "Enter" || event.key === "Delete" || event.key === "Backspace") {
      if (!note && event.key !== "Enter") return;
      if (!note) this.onstrike(pitch);
      this.onchange(note ? this.notes.filter(each => each !== note) : [...this.notes, { start, length: this.grid, pitch, velocity: 90 }]);
    } else if ((event.key === "+" || event.key === "-") && note) {
      const length = Math.max(this.grid, note.length + (event.key === "+" ? this.grid : -this.grid));
      this.onchange(this.notes.map(each => each === note ? { ...note, length } : each));
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  paint() {
    if (!this.canvas.clientWidth || this.low === undefined) return;
    const { context, width, height } = fitted(this.canvas);
    this.width = width;
    const [line, soft, accent, ground] = ["--line", "--soft", "--accent", "--ground"].map(colour);
    context.font = "9px system-ui, sans-serif";
    for (let pitch = this.low; pitch <= this.high; pitch++) {
      if (BLACK.has(pitch % 12)) { context.fillStyle = ground; context.fillRect(MARGIN, this.y(pitch), width, ROW); }
      context.fillStyle = soft;
      if (pitch % 12 === 0) context.fillText(pitchName(pitch), 4, this.y(pitch) + ROW - 2);
    }
    for (let quarter = this.from; quarter <= this.from + this.quarters; quarter += 0.5) {
      const isBar = Math.abs(quarter / this.beatsPerBar - Math.round(quarter / this.beatsPerBar)) < 1e-6;
      context.fillStyle = isBar ? soft : line;
      context.fillRect(this.x(quarter), 0, isBar ? 1.5 : 0.5, height);
    }
    for (const note of this.notes) {
      if (note.start + note.length <= this.from || note.start >= this.from + this.quarters) continue;
      const left = Math.max(MARGIN, this.x(note.start));
      context.globalAlpha = 0.4 + 0.6 * note.velocity / 127;
      context.fillStyle = accent;
      context.fillRect(left, this.y(note.pitch) + 1, Math.max(3, this.x(note.start + note.length) - left - 1), ROW - 2);
      context.globalAlpha = 1;
    }
    if (document.activeElement === this.canvas) {
      context.strokeStyle = colour("--ink");
      context.strokeRect(this.x(this.cursor.start), this.y(this.cursor.pitch), this.x(this.from + this.grid) - MARGIN, ROW);
    }
  }

  /** Show where the score plays, or nothing for null. */
  playhead(quarter) {
    const isShown = quarter !== null && quarter >= this.from && quarter <= this.from + this.quarters;
    this.line.hidden = !isShown;
    if (isShown) this.line.style.transform = `translateX(${this.x(quarter)}px)`;
  }
}
