// A lane of an automation: points that a line joins, moved by pointer or key.
import { clock, drag, h } from "./ui.js";

const SVG = "http://www.w3.org/2000/svg";
const APART = 0.001; // s between two points, at least
const DIGITS = 4;
const STEP = 0.01; // of the range, for a key
const DRAG = 3; // pixels

/** Return the part of a range, from 0 to 1, at which a value is shown. */
function placeOf({ low, high, curve }, value) {
  const part = curve === "exponential" ? Math.log(Math.max(value, low) / low) / Math.log(high / low) : (value - low) / (high - low);
  return Math.max(0, Math.min(1, part));
}

function valueOf({ low, high, curve, unit }, place) {
  const value = curve === "exponential" ? low * (high / low) ** place : low + (high - low) * place;
  return unit === "dB" ? Math.round(10 * value) / 10 : Number(value.toPrecision(DIGITS));
}

/** Return a value with its unit. */
export function shownValue(value, unit) { return `${String(Number(value.toPrecision(3))).replace("-", "−")}${unit ? ` ${unit}` : ""}`; }

/**
 * The element of a lane. What it shows is `{ title, points, low, high, unit, curve, usual }`, `low` to `high` being the
 * range that is seen, and `usual` the value without points.
 */
export class LaneView {
  constructor(arranger, onchange) {
    Object.assign(this, { arranger, onchange, buttons: [] });
    this.svg = document.createElementNS(SVG, "svg");
    this.svg.setAttribute("aria-hidden", "true");
    this.line = document.createElementNS(SVG, "polyline");
    this.svg.append(this.line);
    this.element = h("div.automation", { onpointerdown: event => this.press(event) }, this.svg);
  }

  update(lane) {
    this.lane = lane;
    const { scale, width } = this.arranger;
    const place = ([seconds, value]) => [seconds * scale, 100 * (1 - placeOf(lane, value))];
    const points = lane.points.map(place);
    const [first, last] = points.length ? [points[0][1], points[points.length - 1][1]] : Array(2).fill(place([0, lane.usual])[1]);
    this.svg.setAttribute("viewBox", `0 0 ${width} 100`);
    this.svg.setAttribute("preserveAspectRatio", "none");
    const drawn = lane.curve === "hold" ? points.flatMap(([x, y], index) => index ? [[x, points[index - 1][1]], [x, y]] : [[x, y]]) : points;
    this.line.setAttribute("points", [[0, first], ...drawn, [width, last]].map(point => point.join(",")).join(" "));
    this.element.classList.toggle("none", !points.length);
    while (this.buttons.length > points.length) this.buttons.pop().remove();
    while (this.buttons.length < points.length) this.addButton();
    points.forEach(([x, y], index) => {
      const button = this.buttons[index];
      const [seconds, value] = lane.points[index];
      button.style.left = `${x}px`;
      button.style.top = `${y}%`;
      button.setAttribute("aria-label", `${lane.title}, point ${index + 1}`);
      button.setAttribute("aria-valuenow", String(value));
      button.setAttribute("aria-valuemin", String(lane.low));
      button.setAttribute("aria-valuemax", String(lane.high));
      button.setAttribute("aria-valuetext", `${shownValue(value, lane.unit)} at ${clock(seconds)}`);
      button.title = `${shownValue(value, lane.unit)} at ${clock(seconds)}`;
    });
  }

  addButton() {
    const index = this.buttons.length;
    const button = h("button.point", { role: "slider", "aria-orientation": "vertical", onkeydown: event => this.key(event, index),
      onpointerdown: event => { event.stopPropagation(); this.drag(event, index, this.lane.points); } }, h("i"));
    this.buttons.push(button);
    this.element.append(button);
  }

