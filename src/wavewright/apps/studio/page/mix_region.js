// A region on its track: its waveform under its fades, with handles to move it, to trim it and to fade it.
import { colour, envelope, fitted, overviewOf } from "./drawing.js";
import { fadeAt, gainOf, lengthOf } from "./mix_project.js";
import { complain, drag, h } from "./ui.js";

const DRAG = 4; // pixels below which a drag is a click
const FINE = 0.01; // s of a step of the keyboard without a grid
const PARTS = { start: "trimStart", end: "trimEnd" };
const FADES = { fade_in: 1, fade_out: -1 };

/** An element of a region; the arranger is its host. */
export class RegionView {
  constructor(arranger, strip, index) {
    Object.assign(this, { arranger, strip, index });
    this.canvas = h("canvas", { "aria-hidden": true });
    this.title = h("span.title", { "aria-hidden": true });
    this.handles = Object.fromEntries([...Object.keys(PARTS), ...Object.keys(FADES)].map(part => [part, h("span.handle", { "data-part": part, "aria-hidden": true })]));
    this.element = h("div.region", { role: "button", tabindex: 0, onfocus: () => arranger.choose(this.strip, this.index),
      onpointerdown: event => this.press(event), onkeydown: event => this.key(event) }, this.canvas, this.title, ...Object.values(this.handles));
  }

  get seconds() { return this.arranger.soundOf(this.region.file)?.duration ?? 0; }

  get length() { return lengthOf(this.region, this.seconds); }

  update(region, isChosen) {
    this.region = region;
    const { scale } = this.arranger;
    const { element } = this;
    const name = this.arranger.titleOf(region.file);
    const [start, length] = [Math.max(0, region.start), this.length];
    element.style.left = `${start * scale}px`;
    element.style.width = `${Math.max(2, (region.start + length - start) * scale)}px`;
    element.classList.toggle("chosen", isChosen);
    element.setAttribute("aria-pressed", String(isChosen));
    element.setAttribute("aria-label", `${name}, ${region.start.toFixed(2)} to ${(region.start + length).toFixed(2)} s`);
    this.title.textContent = name;
    for (const [part, sign] of Object.entries(FADES)) {
      const at = Math.min(region[part], length) * scale;
      this.handles[part].style[sign > 0 ? "left" : "right"] = `${at}px`;
    }
    this.paint();
  }

  /** Draw what is seen of it. */
  paint() {
    const sound = this.arranger.soundOf(this.region.file);
    const { scale, shown } = this.arranger;
    const from = Math.max(this.region.start, 0, shown.from);
    const to = Math.min(this.region.start + this.length, shown.to);
    this.canvas.hidden = !sound || to <= from;
    if (this.canvas.hidden) return;
    this.canvas.style.left = `${(from - Math.max(0, this.region.start)) * scale}px`;
    this.canvas.style.width = `${(to - from) * scale}px`;
    overviewOf(sound).then(peaks => this.draw(sound, peaks, from - this.region.start, to - this.region.start)).catch(complain);
  }

  draw(sound, peaks, from, to) {
    const { context, width, height } = fitted(this.canvas);
    const { region, length } = this;
    const gain = gainOf(region.gain_db);
    const middle = height / 2;
    context.fillStyle = colour("--accent");
    const rate = region.speed * sound.sampleRate;
    for (const piece of this.pieces(sound, from, to)) {
      const nColumns = Math.max(2, Math.round((piece.to - piece.from) / (to - from) * width));
      const first = Math.round(piece.offset * sound.sampleRate);
      const last = Math.min(sound.length, first + Math.max(1, Math.round((piece.to - piece.from) * rate)));
      const columns = envelope(sound, peaks, Math.min(first, last - 1), last, nColumns);
      const left = Math.round((piece.from - from) / (to - from) * width);
      for (let column = 0; column < nColumns; column++) {
        const level = gain * fadeAt(region, length, piece.from + column / nColumns * (piece.to - piece.from)) * middle;
        const [low, high] = [columns[2 * column], columns[2 * column + 1]].map(sample => Math.max(-middle, Math.min(middle, sample * level)));
        context.fillRect(left + column, middle - high, 1, Math.max(1, high - low));
      }
    }
    this.drawFades(context, width, height, from, to);
  }

