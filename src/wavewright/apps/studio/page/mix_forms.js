// The chosen region and the chosen strip of a mix as fields: all that can be dragged, and what cannot.
import { ChainEditor, stepsOf, textOf, WITH_FILES } from "./chain.js";
import { CURVES, stripsOf, withRegion } from "./mix_project.js";
import { checkbox, fill, h, labelled, select } from "./ui.js";

const FIRST_EFFECT = "compress";
const USUAL_DEPTH_DB = 12; // of ducking, as that of the effect

/** Return a field of a number with the range of a value of a project; `set(value)` gets null where it is empty. */
function numberField(text, { minimum: low, maximum: high }, set, { isOptional = false } = {}) {
  const input = h("input", { type: "number", step: "any", required: !isOptional, min: low, max: high, placeholder: isOptional ? "none" : null,
    onchange: () => { if (input.checkValidity()) set(input.value === "" ? null : input.valueAsNumber); } });
  const field = labelled(text, input);
  field.show = value => { if (document.activeElement !== input || input.checkValidity()) input.value = value === null ? "" : String(Number(value.toFixed(6))); };
  return field;
}

/** The fields of the chosen region; `host` is the panel. */
export class RegionForm {
  constructor(host, ranges) {
    const set = key => value => host.changeRegion((region, edits) => ({ ...region, [key]: ["gain_db", "pan", "speed"].includes(key) ? value : edits.tidy(value) }));
    const number = (key, text, change = set(key)) => numberField(text, ranges[key], change);
    const byEdit = (name, ...more) => value => host.changeRegion((region, edits, total) => edits[name](region, total, ...more, value));
    this.fields = {
      start: number("start", "Start (s)"),
      length: number("length", "Length (s)", value => host.changeRegion((region, edits, total) => edits.trimEnd(region, total, region.start + value))),
      offset: number("offset", "From in the file (s)"),
      fade_in: number("fade_in", "Fade in (s)", byEdit("fade", "fade_in")),
      fade_out: number("fade_out", "Fade out (s)", byEdit("fade", "fade_out")),
      gain_db: number("gain_db", "Level (dB)"),
      pan: number("pan", "Position"),
      speed: number("speed", "Speed"),
    };
    this.curve = select(Object.keys(CURVES), "s-curve", () => host.changeRegion(region => ({ ...region, fade_curve: this.curve.value })));
    this.loop = checkbox("repeat", false, () => host.changeRegion((region, edits, total) => ({ ...region, loop: this.loop.control.checked, length: region.length ?? edits.tidy(total) })));
    this.name = h("h3", {}, "Region");
    const button = (text, action) => h("button.small", { onclick: () => host[action]() }, text);
    this.buttons = ["split", "copy", "duplicate", "remove"].map(action => button({ split: "Split at the cursor", copy: "Copy", duplicate: "Duplicate", remove: "Delete" }[action], action));
    this.paste = button("Paste at the cursor", "paste");
    this.element = h("div.form", { role: "group", "aria-label": "Region" }, h("div.row", {}, this.name, ...this.buttons, this.paste),
      h("div.row.fields", {}, ...Object.values(this.fields), labelled("Curve of the fades", this.curve), this.loop));
  }

  show(region, name, length, canPaste, isStereo) {
    this.name.textContent = region ? name : "No region is chosen";
    for (const button of this.buttons) button.disabled = !region;
    this.paste.disabled = !canPaste;
    this.element.lastElementChild.hidden = !region;
    if (!region) return;
    for (const [key, field] of Object.entries(this.fields)) field.show(key === "length" ? length : region[key]);
    this.fields.pan.hidden = !isStereo;
    this.curve.value = region.fade_curve;
    this.loop.control.checked = region.loop;
  }
}

/** Return the effects of a strip after a change of its chain: what moved goes with its step, or with it away. */
export function followed(automations, before, after) {
  return automations.flatMap(each => {
    const step = before[each.step - 1];
    const index = after.indexOf(step);
    if (index >= 0) return [{ ...each, step: index + 1 }];
    const same = after.length === before.length && after[each.step - 1]?.name === step?.name;
    return same ? [each] : [];
  });
}

