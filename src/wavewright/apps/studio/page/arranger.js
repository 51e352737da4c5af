// Tracks, buses and the master of a mix over a common time: faders, regions, lanes of automation, ruler and cursor.
import { colour, fitted } from "./drawing.js";
import { dropTarget } from "./library.js";
import { LaneView, shownValue } from "./mix_lane.js";
import { RegionEdits, secondsOf, stripsOf, withRegion, withStrip } from "./mix_project.js";
import { RegionView } from "./mix_region.js";
import { clock, complain, drag, h } from "./ui.js";

const FADER_DB = [-60, 12]; // of the slider; the field of a number takes more
const FLOOR_DB = -60; // of a meter
const TAIL = 10; // s that are shown behind the end
const SCALES = [1, 4000]; // pixels of a second
const FIRST_SCALE = 60;
const SHORTEST = 4; // s that are shown of a mix that is shorter
const TICK = 70; // pixels between two labels of the ruler, at least
const TICKS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600];
const DRAG = 4; // pixels below which a drag is a click
const MARGIN = 200; // pixels beside what is seen that are drawn, too

/**
 * The view. `host` is the panel: `current`, the project and its files; `chosen`, `{ strip, region }`; `draft(project)`
 * shows a change and `commit(project)` makes it; `choose(strip, region)`, `seek(seconds)`, `loopTo(range)`, `addClips(clips,
 * strip, seconds)`, `laneOf(strip, key)`, `setLane(strip, key, points, isDraft)`, `hideLane(strip, key)`, and the actions on the chosen region.
 */