  /** Return the parts of the file that are seen, in their order: a loop has several. */
  pieces(sound, from, to) {
    const { region } = this;
    if (!region.loop) return [{ from, to, offset: region.offset + from * region.speed }];
    const round = Math.max(0.02, (sound.duration - region.offset) / region.speed);
    const found = [];
    for (let at = from; at < to && found.length < 2000;) {
      const into = at % round;
      const end = Math.min(to, at + round - into);
      found.push({ from: at, to: end, offset: region.offset + into * region.speed });
      at = Math.max(end, at + 1e-6);
    }
    return found;
  }

  /** Shade what the fades take away. */
  drawFades(context, width, height, from, to) {
    const { region, length } = this;
    if (!region.fade_in && !region.fade_out) return;
    context.beginPath();
    context.moveTo(0, 0);
    for (let x = 0; x <= width; x++) context.lineTo(x, height * (1 - fadeAt(region, length, from + x / width * (to - from))));
    context.lineTo(width, 0);
    context.fillStyle = colour("--ink");
    context.globalAlpha = 0.12;
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = colour("--ink");
    context.lineWidth = 1.5;
    context.stroke();
  }

  /** Drag the region, an end or a fade. */
  press(event) {
    if (event.button) return;
    const { arranger } = this;
    const { part } = event.target.dataset;
    const { project } = arranger.current;
    const [region, total, length, left] = [this.region, this.seconds, this.length, event.clientX + arranger.scrolled];
    const before = { project, strip: this.strip, index: this.index };
    const state = { isDrag: false, placed: before };
    const move = moved => {
      const by = (moved.clientX + arranger.scrolled - left) / arranger.scale;
      state.isDrag ||= Math.abs(by * arranger.scale) >= DRAG || (!part && arranger.rowAt(moved.clientY) !== this.strip);
      if (!state.isDrag) return;
      const snapped = at => moved.shiftKey ? at : arranger.snap(at);
      const { edits } = arranger;
      const changed = PARTS[part] ? edits[PARTS[part]](region, total, snapped(region.start + by + (part === "end" ? length : 0)))
        : FADES[part] ? edits.fade(region, total, part, Math.min(region[part], length) + FADES[part] * by)
          : edits.move(region, snapped(region.start + by));
      state.placed = arranger.placed(project, this.strip, this.index, changed, part ? this.strip : arranger.rowAt(moved.clientY));
      arranger.draft(state.placed);
    };
    const end = ended => {
      if (state.isDrag && ended.type === "pointerup") arranger.commit(state.placed);
      else if (state.isDrag) arranger.draft(before);
    };
    drag(arranger.element, event, move, end); // it stays, where the region goes to another track
  }

  /** Arrows move it; with Shift they trim its end, with Ctrl its start; up and down to another track. */
  key(event) {
    const { arranger, region, seconds } = this;
    const { edits } = arranger;
    const step = arranger.grid || FINE;
    const sign = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const letter = event.key.toLowerCase();
    const act = action => { event.preventDefault(); event.stopPropagation(); action(); };
    const set = changed => arranger.commit(arranger.placed(arranger.current.project, this.strip, this.index, changed, this.strip));
    if (sign && event.shiftKey) act(() => set(edits.trimEnd(region, seconds, region.start + this.length + sign * step)));
    else if (sign && event.ctrlKey) act(() => set(edits.trimStart(region, seconds, region.start + sign * step)));
    else if (sign) act(() => set(edits.move(region, region.start + sign * step)));
    else if (event.key === "ArrowUp" || event.key === "ArrowDown") act(() => arranger.toTrack(this.strip + (event.key === "ArrowUp" ? -1 : 1)));
    else if (event.key === "Delete" || event.key === "Backspace") act(() => arranger.host.remove());
    else if (event.ctrlKey && letter === "c") act(() => arranger.host.copy());
    else if (event.ctrlKey && letter === "x") act(() => { arranger.host.copy(); arranger.host.remove(); });
    else if (letter === "s" && !event.ctrlKey) act(() => arranger.host.split());
    else if (letter === "d") act(() => arranger.host.duplicate());
  }
}
