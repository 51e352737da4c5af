// The chain of effects of the editor: steps with fields, and the text that `edit` takes.
import { postJson } from "./api.js";
import { guarded, h, labelled, say, select } from "./ui.js";

/** Effects that bring in a second sound. */
export const WITH_FILES = new Set(["overlay", "append", "insert", "convolve", "duck"]);
/** Effects for stereo sound alone. */
const FOR_STEREO = new Set(["midside", "leftright", "width", "balance", "swap"]);
const TO_STEREO = new Set(["stereo", "pan"]);
const FIRST = "reverb";
const SHORTEST_QUOTED = /[\s;"]/;

/** Return the text of steps, `[{name, values, isOff}]`. */
export function textOf(steps) {
  return steps.filter(step => !step.isOff).map(step => [step.name, ...Object.entries(step.values).filter(([, value]) => value !== "")
    .map(([name, value]) => `${name}=${SHORTEST_QUOTED.test(value) ? `"${value}"` : value}`)].join(" ")).join("; ");
}

/** Return the steps of a text; values without names belong to the settings in their order. */
export function stepsOf(text, effects) {
  return text.split(/[;\n]/).map(part => part.replace(/(^|\s)#.*/, "").trim()).filter(Boolean).map(part => {
    const [name, ...words] = part.replace(/\s*=\s*/g, "=").match(/(?:[^\s"]|"[^"]*"?)+/g);
    const settings = effects.find(effect => effect.name === name.toLowerCase())?.settings || [];
    const values = {};
    words.forEach((word, index) => {
      const [, key, value] = word.match(/^([a-z_]+)=(.*)$/i) || [null, settings[index]?.name || `value${index + 1}`, word];
      values[key] = value.replaceAll('"', "");
    });
    return { name: name.toLowerCase(), values };
  });
}

/** Return whether a step brings in the second sound. */
export function hasFile(step) { return WITH_FILES.has(step.name) && !step.isOff; }

/**
 * The list of steps with their fields; `onchange(steps)` is called after each change by the user. `secondName()` returns
 * the file name of the second sound, or raises an error where there is none; `format()` returns channels, sample rate and
 * seconds of the sound, {} where there is none. `canSwitch` lets steps be switched off, which the text leaves out.
 */
export class ChainEditor {
  constructor(effects, onchange, secondName, format, { first = FIRST, canSwitch = true } = {}) {
    Object.assign(this, { effects, onchange, secondName, format, canSwitch, nChecks: 0 });
    this.steps = [];
    this.list = h("ol.chain");
    this.chooser = select(effects.map(effect => effect.name), first, () => this.describe());
    this.hint = h("small.soft");
    this.problem = h("p.problem", { role: "status" });
    this.text = h("textarea", { rows: 2, spellcheck: "false", onchange: () => this.set(stepsOf(this.text.value, this.effects)) });
    this.element = h("div", {},
      h("div.row", {}, labelled("Effect", this.chooser), h("button", { onclick: guarded(() => this.addChosen()) }, "Add effect"), this.hint),
      this.list, labelled("The chain as text", this.text), this.problem);
    this.describe();
  }

  describe() { this.hint.textContent = this.effects.find(effect => effect.name === this.chooser.value).description; }

  /** Set the steps as a change of the user. */
  set(steps) { this.steps = steps; this.show(); this.onchange(steps); }

  /** Show steps without reporting a change. */
  load(steps) { this.steps = structuredClone(steps); this.show(); }

  /** Add the effect that is chosen in the list. */
  addChosen() { this.add(this.chooser.value); }

  add(name) {
    const values = WITH_FILES.has(name) ? { file: this.secondName() } : {};
    const isMono = FOR_STEREO.has(name) && this.format().channels === 1 && !this.steps.some(step => TO_STEREO.has(step.name));
    this.set([...this.steps, ...isMono ? [{ name: "stereo", values: {} }] : [], { name, values }]);
    say(`${name} added as step ${this.steps.length}${isMono ? ", after stereo: the sound has one channel" : ""}.`);
    this.list.lastElementChild?.querySelector("input")?.focus();
  }

  /** Let the steps that bring in the second sound name another file. */
  rename(file) { return this.steps.map(step => hasFile(step) ? { ...step, values: { ...step.values, file } } : step); }

  /** Say at once what `edit` would refuse: the sound may be another one than that for which the steps were added. */
  async check() {
    const number = ++this.nChecks;
    const chain = textOf(this.steps);
    this.problem.setAttribute("aria-busy", "true");
    const { problem } = chain ? await postJson("/studio/chain", { chain, ...this.format() }).catch(() => ({ problem: "" })) : { problem: "" };
    if (number !== this.nChecks) return;
    this.problem.textContent = problem;
    this.problem.removeAttribute("aria-busy");
  }

  show() {
    this.text.value = textOf(this.steps);
    this.check();
    const shown = JSON.stringify(this.steps);
    if (shown === this.shown) return;
    this.shown = shown;
    this.list.replaceChildren(...this.steps.map((step, index) => this.row(step, index)));
  }

  row(step, index) {
    const effect = this.effects.find(each => each.name === step.name);
    const title = `${index + 1}. ${step.name}`;
    const change = changed => { // of what the fields show already; they stay, and with them the focus
      const steps = this.steps.map((each, i) => i === index ? { ...each, ...changed(each) } : each);
      this.shown = JSON.stringify(steps);
      this.set(steps);
    };
    const swap = by => {
      const steps = [...this.steps];
      [steps[index], steps[index + by]] = [steps[index + by], steps[index]];
      this.set(steps);
      const buttons = [...this.list.children[index + by].querySelectorAll("button.icon:not(:disabled)")];
      buttons.at(by < 0 ? 0 : -1).focus();
    };
    const fields = (effect?.settings || []).map(setting => {
      const range = setting.range ? `${setting.range[0]} to ${setting.range[1]}` : "";
      const input = h("input", { size: 9, value: step.values[setting.name] ?? "", placeholder: setting.default || "none", spellcheck: "false",
        title: range, onchange: () => change(({ values }) => ({ values: { ...values, [setting.name]: input.value.trim() } })) });
      return labelled(setting.name.replaceAll("_", " "), input, range.length < 14 ? range : "");
    });
    return h("li", {}, h("div.row", {}, h("strong", {}, title), h("span.soft", {}, effect?.description || ""),
      this.canSwitch && h("label.check", {}, h("input", { type: "checkbox", checked: !step.isOff, "aria-label": `${title}: on`, onchange: event => change(() => ({ isOff: !event.target.checked })) }), "on"),
      h("button.icon", { "aria-label": `Move ${title} up`, disabled: index === 0, onclick: () => swap(-1) }, "↑"),
      h("button.icon", { "aria-label": `Move ${title} down`, disabled: index === this.steps.length - 1, onclick: () => swap(1) }, "↓"),
      h("button.small", { "aria-label": `Remove ${title}`, onclick: () => this.set(this.steps.filter((_, i) => i !== index)) }, "Remove")),
    h("div.row", {}, ...fields));
  }
}