export class Arranger {
  constructor(host) {
    Object.assign(this, { host, scale: FIRST_SCALE, grid: 0, tempo: null, cursor: 0, loop: null, rows: [] });
    this.ruler = h("canvas", { "aria-hidden": true });
    this.time = h("div.ruler", { role: "slider", tabindex: 0, "aria-label": "Position", "aria-valuemin": "0",
      onpointerdown: event => this.pressRuler(event), onkeydown: event => this.rulerKey(event) }, this.ruler);
    this.corner = h("div.strip.corner", {}, h("span.soft", {}, "Drop sounds on a track"));
    this.line = h("span.playhead", { "aria-hidden": true });
    this.body = h("div.rows");
    this.inner = h("div.inner", {}, h("div.mix-row.top", {}, this.corner, this.time), this.body, this.line);
    this.element = h("div.arranger", { role: "group", "aria-label": "Tracks" }, this.inner);
    this.element.addEventListener("scroll", () => this.paintSoon());
    this.element.addEventListener("wheel", event => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      this.zoom(event.deltaY > 0 ? 0.8 : 1.25, this.timeAt(event.clientX));
    }, { passive: false });
    this.element.addEventListener("dragover", event => { this.over = [event.clientX, event.clientY]; });
    dropTarget(this.element, clips => {
      const [x, y] = this.over;
      return host.addClips(clips, this.rowAt(y, true), Math.max(0, this.snap(this.timeAt(x))));
    }, complain);
    addEventListener("resize", () => { if (this.element.offsetParent) this.update(); });
  }

  get current() { return this.host.current; }

  get scrolled() { return this.element.scrollLeft; }

  /** Pixels at which the time begins: beside the names of the tracks, or below them. */
  get left() { return this.time.offsetLeft; }

  get width() { return (this.seconds + TAIL) * this.scale; }

  get shown() {
    const from = (this.scrolled - MARGIN) / this.scale;
    return { from, to: from + (this.element.clientWidth + 2 * MARGIN) / this.scale };
  }

  soundOf(path) { return this.host.soundOf(path); }

  titleOf(path) { return this.host.titleOf(path); }

  timeAt(clientX) { return (clientX - this.time.getBoundingClientRect().left) / this.scale; }

  snap(seconds) { return this.grid ? Math.round(seconds / this.grid) * this.grid : seconds; }

  choose(strip, region) { this.host.choose(strip, region); }

  /** Return the number of the track at a height; null below the tracks if `isStrict`. */
  rowAt(clientY, isStrict = false) {
    const { length } = this.current.project.tracks;
    const index = this.rows.slice(0, length).findIndex(row => clientY < row.element.getBoundingClientRect().bottom);
    return index >= 0 ? index : isStrict ? null : length - 1;
  }

  /** Return a project in which a region is another one, perhaps on another track, and where it is then. */
  placed(project, strip, index, region, to) {
    if (to === strip) return { project: withRegion(project, strip, index, () => region), strip, index };
    const taken = withStrip(project, strip, track => ({ ...track, regions: track.regions.filter((_, i) => i !== index) }));
    return { project: withStrip(taken, to, track => ({ ...track, regions: [...track.regions, region] })), strip: to, index: project.tracks[to].regions.length };
  }

  draft({ project, strip, index }) { this.host.draft(project, strip, index); }

  commit({ project, strip, index }) {
    this.host.commit(project, strip, index);
    this.focus();
  }

  /** Set the keyboard on the chosen region. */
  focus() {
    const { strip, region } = this.host.chosen;
    this.rows[strip]?.regions[region]?.element.focus({ preventScroll: true });
  }

  toTrack(to) {
    const { strip, region } = this.host.chosen;
    const { project } = this.current;
    if (to < 0 || to >= project.tracks.length) return;
    this.commit(this.placed(project, strip, region, project.tracks[strip].regions[region], to));
  }

  /** Show the project. */
  update() {
    const { project } = this.current;
    this.edits = new RegionEdits(project.sample_rate);
    this.seconds = secondsOf(project, path => this.soundOf(path)?.duration ?? 0);
    const kinds = [...project.tracks.map(() => "track"), ...project.buses.map(() => "bus"), "master"];
    if (kinds.join() !== this.kinds) {
      this.rows = kinds.map((kind, strip) => new Row(this, strip, kind));
      this.body.replaceChildren(...this.rows.map(row => row.element));
      this.kinds = kinds.join();
    }
    this.time.style.width = `${this.width}px`;
    this.inner.style.minWidth = `${this.left + this.width}px`;
    this.time.setAttribute("aria-valuemax", this.seconds.toFixed(2));
    stripsOf(project).forEach((strip, index) => this.rows[index].update(strip));
    this.setCursor(this.cursor);
    this.paintSoon();
  }

  setCursor(seconds) {
    this.cursor = seconds;
    this.line.style.left = `${this.left + seconds * this.scale}px`;
    this.time.setAttribute("aria-valuenow", seconds.toFixed(2));
    this.time.setAttribute("aria-valuetext", clock(seconds));
  }

  /** Keep the cursor in view while it plays. */
  follow() {
    const x = this.cursor * this.scale - this.scrolled;
    const room = this.element.clientWidth - this.left;
    if (x > room - 20 || x < 0) this.element.scrollLeft = this.cursor * this.scale - 40;
  }

  showLevels(strips) {
    stripsOf(this.current.project).forEach((strip, index) => this.rows[index]?.showLevel(strips?.get(strip.name ?? "master")));
  }

  zoom(factor, around = this.cursor) { this.setScale(this.scale * factor, around); }

  setScale(scale, around) {
    const x = around * this.scale - this.scrolled;
    this.scale = Math.max(SCALES[0], Math.min(SCALES[1], scale));
    this.update();
    this.element.scrollLeft = around * this.scale - x;
  }

  /** Show all of it. */
  fit() {
    this.setScale((this.element.clientWidth - this.left - 24) / Math.max(SHORTEST, this.seconds), 0);
    this.element.scrollLeft = 0;
  }

  paintSoon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      if (!this.element.offsetParent) return;
      this.paintRuler();
      for (const row of this.rows) for (const region of row.regions) region.paint();
    });
  }

  paintRuler() {
    const room = Math.max(10, this.element.clientWidth - this.left);
    this.ruler.style.left = `${this.scrolled}px`;
    this.ruler.style.width = `${room}px`;
    const { context, width, height } = fitted(this.ruler);
    const beat = this.tempo ? 60 / this.tempo : null;
    const steps = beat ? [0.25, 1, 4, 16, 64, 256].map(beats => beats * beat) : TICKS;
    const step = steps.find(each => each * this.scale >= TICK) ?? steps[steps.length - 1];
    const from = this.scrolled / this.scale;
    if (this.loop) {
      context.fillStyle = colour("--mark");
      context.fillRect((this.loop[0] - from) * this.scale, 0, (this.loop[1] - this.loop[0]) * this.scale, height);
    }
    context.font = "12px system-ui, sans-serif";
    for (let tick = Math.floor(from / step); tick * step < from + width / this.scale; tick++) {
      const x = (tick * step - from) * this.scale;
      context.fillStyle = colour("--edge");
      context.fillRect(x, height - 8, 1, 8);
      context.fillStyle = colour("--soft");
      const beats = beat ? tick * step / beat : 0;
      context.fillText(beat ? `${Math.floor(beats / 4 + 1e-6) + 1}.${Math.floor(beats % 4 + 1e-6) + 1}` : step < 1 ? `${(tick * step).toFixed(step < 0.1 ? 2 : 1)}` : clock(tick * step).replace(/\.0$/, ""), x + 4, height - 10);
    }
  }

  /** Seek by a click, set what is looped by dragging. */
  pressRuler(event) {
    if (event.button) return;
    const from = Math.max(0, this.snap(this.timeAt(event.clientX)));
    const pressedAt = event.clientX;
    let range = null;
    const move = moved => {
      const to = Math.max(0, this.snap(this.timeAt(moved.clientX)));
      range = Math.abs(moved.clientX - pressedAt) >= DRAG && to !== from ? [Math.min(from, to), Math.max(from, to)] : null;
      if (range) this.host.loopTo(range);
    };
    drag(this.time, event, move, () => { if (!range) this.host.seek(from); });
  }

  rulerKey(event) {
    const step = this.grid || 0.1;
    const to = { ArrowLeft: this.cursor - step, ArrowRight: this.cursor + step, ArrowDown: this.cursor - step, ArrowUp: this.cursor + step,
      PageDown: this.cursor - 10 * step, PageUp: this.cursor + 10 * step, Home: 0, End: this.seconds }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.host.seek(Math.max(0, Math.min(this.seconds, to)));
    this.follow();
  }
}

