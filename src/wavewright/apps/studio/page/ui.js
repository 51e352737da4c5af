// Elements, form fields, the status line, and the list of running jobs.

/**
 * Create an element.
 *
 * @param {string} spec Tag with classes, such as "button.primary".
 * @param {object} attributes Attributes; `onclick` and the like are listeners, `true` is an attribute without a value, of
 *     ARIA the value "true", null and false leave it out.
 * @param {...(Node|string|null)} children Its contents.
 */
export function h(spec, attributes = {}, ...children) {
  const [tag, ...classes] = spec.split(".");
  const element = document.createElement(tag);
  element.classList.add(...classes);
  if (tag === "button" && !("type" in attributes)) element.type = "button";
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked" || name === "selected") element[name] = value;
    else element.setAttribute(name, value === true && !name.startsWith("aria-") ? "" : value);
  }
  element.append(...children.flat().filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

/**
 * Show a sentence in the status line, which screen readers read out; "" takes all messages away. An error stays: it may
 * be that of a later action than the one that goes on.
 */
export function say(sentence) {
  if (!sentence) document.getElementById("error").textContent = "";
  document.getElementById("status").textContent = sentence;
  clearTimeout(expiry);
  if (sentence) expiry = setTimeout(() => { document.getElementById("status").textContent = ""; }, EXPIRY_MS);
}

const EXPIRY_MS = 30_000; // of a message that is no error; an error stays until the next action
let expiry = 0;

/** Show an error; an abortion is none. */
export function complain(error) {
  if (error?.name === "AbortError") { say("Cancelled."); return; }
  document.getElementById("status").textContent = "";
  document.getElementById("error").textContent = error?.message || String(error);
  if (!error?.isExpected) console.error(error);
}

/** An error of the user, or of a file, whose message is a sentence. */
export class Refusal extends Error {
  isExpected = true;
}

/** Return a value; raise an error with a sentence where there is none. */
export function needed(value, sentence) {
  if (!value) throw new Refusal(sentence);
  return value;
}

/** Return a listener that shows what goes wrong in `action`, and lets it run once at a time: its button is busy then. */
export function guarded(action) {
  let isRunning = false;
  return async event => {
    if (isRunning) return;
    isRunning = true;
    const button = event?.currentTarget instanceof HTMLButtonElement ? event.currentTarget : null;
    button?.setAttribute("aria-busy", "true");
    try { await action(event); } catch (error) { complain(error); } finally {
      isRunning = false;
      button?.removeAttribute("aria-busy");
    }
  };
}

const ACTIONS = { click: "button, summary, a, .stage canvas", change: "input, select, textarea", drop: "*" };
const NO_ACTIONS = new Set(["Tab", "Shift", "Control", "Alt", "Meta"]);

/** Let every action of the user take away the messages of those before it. */
export function forgetMessages() {
  for (const [type, controls] of Object.entries(ACTIONS)) {
    addEventListener(type, event => { if (event.isTrusted && event.target.closest?.(controls)) say(""); }, true);
  }
  addEventListener("keydown", event => {
    const isTyping = event.key !== "Escape" && event.target.matches?.("input:not([type=checkbox], [type=range]), textarea, select");
    if (event.isTrusted && !isTyping && !NO_ACTIONS.has(event.key)) say("");
  }, true);
}

/** Say at once that a field of a number has none that it takes. */
export function checkNumbers() {
  addEventListener("change", event => {
    const field = event.target;
    if (!event.isTrusted || !field.matches?.("input[type=number]")) return;
    const isWrong = !field.checkValidity();
    field.setAttribute("aria-invalid", String(isWrong));
    if (!isWrong) return;
    const { min, max, step } = field;
    const kind = step === "any" ? "number" : Number(step || 1) === 1 ? "whole number" : `multiple of ${step}`;
    const range = max ? `from ${min} to ${max}` : `of at least ${min}`;
    complain(new Refusal(`${field.labels[0].textContent} must be a ${kind} ${range}.`));
  });
}

/** Let a panel take keys that the page passes on: actions by key, in small letters; those of a history undo and redo. */
export function onKeys(panel, actions, history = null) {
  panel.addEventListener("studio-key", ({ detail: event }) => {
    const key = event.key.toLowerCase();
    if (event.ctrlKey) { if (key === "z") event.shiftKey ? history?.redo() : history?.undo(); return; }
    if (!(key in actions)) return;
    if (key === " ") event.preventDefault();
    Promise.resolve(actions[key](event)).catch(complain);
  });
}

const CONTROLS = "a[href], button:not(:disabled), input:not(:disabled), select, textarea, summary, [tabindex='0']";

/** Let the focus stay where a control is taken away, mostly by what it does: on the one that is in its place then. */
export function keepFocus() {
  let positions = []; // of the focused control, among those of each box around it
  const controls = box => [...box.querySelectorAll(CONTROLS)].filter(each => each.tabIndex >= 0 && each.checkVisibility());
  addEventListener("pointerdown", () => { positions = []; }, true);
  addEventListener("focusin", ({ target }) => {
    const all = controls(document.body);
    positions = [];
    for (let box = target; box !== document.body && box; box = box.parentElement) positions.push([box, all.filter(each => box.contains(each)).indexOf(target)]);
  });
  new MutationObserver(() => {
    if (!positions.length || positions[0][0].isConnected || document.activeElement !== document.body) return;
    const [box, position] = positions.find(([each]) => each.isConnected && controls(each).length) ?? [];
    positions = [];
    if (box) controls(box).slice(0, position + 1).pop()?.focus();
  }).observe(document.body, { subtree: true, childList: true });
}

let fieldNumber = 0;

/** Return a label with its control; `control` has an id afterwards. */
export function labelled(text, control, help = "") {
  control.id ||= `field-${++fieldNumber}`;
  const label = h("label", { for: control.id }, text);
  if (!help) return h("div.field", {}, label, control);
  const note = h("small", { id: `${control.id}-help` }, help);
  control.setAttribute("aria-describedby", note.id);
  return h("div.field", {}, label, control, note);
}

/** Return a checkbox in its label, whose `.control` it is. */
export function checkbox(text, checked, onchange = () => {}) {
  const control = h("input", { type: "checkbox", checked, onchange });
  return h("label.check", {}, control, text);
}

/** Return a select of names, or of `[value, text]` pairs. */
export function select(options, value, onchange = () => {}) {
  const control = h("select", { onchange });
  fill(control, options, value);
  return control;
}

/** Replace the options of a select. */
export function fill(control, options, value) {
  control.replaceChildren(...options.map(option => {
    const [name, text] = Array.isArray(option) ? option : [option, option];
    return h("option", { value: name, selected: name === value }, text);
  }));
}

/** Return a slider with its label and value; `.control` is the slider, `.set(value)` sets it without an event. */
export function slider(text, { min, max, step = "any", value, unit = "", oninput = () => {}, onchange = () => {} }) {
  const output = h("output");
  const control = h("input", { type: "range", min, max, step, value: String(value) });
  const show = () => { output.textContent = `${Number(Number(control.value).toFixed(3))}${unit}`; };
  control.addEventListener("input", () => { show(); oninput(Number(control.value)); });
  control.addEventListener("change", () => onchange(Number(control.value)));
  const field = labelled(text, control);
  field.classList.add("slider");
  field.append(output);
  field.control = control;
  field.set = to => { control.value = String(to); show(); };
  show();
  return field;
}

/** Follow a pointer that went down on an element: `move(event)`, then once `end(event)`. */
export function drag(element, { pointerId }, move, end) {
  const ended = new AbortController();
  const { signal } = ended;
  element.setPointerCapture(pointerId);
  element.addEventListener("pointermove", move, { signal });
  for (const type of ["pointerup", "pointercancel"]) element.addEventListener(type, event => { ended.abort(); end(event); }, { signal });
}

/** Return a box for the command line that does the same; `.show(command)` fills it. */
export function commandBox() {
  const code = h("code");
  const copy = h("button.small", { onclick: guarded(async () => {
    await navigator.clipboard.writeText(code.textContent);
    say("The command is in the clipboard.");
  }) }, "Copy");
  const box = h("div.command", { hidden: true, role: "group", "aria-label": "Command line that does the same" },
    h("span", {}, "The same on the command line:"), code, copy);
  box.show = command => { code.textContent = command || ""; box.hidden = !command; };
  return box;
}

/** What comes of a panel: a hint of it until there is some, then the command line that made it, and `contents`. */
export class Result {
  constructor(hint, ...contents) {
    this.command = commandBox();
    this.hint = h("p.soft", {}, hint);
    this.box = h("div", { hidden: true }, ...contents);
    this.elements = [this.command, this.hint, this.box];
  }

  show(command) { this.set(command, true); }

  /** Take it away: it is not that of what is shown now. */
  clear() { this.set("", false); }

  set(command, isThere) {
    this.command.show(command);
    this.box.hidden = !isThere;
    this.hint.hidden = isThere;
  }
}

/**
 * Show a running job with its progress and a button that cancels it.
 *
 * @param {string} title What runs.
 * @param {AbortController} controller Aborted by the button.
 * @param {string} button Text of the button.
 * @returns {{update: function(object): void, close: function(): void}}
 */
export function jobRow(title, controller, button = "Cancel") {
  const id = crypto.randomUUID();
  const row = new JobElement(title, button, () => controller.abort());
  const told = { id, title, button, text: title };
  let begun = null; // when the job ran, and its progress then
  const tell = () => tabs?.postMessage(told);
  const onmessage = ({ data }) => { if (data.cancel === id) controller.abort(); };
  tabs?.addEventListener("message", onmessage);
  const timer = setTimeout(() => { row.show(); tell(); }, 150); // short ones would only flicker
  const beat = setInterval(tell, BEAT_MS);
  const close = () => {
    clearTimeout(timer);
    clearInterval(beat);
    tabs?.removeEventListener("message", onmessage);
    removeEventListener("pagehide", close);
    tabs?.postMessage({ closed: id });
    row.element.remove();
  };
  addEventListener("pagehide", close);
  return {
    update({ progress, message, state }) {
      const now = performance.now();
      if (progress > 0) begun ??= { now, progress };
      const words = message || (state === "queued" ? "waiting" : "");
      const left = progress > 0 ? secondsLeft(begun, now, progress) : null;
      told.progress = progress;
      told.text = `${title}${words ? `: ${words}` : ""}${left === null ? "" : `, ${left} left`}`;
      row.update(told);
    },
    close,
  };
}

const BEAT_MS = 1000; // between two reports to other tabs
const LOST_MS = 90_000; // after which a tab that no longer reports is taken to be gone; hidden ones report each minute
const SHORTEST_SECONDS = 3; // that must have passed, and that are left, for an estimate
const tabs = "BroadcastChannel" in globalThis ? new BroadcastChannel("wavewright-studio-jobs") : null;

/** Return the time that a job still takes at its speed so far, such as "about 2 min"; null while that is not known. */
function secondsLeft(begun, now, progress) {
  const passed = (now - begun.now) / 1000;
  const seconds = passed * (1 - progress) / (progress - begun.progress);
  if (passed < SHORTEST_SECONDS || !(seconds >= SHORTEST_SECONDS) || !Number.isFinite(seconds)) return null;
  return seconds < 90 ? `about ${Math.round(seconds)} s` : `about ${Math.round(seconds / 60)} min`;
}

/** A row of the running jobs. */
class JobElement {
  constructor(title, button, cancel) {
    this.bar = h("progress", { max: 1, "aria-label": title });
    this.text = h("span", {}, title);
    this.element = h("div.job", {}, this.text, this.bar, h("button.small", { onclick: cancel }, button));
  }

  show() { document.getElementById("jobs").append(this.element); }

  update({ progress, text }) {
    if (progress > 0) this.bar.value = progress;
    this.text.textContent = text;
  }
}

/** Show the jobs of other tabs, which can be cancelled here, too. */
export function showJobsOfOtherTabs() {
  const rows = new Map(); // by id of the job
  const drop = id => {
    clearTimeout(rows.get(id)?.timer);
    rows.get(id)?.row.element.remove();
    rows.delete(id);
  };
  tabs?.addEventListener("message", ({ data: { id, closed, title, button, ...told } }) => {
    if (closed) drop(closed);
    if (!id) return;
    if (!rows.has(id)) {
      const row = new JobElement(title, button, () => tabs.postMessage({ cancel: id }));
      row.show();
      rows.set(id, { row });
    }
    const known = rows.get(id);
    clearTimeout(known.timer);
    known.timer = setTimeout(() => drop(id), LOST_MS);
    known.row.update(told);
  });
}

/** Return the name of a file to write, made of another one's, which no file that is read has. */
export function outputName(clipName, ending, read = []) {
  const stem = clipName.replace(/\.\w+$/, "").replace(new RegExp(`${ending}(-\\d+)?$`), "").replace(/[^\p{L}\p{N}._-]+/gu, "_").replace(/^[.-]+/, "");
  return firstFree(read, number => `${[...stem].slice(0, 40).join("") || "sound"}${ending}${number}.wav`);
}

/** Return the first of the names `nameOf("")`, `nameOf("-2")`, ... that is none of those taken, in whichever case. */
export function firstFree(taken, nameOf) {
  const lower = new Set(taken.map(name => name.toLowerCase()));
  for (let number = 1; ; number++) {
    const name = nameOf(number > 1 ? `-${number}` : "");
    if (!lower.has(name.toLowerCase())) return name;
  }
}

/** Return the file that was chosen in a field, which may be chosen again. */
export function chosenFiles(field) {
  const files = [...field.files];
  field.value = "";
  return files;
}

/** Say in a box what comes into it; "" once it is there. */
export function foretell(box, text) { if (text) box.dataset.empty = text; else delete box.dataset.empty; }

/** Offer a file to save. */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Return "1 clip", "2 clips". */
export function counted(number, noun) { return `${number} ${noun}${number === 1 ? "" : "s"}`; }

/** Return a time such as 1:02.5. */
export function clock(seconds) {
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${(seconds - 60 * minutes).toFixed(1).padStart(4, "0")}`;
}
