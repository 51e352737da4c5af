// Spectrogram and waveform of a sound with zoom, a selected region and a cursor.
import { ClipPicture, colour, fitted } from "./drawing.js";
import { clock, complain, drag, foretell, h, say } from "./ui.js";

const SHORTEST_VIEW = 0.01; // s
const EMPTY = "The waveform and spectrogram of the sound appear here.";
const SNAP = 4; // pixels below which a drag is a click

/** A view of a buffer; `onselect(region)` gets `{start, end}` in seconds, or null for no region. */
export class WaveView {
  constructor(onselect) {
    this.onselect = onselect;
    this.canvas = h("canvas", { role: "img", "aria-label": "No sound yet" });
    this.cursor = h("span.cursor", { hidden: true });
    this.range = h("span.soft");
    this.stage = h("div.stage", { "data-empty": EMPTY }, this.canvas, this.cursor);
    this.element = h("div", {}, this.stage,
      h("div.row", { role: "group", "aria-label": "View" },
        h("button.small", { onclick: () => this.zoom(0.5) }, "Zoom in"), h("button.small", { onclick: () => this.zoom(2) }, "Zoom out"),
        h("button.small", { onclick: () => this.show(0, this.seconds) }, "Whole sound"),
        h("button.small", { onclick: () => this.region ? this.show(this.region.start, this.region.end) : say("Select a region first: drag over the sound.") }, "Zoom to the region"),
        h("button.small", { "aria-label": "Earlier", onclick: () => this.scroll(-0.5) }, "←"), h("button.small", { "aria-label": "Later", onclick: () => this.scroll(0.5) }, "→"), this.range));
    this.region = null;
    this.canvas.addEventListener("pointerdown", event => this.press(event));
    this.canvas.addEventListener("wheel", event => { if (event.ctrlKey) { event.preventDefault(); this.zoom(event.deltaY > 0 ? 1.25 : 0.8, this.time(event)); } }, { passive: false });
    addEventListener("resize", () => this.paint());
  }

  /** Show another sound as a whole. */
  set(buffer) {
    this.buffer = buffer;
    foretell(this.stage, "");
    this.picture = this.region = null;
    this.show(0, this.seconds);
  }

  /** Show no sound. */
  clear() {
    this.buffer = this.picture = this.region = null;
    this.canvas.getContext("2d").clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.canvas.setAttribute("aria-label", "No sound yet");
    this.range.textContent = "";
    foretell(this.stage, EMPTY);
  }

  get seconds() { return this.buffer?.duration || 0; }

  show(from, to) {
    if (!this.buffer) return;
    this.from = Math.max(0, Math.min(from, this.seconds - SHORTEST_VIEW));
    this.to = Math.min(this.seconds, Math.max(to, this.from + SHORTEST_VIEW));
    this.prepare().catch(complain);
  }

  /** Compute the picture of what is shown, and paint it. */
  async prepare() {
    const { buffer, from, to } = this;
    const [first, last] = [from, to].map(seconds => Math.round(seconds * buffer.sampleRate));
    const picture = await ClipPicture.of(buffer, first, Math.max(last, first + 1), { split: 0.65, nColumns: 700, nRows: 128 });
    if (this.buffer !== buffer || this.from !== from || this.to !== to) return; // something else is shown by now
    this.picture = picture;
    this.paint();
  }

  zoom(factor, around = this.region ? (this.region.start + this.region.end) / 2 : (this.from + this.to) / 2) {
    this.show(around - (around - this.from) * factor, around + (this.to - around) * factor);
  }

  scroll(by) {
    if (!this.buffer) return;
    const length = this.to - this.from;
    const from = Math.max(0, Math.min(this.from + by * length, this.seconds - length));
    this.show(from, from + length);
  }

  select(region) { this.region = region; this.paint(); }

  time(event) {
    const box = this.canvas.getBoundingClientRect();
    const seconds = this.from + (event.clientX - box.left) / box.width * (this.to - this.from);
    return Math.max(0, Math.min(this.seconds, seconds));
  }

  /** Select by dragging; a click removes the region. */
  press(event) {
    if (!this.buffer) return;
    const anchor = this.time(event);
    const pressedAt = event.clientX;
    const move = moved => {
      const other = this.time(moved);
      const isDrag = Math.abs(moved.clientX - pressedAt) > SNAP;
      this.select(isDrag ? { start: Math.min(anchor, other), end: Math.max(anchor, other) } : null);
    };
    drag(this.canvas, event, move, () => this.onselect(this.region));
    if (this.region) this.select(null);
  }

  paint() {
    if (!this.buffer || !this.picture || !this.canvas.clientWidth) return;
    const canvas = fitted(this.canvas);
    const { context, width, height } = canvas;
    this.picture.draw(canvas);
    if (this.region) {
      const toX = seconds => (seconds - this.from) / (this.to - this.from) * width;
      const [left, right] = [toX(this.region.start), toX(this.region.end)];
      context.fillStyle = colour("--accent");
      context.globalAlpha = 0.28;
      context.fillRect(left, 0, Math.max(1, right - left), height);
      context.globalAlpha = 1;
      context.fillRect(left, 0, 1.5, height);
      context.fillRect(right - 1.5, 0, 1.5, height);
    }
    this.range.textContent = `${clock(this.from)} to ${clock(this.to)}`;
    const chosen = this.region ? `, selected ${this.region.start.toFixed(2)} to ${this.region.end.toFixed(2)} s` : "";
    this.canvas.setAttribute("aria-label", `Spectrogram and waveform of ${this.seconds.toFixed(2)} s${chosen}`);
  }

  /** Move the cursor along while a sound plays. */
  follow(handle, isPlaying) {
    const step = () => {
      if (!isPlaying()) { this.cursor.hidden = true; return; }
      const fraction = (handle.position() - this.from) / (this.to - this.from);
      this.cursor.hidden = fraction < 0 || fraction > 1;
      this.cursor.style.left = `${100 * fraction}%`;
      requestAnimationFrame(step);
    };
    step();
  }
}
