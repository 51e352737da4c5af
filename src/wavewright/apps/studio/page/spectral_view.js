// A spectrogram with zoom in time and frequency, in which a rectangle or an outline is selected.
import { colour, fitted, spectrogram } from "./drawing.js";
import { clock, complain, drag, h } from "./ui.js";

const SHORTEST_VIEW = 0.02; // s
const NARROWEST_VIEW = 50; // Hz
const LOWEST_HZ = 20; // of the logarithmic axis
const RANGE_DB = 90;
const COLUMNS = 600;
const ROWS = 288;
const SIZES = [256, 4096]; // of the transform
const SNAP = 4; // pixels below which a drag is a click
const TICKS = [50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000];
const SPACING = 18; // pixels between two ticks

/** Axes: frequencies to positions, and back. */
export const AXES = {
  log: [hz => Math.log(Math.max(hz, LOWEST_HZ)), Math.exp],
  mel: [hz => Math.log1p(hz / 700), position => 700 * Math.expm1(position)],
  linear: [hz => hz, position => position],
};

/**
 * A view of a buffer. `onselect(selection)` gets `{start, end, low, high, outline}` in s and Hz, or null; the outline,
 * `[[s, Hz], ...]`, is null for a rectangle.
 */
export class SpectralView {
  constructor(onselect) {
    Object.assign(this, { onselect, axis: "log", isLasso: false, selection: null, harmonics: 1, nyquist: 0, number: 0 });
    this.canvas = h("canvas", { role: "img", "aria-label": "No sound yet" });
    this.element = h("div.spectrum", {}, this.canvas);
    this.canvas.addEventListener("pointerdown", event => this.press(event));
    this.canvas.addEventListener("wheel", event => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      const { seconds, hz } = this.at(event);
      const factor = event.deltaY > 0 ? 1.25 : 0.8;
      if (event.shiftKey) this.zoomFrequency(factor, hz); else this.zoomTime(factor, seconds);
    }, { passive: false });
    addEventListener("resize", () => this.paint());
  }

  get seconds() { return this.buffer?.duration || 0; }

  /** Show another sound, or null, up to a frequency: what is seen and selected stays where the sound is as long as the one before. */
  set(buffer, nyquist = 0) {
    const isAlike = this.buffer && buffer && Math.abs(this.seconds - buffer.duration) < 1e-3 && this.nyquist === nyquist;
    Object.assign(this, { buffer, nyquist });
    this.picture = null;
    if (!isAlike) Object.assign(this, { selection: null, from: 0, to: this.seconds, low: 0, high: this.nyquist });
    this.show();
  }

  /** Show times and frequencies. */
  show({ from = this.from, to = this.to, low = this.low, high = this.high } = {}) {
    if (!this.buffer) { this.canvas.getContext("2d").clearRect(0, 0, this.canvas.width, this.canvas.height); return; }
    this.from = Math.max(0, Math.min(from, this.seconds - SHORTEST_VIEW));
    this.to = Math.min(this.seconds, Math.max(to, this.from + SHORTEST_VIEW));
    this.low = Math.max(0, Math.min(low, this.nyquist - NARROWEST_VIEW));
    this.high = Math.min(this.nyquist, Math.max(high, this.low + NARROWEST_VIEW));
    this.prepare().catch(complain);
  }

  zoomTime(factor, around = this.selection ? (this.selection.start + this.selection.end) / 2 : (this.from + this.to) / 2) {
    this.show({ from: around - (around - this.from) * factor, to: around + (this.to - around) * factor });
  }

  zoomFrequency(factor, around = this.selection ? (this.selection.low + this.selection.high) / 2 : this.hzAt(0.5)) {
    const [position, frequency] = AXES[this.axis];
    const [low, centre, high] = [this.low, around, this.high].map(position);
    this.show({ low: frequency(centre - (centre - low) * factor), high: frequency(centre + (high - centre) * factor) });
  }

  /** Move on by a part of what is seen. */
  move(time, frequency) {
    const length = this.to - this.from;
    const from = Math.max(0, Math.min(this.from + time * length, this.seconds - length));
    const [position, hz] = AXES[this.axis];
    const [bottom, top] = [0, this.nyquist].map(position);
    const height = position(this.high) - position(this.low);
    const low = Math.max(bottom, Math.min(position(this.low) + frequency * height, top - height));
    this.show({ from, to: from + length, ...frequency ? { low: hz(low), high: hz(low + height) } : {} });
  }

  /** Return the frequency at a height, 0 at the bottom to 1. */
  hzAt(height) {
    const [position, hz] = AXES[this.axis];
    const [low, high] = [this.low, this.high].map(position);
    return Math.max(0, hz(low + height * (high - low)));
  }

  /** Compute the picture of what is seen, and paint it; the page answers meanwhile. */
  async prepare() {
    if (!this.buffer || !this.canvas.clientWidth) return;
    const number = ++this.number;
    const { buffer, from, to } = this;
    const { sampleRate } = buffer;
    const wanted = Math.sqrt(16 * (to - from) / (this.high - this.low)) * sampleRate;
    const size = Math.max(SIZES[0], Math.min(SIZES[1], 2 ** Math.round(Math.log2(wanted))));
    const picture = await spectrogram(buffer, from * sampleRate, to * sampleRate, { nColumns: COLUMNS, nRows: ROWS, rangeDb: RANGE_DB, size,
      hzOf: row => this.hzAt(1 - (row + 1) / ROWS), isStale: () => number !== this.number });
    if (!picture) return; // something else is shown by now
    this.picture = picture;
    this.paint();
  }

  select(selection) { this.selection = selection; this.paint(); }

  /** Return time and frequency of a pointer. */
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const part = (value, start, length) => Math.max(0, Math.min(1, (value - start) / length));
    return { seconds: this.from + part(event.clientX, box.left, box.width) * (this.to - this.from),
      hz: this.hzAt(1 - part(event.clientY, box.top, box.height)) };
  }

  /** Select by dragging; a click removes the selection. */
  press(event) {
    if (!this.buffer) return;
    const anchor = this.at(event);
    const [x, y] = [event.clientX, event.clientY];
    const corners = [[anchor.seconds, anchor.hz]];
    let last = [x, y];
    const move = moved => {
      const { seconds, hz } = this.at(moved);
      if (this.isLasso && Math.hypot(moved.clientX - last[0], moved.clientY - last[1]) >= SNAP) {
        last = [moved.clientX, moved.clientY];
        corners.push([seconds, hz]);
      }
      const isDrag = Math.hypot(moved.clientX - x, moved.clientY - y) > SNAP;
      const points = this.isLasso ? corners : [corners[0], [seconds, hz]];
      this.select(isDrag ? selectionOf(points, this.isLasso && corners.length > 2) : null);
    };
    const end = () => {
      if (this.selection && (this.selection.start >= this.selection.end || this.selection.low >= this.selection.high)) this.select(null);
      this.onselect(this.selection);
    };
    drag(this.canvas, event, move, end);
    this.select(null);
  }

  paint() {
    if (!this.buffer || !this.canvas.clientWidth) return;
    if (!this.picture) { this.prepare().catch(complain); return; }
    const { context, width, height } = fitted(this.canvas);
    context.drawImage(this.picture, 0, 0, width, height);
    const [position] = AXES[this.axis];
    const [low, high] = [this.low, this.high].map(position);
    const toX = seconds => (seconds - this.from) / (this.to - this.from) * width;
    const toY = hz => height * (1 - (position(hz) - low) / (high - low));
    this.paintTicks(context, toY, height);
    const chosen = this.selection;
    if (chosen) {
      context.lineWidth = 2;
      for (let multiple = 1; multiple <= this.harmonics && multiple * chosen.low < this.high; multiple++) {
        const points = chosen.outline || [[chosen.start, chosen.low], [chosen.end, chosen.low], [chosen.end, chosen.high], [chosen.start, chosen.high]];
        context.beginPath();
        for (const [seconds, hz] of points) context.lineTo(toX(seconds), toY(multiple * hz));
        context.closePath();
        context.fillStyle = "#ffffff2e";
        context.fill();
        context.setLineDash([]);
        context.strokeStyle = "#000a";
        context.stroke();
        context.setLineDash([6, 4]);
        context.strokeStyle = "#fff";
        context.stroke();
      }
      context.setLineDash([]);
    }
    const part = chosen ? `, selected ${chosen.start.toFixed(2)} to ${chosen.end.toFixed(2)} s, ${Math.round(chosen.low)} to ${Math.round(chosen.high)} Hz` : "";
    this.canvas.setAttribute("aria-label", `Spectrogram from ${clock(this.from)} to ${clock(this.to)}, ${Math.round(this.low)} to ${Math.round(this.high)} Hz${part}`);
  }

  /** Write frequencies at the left edge. */
  paintTicks(context, toY, height) {
    context.font = "11px system-ui, sans-serif";
    context.lineWidth = 3;
    context.strokeStyle = "#000c";
    context.fillStyle = "#fff";
    let above = Infinity;
    for (const hz of TICKS) {
      const y = toY(hz);
      if (hz <= this.low || hz >= this.high || y > height - 8 || y < 12 || above - y < SPACING) continue;
      above = y;
      const text = hz < 1000 ? `${hz} Hz` : `${hz / 1000} kHz`;
      context.strokeText(text, 6, y + 4);
      context.fillText(text, 6, y + 4);
      context.fillStyle = colour("--accent");
      context.fillRect(0, y - 0.5, 4, 1.5);
      context.fillStyle = "#fff";
    }
  }
}

/** Return the selection around points; its outline is the points themselves where `isOutline`. */
function selectionOf(points, isOutline) {
  const [times, frequencies] = [0, 1].map(index => points.map(point => point[index]));
  return { start: Math.min(...times), end: Math.max(...times), low: Math.min(...frequencies), high: Math.max(...frequencies), outline: isOutline ? points : null };
}