/** A track, a bus or the master. */
class Row {
  constructor(arranger, strip, kind) {
    Object.assign(this, { arranger, strip, kind, regions: [], lanes: new Map() });
    const { host } = arranger;
    const edit = (change, isDraft) => host.changeStrip(this.strip, change, isDraft);
    this.name = kind === "master" ? h("strong", {}, "Master") : h("input", { type: "text", maxlength: 80, onchange: () => host.rename(this.strip, this.name.value) });
    this.mute = h("button.small", { onclick: () => edit(each => ({ ...each, mute: !each.mute })) }, "M");
    this.solo = h("button.small", { onclick: () => edit(each => ({ ...each, solo: !each.solo })) }, "S");
    this.gain = this.slider("gain_db", FADER_DB, 0.5, edit);
    this.pan = this.slider("pan", [-1, 1], 0.05, edit);
    this.level = h("i");
    this.header = h("div.strip", { onpointerdown: () => arranger.choose(this.strip, null), onfocusin: event => { if (!event.target.closest(".region")) host.chooseStrip(this.strip); } },
      h("div.name", {}, this.name, kind !== "master" && this.mute, kind === "track" && this.solo),
      h("div.faders", {}, this.gain.element, this.pan.element), h("span.level", { "aria-hidden": true }, this.level));
    this.track = h("div.track", { onpointerdown: event => { if (event.target === this.track) { arranger.choose(this.strip, null); host.seek(Math.max(0, arranger.snap(arranger.timeAt(event.clientX)))); } } });
    this.element = h("div.strip-rows", { role: "group", "data-kind": kind }, h("div.mix-row", {}, this.header, this.track));
  }

  slider(key, [low, high], step, edit) {
    const input = h("input", { type: "range", min: low, max: high, step,
      oninput: () => edit(each => ({ ...each, [key]: input.valueAsNumber }), true), onchange: () => edit(each => ({ ...each, [key]: input.valueAsNumber })) });
    const output = h("output");
    return { input, output, element: h("span.fader", {}, input, output) };
  }