/** The fields of the chosen track, bus or master. */
export class StripForm {
  constructor(host, ranges, effects) {
    Object.assign(this, { host, ranges, effects });
    const set = key => value => host.changeStrip(host.chosen.strip, strip => ({ ...strip, [key]: value }));
    this.gain = numberField("Gain (dB)", ranges.gain_db, set("gain_db"));
    this.pan = numberField("Position", ranges.pan, set("pan"));
    this.lane = select([], "");
    this.output = select([], "", () => set("output")(this.output.value));
    this.duck = select([], "", () => set("duck")(this.duck.value ? { ...this.current.duck ?? { depth_db: USUAL_DEPTH_DB }, by: this.duck.value } : undefined));
    this.sends = h("span.row.sends");
    this.moving = h("ul");
    this.title = h("h3");
    this.chain = new ChainEditor(effects.filter(effect => !WITH_FILES.has(effect.name)), steps => this.setSteps(steps), () => "", () => host.format(), { first: FIRST_EFFECT, canSwitch: false });
    this.buttons = { up: "Move up", down: "Move down", remove: "Remove" };
    for (const [action, text] of Object.entries(this.buttons)) this.buttons[action] = h("button.small", { onclick: () => host.arrange(action) }, text);
    this.element = h("div.form", { role: "group", "aria-label": "Strip" },
      h("div.row", {}, this.title, ...Object.values(this.buttons)),
      h("div.row.fields", {}, this.gain, this.pan, labelled("To", this.output), labelled("Lowered by", this.duck), this.sends,
        labelled("Automate", this.lane), h("button", { onclick: () => host.showLane(host.chosen.strip, this.lane.value) }, "Show lane")),
      this.moving, h("details", { open: true }, h("summary", {}, "Effects"), this.chain.element));
  }

  setSteps(steps) {
    const before = this.before;
    this.before = steps;
    this.text = textOf(steps);
    this.host.changeStrip(this.host.chosen.strip, strip => ({ ...strip, effects: this.text, automation: { ...strip.automation, effects: followed(strip.automation.effects, before, steps) } }));
  }

  /** Show a strip; `settings` are those numbers of its effects that can move. */
  show(project, position, settings) {
    const strip = stripsOf(project)[position];
    const isMaster = strip === project.master;
    const isTrack = position < project.tracks.length;
    const name = isMaster ? "Master" : strip.name;
    this.current = strip;
    this.title.textContent = name;
    this.element.setAttribute("aria-label", `${name}: level, automation and effects`);
    this.gain.show(strip.gain_db);
    this.pan.show(strip.pan);
    this.pan.hidden = project.channels !== 2;
    fill(this.lane, [["gain_db", "gain"], ...project.channels === 2 ? [["pan", "position"]] : [],
      ...settings.map(each => [`effect ${each.step} ${each.setting}`, `${each.step}. ${each.title}`])], this.lane.value || "gain_db");
    this.buttons.up.disabled = isMaster || position === 0 || position === project.tracks.length;
    this.buttons.down.disabled = isMaster || position === project.tracks.length - 1 || position === project.tracks.length + project.buses.length - 1;
    this.buttons.remove.disabled = isMaster || (isTrack && project.tracks.length === 1);
    const buses = project.buses.filter(bus => bus.name !== strip.name).map(bus => bus.name);
    this.output.parentElement.hidden = isMaster || !buses.length;
    if (!isMaster) fill(this.output, ["master", ...buses], strip.output);
    const others = stripsOf(project).filter(each => each !== strip && each !== project.master).map(each => each.name);
    this.duck.parentElement.hidden = isMaster || !others.length;
    fill(this.duck, [["", "nothing"], ...others], strip.duck?.by ?? "");
    this.showSends(strip, isMaster ? [] : buses);
    this.showMoving(strip);
    if (this.text !== strip.effects || this.position !== position) {
      this.chain.load(stepsOf(strip.effects, this.effects));
      this.before = this.chain.steps;
    }
    Object.assign(this, { text: strip.effects, position });
  }

  showSends(strip, buses) {
    const key = JSON.stringify([this.position, buses]);
    if (key !== this.sendsKey) {
      this.sendsOf = new Map(buses.map(bus => [bus, numberField(`Send to ${bus} (dB)`, this.ranges.gain_db, value => this.host.changeStrip(this.host.chosen.strip, each => ({
        ...each, sends: [...each.sends.filter(send => send.to !== bus), ...value === null ? [] : [{ to: bus, gain_db: value }]] })), { isOptional: true })]));
      this.sends.replaceChildren(...this.sendsOf.values());
      this.sendsKey = key;
    }
    for (const [bus, field] of this.sendsOf) field.show(strip.sends?.find(send => send.to === bus)?.gain_db ?? null);
  }

  /** List what moves otherwise than by points. */
  showMoving(strip) {
    const remove = index => this.host.changeStrip(this.host.chosen.strip, each => ({ ...each, automation: { ...each.automation, effects: each.automation.effects.filter((_, i) => i !== index) } }));
    this.moving.replaceChildren(...strip.automation.effects.flatMap((each, index) => each.points ? [] : [h("li", {},
      `${each.setting} of effect ${each.step} ${each.follow ? `follows the level of ${each.follow.by}` : "moves by an oscillator"} `,
      h("button.small", { onclick: () => remove(index), "aria-label": `Leave ${each.setting} of effect ${each.step} as it is` }, "Remove"))]));
  }
}

/** Return a project in which a region is changed by `change(region, edits, seconds of the file)`. */
export function changedRegion(project, { strip, region }, edits, total, change) {
  return withRegion(project, strip, region, each => change(each, edits, total));
}
