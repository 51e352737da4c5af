// Morph between two clips; adjust and vary one by sliders.
import { detailsOf, fetchFile, latest, run } from "./api.js";
import { KIT } from "./examples.js";
import { fieldsOf } from "./fields.js";
import { library } from "./library.js";
import { loadModels, models, modelSelect } from "./models.js";
import { QuickResult } from "./quick.js";
import { receive } from "./send.js";
import { Slot } from "./slot.js";
import { complain, guarded, h, labelled, say, slider } from "./ui.js";

const STEPS = 17;
const MOST_STEPS_OF_ATTRIBUTE = 6;
const QUICK = { candidates: 1 }; // while a slider moves; once it rests, the amounts are searched for exactly

/** Build the panel. */
export async function open(panel) {
  await loadModels();
  const vaes = () => models.filter(each => each.can_morph);
  const forClips = vaes().find(each => each.labels.length) || vaes()[0];
  const from = new Slot("From", () => morph.forget());
  const to = new Slot("To", () => morph.forget());
  const sound = new Slot("Sound", () => sliders.reset());
  const model = await modelSelect(() => vaes().map(each => [each.name, each.title]), forClips?.name, () => { morph.forget(); sliders.open(model.value).catch(complain); });
  const [morphTask, varyTask] = await Promise.all([fieldsOf("morph"), fieldsOf("vary")]);
  const morph = new Morph(from, to, model, morphTask);
  const sliders = new Sliders(sound, model, varyTask);

  panel.append(
    h("div.row", {}, labelled("Model", model)),
    h("h3", {}, "Morph"), h("div.row", {}, from.element, to.element), morph.element,
    h("h3", {}, "Adjust and vary"), h("div.row", {}, sound.element), sliders.element,
  );
  receive("morph", panel, { A: from, B: to, sound }, complain);
  await sliders.open(model.value);
  const made = library.all();
  const [newest, ...older] = made.length ? made : KIT;
  const other = older.find(clip => clip.label !== newest.label) || older[0] || newest;
  const isFree = slot => slot.nSets === 0; // none was sent here
  await Promise.all([[from, newest], [to, other], [sound, newest]].map(([slot, clip]) => isFree(slot) && slot.set(clip)))
    .catch(() => {}); // the user has asked for none of them
}

/** A slider between two clips: all steps are computed once, and played as the slider moves. */
class Morph {
  constructor(from, to, model, task) {
    Object.assign(this, { from, to, model, steps: null, played: -1 });
    const onchange = () => this.forget();
    this.result = new QuickResult("Press Morph or move the slider: the sound between the two plays, and is drawn here.");
    this.path = task.choice("interpolation", "Path", { onchange });
    this.residual = task.slider("residual", "Residual", { onchange });
    this.slider = slider("Position", { min: 0, max: 1, step: 1 / (STEPS - 1), value: 0.5, oninput: value => this.move(value).catch(complain) });
    this.move = latest(value => this.playStep(value));
    this.element = h("div", {},
      h("div.row", {}, this.slider, this.path, this.residual),
      h("div.row", {}, h("button.primary", { onclick: guarded(() => this.playStep(this.slider.control.valueAsNumber, true)) }, "Morph"),
        h("button", { onclick: guarded(() => this.whole({ over_time: true })) }, "One clip that changes over time"),
        h("button", { onclick: guarded(() => this.whole({ transfer: true })) }, "Rhythm of the first, sound of the second")),
      this.result.element);
  }

  /** Forget the steps, and the result, which are of other clips or settings. */
  forget() {
    this.steps = null;
    this.nForgotten = (this.nForgotten || 0) + 1;
    this.result.clear();
  }

  values() {
    return { file_a: this.from.reference(), file_b: this.to.reference(), interpolation: this.path.value,
      residual: this.residual.value };
  }

  /** Fill the fields that have no clip with new ones, once at a time. */
  fill() {
    this.filling ||= this.generate().finally(() => { this.filling = null; });
    return this.filling;
  }

  async generate() {
    const empty = [this.from, this.to].filter(slot => !slot.clip);
    if (!empty.length) return;
    const values = { model: this.model.value, count: 2 };
    const job = await run("generate", values, { title: "Generate two clips to morph" });
    const clips = await library.addJob(job, values);
    await Promise.all(empty.map(slot => slot.set(clips[slot === this.from ? 0 : 1])));
  }