  update(values) {
    const { arranger } = this;
    const { chosen } = arranger.host;
    const name = values.name ?? "master";
    this.element.setAttribute("aria-label", this.kind === "master" ? "Master" : `${this.kind === "bus" ? "Bus" : "Track"} ${name}`);
    this.element.classList.toggle("chosen", chosen.strip === this.strip);
    this.element.classList.toggle("muted", Boolean(values.mute));
    if (this.kind !== "master") {
      if (document.activeElement !== this.name) this.name.value = name;
      this.name.setAttribute("aria-label", `Name of ${this.kind} ${this.strip + 1}`);
      for (const [button, key, text] of [[this.mute, "mute", "Mute"], [this.solo, "solo", "Solo"]]) {
        button.setAttribute("aria-pressed", String(Boolean(values[key])));
        button.setAttribute("aria-label", `${text} ${name}`);
        button.title = text;
      }
    }
    for (const [slider, key, text, shown] of [[this.gain, "gain_db", "Gain of", shownValue(values.gain_db, "dB")], [this.pan, "pan", "Position of", positionOf(values.pan)]]) {
      slider.input.value = String(values[key]);
      slider.input.setAttribute("aria-label", `${text} ${name}`);
      slider.input.setAttribute("aria-valuetext", shown);
      slider.output.textContent = shown;
    }
    this.pan.element.hidden = arranger.current.project.channels !== 2;
    this.track.style.width = `${arranger.width}px`;
    const regions = values.regions ?? [];
    while (this.regions.length > regions.length) this.regions.pop().element.remove();
    while (this.regions.length < regions.length) {
      this.regions.push(new RegionView(arranger, this.strip, this.regions.length));
      this.track.append(this.regions[this.regions.length - 1].element);
    }
    regions.forEach((region, index) => this.regions[index].update(region, chosen.strip === this.strip && chosen.region === index));
    this.updateLanes(name);
  }

  updateLanes(name) {
    const { host } = this.arranger;
    const keys = host.lanesOf(this.strip);
    for (const [key, lane] of this.lanes) if (!keys.includes(key)) { lane.row.remove(); this.lanes.delete(key); }
    for (const key of keys) {
      const described = host.laneOf(this.strip, key);
      if (!this.lanes.has(key)) this.addLane(key);
      const lane = this.lanes.get(key);
      lane.row.hidden = !described;
      if (!described) continue;
      lane.title.textContent = described.title;
      lane.row.setAttribute("aria-label", `Automation of ${name}: ${described.title}`);
      lane.range.textContent = `${shownValue(described.low, "")} to ${shownValue(described.high, described.unit)}`;
      lane.view.element.style.width = `${this.arranger.width}px`;
      lane.view.update(described);
    }
  }

  addLane(key) {
    const { arranger } = this;
    const { host } = arranger;
    const view = new LaneView(arranger, (points, isDraft) => host.setLane(this.strip, key, points, isDraft));
    const [title, range] = [h("span"), h("small.soft")];
    const row = h("div.mix-row.lane", { role: "group" }, h("div.strip", {}, h("div.name", {}, title),
      range, h("div.lane-buttons", {}, h("button.small", { onclick: () => view.addAt(arranger.cursor) }, "Add point"),
        h("button.small", { onclick: () => host.hideLane(this.strip, key) }, "Hide"))), view.element);
    this.element.append(row);
    this.lanes.set(key, { row, view, title, range });
  }

  showLevel(nodes) {
    const db = nodes ? this.arranger.host.peakOf(nodes.end) : FLOOR_DB;
    this.level.style.transform = `scaleX(${Math.max(0, Math.min(1, 1 - db / FLOOR_DB)).toFixed(3)})`;
    this.level.classList.toggle("over", db > 0);
  }
}

/** Return a position as text. */
function positionOf(pan) {
  const percent = Math.round(100 * Math.abs(pan));
  return percent ? `${percent} % ${pan < 0 ? "left" : "right"}` : "centre";
}