  /** Return the points with one of them set, between its neighbours. */
  set(points, index, seconds, value) {
    const { low, high } = this.lane;
    const before = points[index - 1]?.[0] ?? -APART;
    const after = points[index + 1]?.[0] ?? Infinity;
    const at = Math.min(Math.max(seconds, before + APART), after - APART);
    return points.map((point, i) => i === index ? [Math.round(1e6 * at) / 1e6, Math.max(low, Math.min(high, value))] : point);
  }

  /** Return the points with a further one, and its number. */
  with(seconds, value) {
    const { points } = this.lane;
    const same = points.findIndex(([at]) => Math.abs(at - seconds) < APART);
    if (same >= 0) return [this.set(points, same, points[same][0], value), same];
    const index = points.filter(([at]) => at < seconds).length;
    return [[...points.slice(0, index), [Math.round(1e6 * seconds) / 1e6, value], ...points.slice(index)], index];
  }

  /** Add a point where there is none, by pointer. */
  press(event) {
    if (event.button) return;
    event.preventDefault();
    const box = this.element.getBoundingClientRect();
    const seconds = Math.max(0, this.arranger.snap((event.clientX - box.left) / this.arranger.scale));
    const [points, index] = this.with(seconds, valueOf(this.lane, 1 - (event.clientY - box.top) / box.height));
    this.onchange(points, true);
    this.drag(event, index, points, true);
  }

  drag(event, index, points, isNew = false) {
    if (event.button) return;
    const box = this.element.getBoundingClientRect();
    const [left, top] = [event.clientX + this.arranger.scrolled, event.clientY];
    const [seconds, value] = points[index];
    const place = placeOf(this.lane, value);
    let changed = points;
    let isDrag = isNew;
    const move = moved => {
      const [right, down] = [moved.clientX + this.arranger.scrolled - left, moved.clientY - top];
      isDrag ||= Math.hypot(right, down) >= DRAG;
      if (!isDrag) return;
      const at = seconds + right / this.arranger.scale;
      changed = this.set(points, index, moved.shiftKey ? at : this.arranger.snap(at), Math.abs(down) < 1 ? value : valueOf(this.lane, Math.max(0, Math.min(1, place - down / box.height))));
      this.onchange(changed, true);
    };
    const end = () => {
      if (isDrag) this.onchange(changed, false);
      this.buttons[index]?.focus();
    };
    drag(this.element, event, move, end);
  }

  key(event, index) {
    const { points } = this.lane;
    const [seconds, value] = points[index];
    const step = this.arranger.grid || 0.1;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, 1], ArrowDown: [0, -1], PageUp: [0, 10], PageDown: [0, -10] }[event.key];
    const isRemoved = event.key === "Delete" || event.key === "Backspace";
    if (!moves && !isRemoved) return;
    event.preventDefault();
    event.stopPropagation();
    if (isRemoved) {
      this.onchange(points.filter((_, i) => i !== index), false);
      (this.buttons[Math.min(index, this.buttons.length - 1)] ?? this.element.parentElement.querySelector("button"))?.focus();
      return;
    }
    const to = moves[1] ? valueOf(this.lane, Math.max(0, Math.min(1, placeOf(this.lane, value) + STEP * moves[1]))) : value;
    this.onchange(this.set(points, index, Math.max(0, seconds + moves[0]), to), false);
  }

  /** Add a point at a position, with the value that the line has there. */
  addAt(seconds) {
    const { points, usual } = this.lane;
    const value = points.length ? this.valueAt(seconds) : usual;
    const [changed, index] = this.with(seconds, value);
    this.onchange(changed, false);
    this.buttons[index]?.focus();
  }

  valueAt(seconds) {
    const { points, curve } = this.lane;
    const next = points.findIndex(([at]) => at > seconds);
    if (next <= 0) return (next ? points[points.length - 1] : points[0])[1];
    const [[t0, v0], [t1, v1]] = [points[next - 1], points[next]];
    const part = (seconds - t0) / (t1 - t0);
    return curve === "exponential" ? v0 * (v1 / v0) ** part : curve === "hold" ? v0 : v0 + (v1 - v0) * part;
  }
}