  async compute() {
    const values = { ...this.values(), steps: STEPS, model: this.model.value };
    const number = this.nForgotten;
    const job = await run("morph", values, { title: "Morph" });
    const files = job.files.filter(file => file.name.endsWith(".wav"));
    const steps = await Promise.all(files.map(async file => ({ blob: await fetchFile(file), file, job, values })));
    if (number !== this.nForgotten) return; // other clips or settings were chosen meanwhile
    this.steps = steps;
    this.played = -1;
  }

  /** Play the step nearest to a position from 0 to 1. */
  async playStep(value, isForced = false) {
    if (!this.steps) {
      await this.fill();
      await this.compute();
    }
    if (!this.steps) return;
    const index = Math.round(value * (this.steps.length - 1));
    if (index === this.played && !isForced) return;
    this.played = index;
    const started = performance.now();
    const { blob, file, job, values } = this.steps[index];
    await this.result.show(blob, { name: file.name, label: `morph ${index + 1}/${STEPS}`, task: "morph", parameters: values, command: job.command }, { job: job.id, file: file.name });
    this.result.note.textContent = `Step ${index + 1} of ${this.steps.length}, played after ${Math.round(performance.now() - started)} ms.`;
  }

  /** Make one clip of both, by a model of clips of any length. */
  async whole(option) {
    await this.fill();
    const values = { ...this.values(), ...option };
    delete values.interpolation;
    if (option.transfer) delete values.residual;
    await this.result.run([{ task: "morph", values }], { label: option.transfer ? "transfer" : "morph over time" });
  }
}

/** Sliders of one clip: the attributes of the model, and the amount of variation. */
class Sliders {
  constructor(sound, model, task) {
    Object.assign(this, { sound, model, fields: {} });
    this.result = new QuickResult("Move a slider: the changed sound plays, and is drawn here.");
    this.row = h("div.row");
    this.seed = task.number("seed", "Seed of the variation", { onchange: () => this.change() });
    this.amount = task.slider("amount", "Amount of variation", { value: 0, oninput: () => this.change(QUICK), onchange: () => this.change() });
    const compute = latest(how => this.compute(how));
    this.change = (how = {}) => compute(how).catch(error => { this.result.clear(); complain(error); });
    this.element = h("div", {}, this.row, h("div.row", {}, this.amount, this.seed,
      h("button.small", { onclick: () => { this.reset(); say("All sliders are back."); } }, "Reset")), this.result.element);
  }

  /** Play the sound as all sliders say: its attributes first, then the variation. */
  compute(how) {
    const file = this.sound.reference();
    const [amount, seed] = [this.amount.value, this.seed.value];
    const set = this.amounts();
    const isAdjusted = set.some(text => !text.endsWith("=0"));
    const steps = [];
    if (isAdjusted || (set.length && !amount)) steps.push({ task: "adjust", values: { file, set, model: this.model.value, ...how } });
    if (amount || !set.length) steps.push({ task: "vary", values: { file, amount, count: 1, seed, model: this.model.value } });
    return this.result.run(steps, amount ? { label: "variation", seed } : { label: "adjusted" });
  }

  /** Show the attributes of a model. */
  async open(name) {
    const { attributes } = await detailsOf(name);
    if (name !== this.model.value) return;
    this.fields = Object.fromEntries(attributes.map(each => {
      const most = Number((MOST_STEPS_OF_ATTRIBUTE * each.step).toPrecision(2));
      const field = slider(each.name[0].toUpperCase() + each.name.slice(1), { min: -most, max: most, step: most / 24, value: 0, unit: ` ${each.unit}`, 
        oninput: () => this.change(QUICK), onchange: () => this.change() });
      return [each.name, field];
    }));
    this.row.replaceChildren(...Object.values(this.fields));
    this.result.clear();
  }

  /** Return the amounts that are not zero, or all of them if none is set. */
  amounts() {
    const all = Object.entries(this.fields).map(([name, field]) => `${name}=${Number(field.control.valueAsNumber.toFixed(3))}`);
    const set = all.filter(text => !text.endsWith("=0"));
    return set.length ? set : all;
  }

  reset() {
    for (const field of Object.values(this.fields)) field.set(0);
    this.amount.reset();
    this.result.clear();
  }
}
