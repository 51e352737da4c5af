// Generate clips on pads, vary, lock and compare them.
import { detailsOf, run } from "./api.js";
import { PADS, RAIN, takeCards } from "./examples.js";
import { changes, fieldsOf } from "./fields.js";
import { History, undoButtons } from "./history.js";
import { isKept, library } from "./library.js";
import { models, modelSelect } from "./models.js";
import { Comparison, exportClips, PAD_KEYS, padActions, padOf, titlesOf } from "./pads.js";
import { takeResults } from "./pending.js";
import { sender } from "./send.js";
import { checkbox, commandBox, complain, counted, fill, guarded, h, labelled, onKeys, save, say, select } from "./ui.js";

const FIRST_MODEL = "drums"; // small, and its clips are short
const SECONDS_OF_ENDLESS = 3; // of models whose clips have any length: short ones are soon there

/** Build the panel. */
export async function open(panel) {
  const history = new History("pads", { pads: PADS.map(clip => clip.id), locked: [] }, board => showBoard(board));
  const model = await modelSelect(() => models.filter(each => each.can_generate).map(each => [each.name, each.title]), FIRST_MODEL, () => showModel().catch(complain));
  const label = select([], "");
  const [task, varyTask] = await Promise.all([fieldsOf("generate"), fieldsOf("vary")]);
  const count = task.number("count", "Clips", { most: PAD_KEYS.length });
  const seed = task.number("seed");
  const keepSeed = checkbox("keep seed", false);
  const plays = checkbox("play when ready", true);
  const temperature = task.slider("temperature");
  const seconds = task.number("seconds", "Seconds", { value: SECONDS_OF_ENDLESS });
  const speaker = select([], "");
  const loop = task.checkbox("loop", "seamless loops");
  const amount = varyTask.slider("amount", "Amount of variation");
  const fields = { label: labelled("Label", label), speaker: labelled("Speaker", speaker) };
  const start = h("button.primary", { id: "generate-button", onclick: guarded(() => generate()) }, "Generate");
  const command = commandBox();
  const pads = h("div.pads", { role: "group", "aria-label": "Pads" });
  const comparison = new Comparison();
  const favourites = h("div.pads.small");
  const bar = new PadBar({ lock: clip => toggleLock(clip), vary: clip => vary(clip), compare: (side, clip) => comparison.set(side, clip), remove: clip => remove([clip]) });
  const past = h("ol.past");

  panel.append(
    h("div.row", {}, labelled("Model", model), fields.label, start, plays),
    h("div.row", {}, count, seed, keepSeed,
      h("button", { onclick: () => setSeed(Math.random() * (mostSeed + 1)), title: "Draw another seed" }, "New seed"),
      seconds, fields.speaker),
    h("details", {}, h("summary", {}, "More settings"),
      h("div.row", {}, temperature, loop, amount)),
    command,
    pads, bar.element,
    comparison.element,
    h("div.row", { role: "group", "aria-label": "History" }, ...undoButtons(history, h),
      h("button.small", { onclick: () => clear() }, "Clear pads"),
      h("button.small", { onclick: guarded(() => exportClips(current(), "wavewright-pads.zip")) }, "Export pads"),
      h("button.small", { onclick: guarded(() => exportClips(starred(), "wavewright-favourites.zip")) }, "Export favourites"),
      h("button.small", { onclick: guarded(() => exportClips(library.all(), "wavewright-clips.zip")) }, "Export all"),
      h("button.small", { onclick: guarded(() => removeAll()) }, "Clear history")),
    h("p.soft", {}, "Keys 1 to 8 and Q to I play the pads, X switches between A and B, Escape stops. ",
      "Drag a pad to another panel's field: over the name of a panel it opens. Or drag it out to a folder."),
    h("details", { open: true }, h("summary", {}, h("h3", {}, "Favourites")), favourites),
    h("details", {}, h("summary", {}, h("h3", {}, "History")), past),
  );

  const mostSeed = Number(seed.control.max);
  const setSeed = value => { seed.control.value = String(Math.floor(value) % (mostSeed + 1)); };
  const current = () => history.current.pads.map(id => library.get(id)).filter(Boolean);
  const starred = () => library.all().filter(clip => clip.isFavourite);
  const chosen = () => models.find(each => each.name === model.value);

  async function showModel() {
    const { name, labels, speakers } = chosen();
    fill(label, [["", "every label in turn"], ...labels], "");
    fill(speaker, [["", "any speaker"], ...speakers], "");
    fields.label.hidden = !labels.length;
    fields.speaker.hidden = !speakers.length;
    const { options } = await detailsOf(name);
    if (name !== model.value) return;
    seconds.hidden = !options.includes("seconds") || speakers.length > 0;
    temperature.hidden = !options.includes("temperature");
  }

  /** Show one of the examples: its clips, and the settings that make more of them. */
  async function showCard({ name }) {
    const [clips, { model: itsModel, label: itsLabel = "" }] = name === "rain" ? [[RAIN], RAIN.parameters] : [PADS, PADS[0].parameters];
    history.push({ pads: clips.map(clip => clip.id), locked: [] });
    command.show(clips[0].command);
    model.value = itsModel;
    const shown = showModel();
    label.value = itsLabel; // before anything is waited for: what the user chooses next stays
    if (clips[0].parameters.seconds) seconds.control.value = String(clips[0].parameters.seconds);
    count.control.value = String(clips.length);
    await shown;
    say("Press Generate for others.");
  }

  /** Return the parameters of `generate` as the fields say. */
  function parameters() {
    const values = { model: model.value, count: count.value, seed: seed.value };
    if (label.value) values.label = label.value;
    if (speaker.value && !fields.speaker.hidden) values.speaker = speaker.value;
    return { ...values, ...changes(...[seconds, temperature, loop].filter(field => !field.hidden)) };
  }

  async function generate() {
    const locked = history.current.locked.filter(id => library.get(id));
    const values = parameters();
    say(`Generating ${counted(Math.max(1, values.count - locked.length), "clip")} …`);
    const started = performance.now();
    const clips = await make("generate", values, locked, `Generate with ${values.model}`);
    say(`${counted(clips.length, "clip")} in ${((performance.now() - started) / 1000).toFixed(2)} s, seed ${values.seed}.`);
  }

  /** Run a task that makes as many clips as there are pads that are not locked; show them and return them. */
  async function make(task, values, locked, title, facts = {}) {
    Object.assign(facts, { seed: values.seed });
    values.count = Math.max(1, values.count - locked.length);
    const job = await run(task, values, { title, keep: { panel: "generate", facts } });
    const clips = await library.addJob(job, values, facts);
    command.show(job.command);
    showNew(clips, locked);
    if (!keepSeed.control.checked) setSeed(values.seed + 1);
    return clips;
  }

  /** Fill the pads that are not locked with new clips. */
  function showNew(clips, locked) {
    const kept = new Set(locked);
    const fresh = [...clips].sort((a, b) => a.index - b.index).map(clip => clip.id);
    const merged = history.current.pads.flatMap(id => kept.has(id) ? [id] : fresh.length ? [fresh.shift()] : []);
    history.push({ pads: [...merged, ...fresh], locked });
    if (plays.control.checked) {
      pads.querySelector(`[data-clip="${clips.find(clip => clip.index === 0)?.id}"]`)?.play().catch(complain);
    }
  }

  async function vary(clip) {
    const vae = variers(clip);
    if (!vae) { say("No model here varies this clip."); return; }
    const values = { file: library.file(clip), amount: amount.value, count: count.value, seed: seed.value, model: vae.name };
    if (clip.label && vae.labels.includes(clip.label)) values.label = clip.label;
    const clips = await make("vary", values, [...new Set([...history.current.locked, clip.id])], `Vary ${clip.name}`, { label: clip.label });
    say(`${counted(clips.length, "variation")} of ${clip.name}; it is locked on its pad.`);
  }

  /** Return the VAE that varies a clip: one that knows its label, or one of clips of any length. */
  function variers(clip) {
    const vaes = models.filter(each => each.can_morph);
    return vaes.find(each => each.labels.includes(clip.label)) || vaes.find(each => !each.labels.length) || vaes[0];
  }

  function clear() {
    if (!current().length) { say("There are no pads to clear."); return; }
    history.push({ pads: history.current.locked, locked: history.current.locked });
    say("The pads are cleared, except locked ones; Undo brings them back.");
  }

  /** Remove clips, which are not on the pads of another state then. */
  async function remove(clips) {
    await library.remove(clips);
    const { pads: ids, locked } = history.current;
    const examples = clips.map(clip => clip.id).filter(id => ids.includes(id) && library.get(id));
    if (examples.length) history.push({ pads: ids.filter(id => !examples.includes(id)), locked });
    say(clips.length === 1 ? `${clips[0].name} is removed.` : `${counted(clips.length, "clip")} removed.`);
  }

  async function removeAll() {
    const clips = library.all().filter(clip => !isKept(clip));
    if (!clips.length) { say("There are no clips in the history, except favourites."); return; }
    if (confirm(`Remove ${counted(clips.length, "clip")} for good? Favourites stay, and the sentences of a voice.`)) await remove(clips);
  }

  function toggleLock(clip) {
    const { locked, pads: ids } = history.current;
    history.push({ pads: ids, locked: locked.includes(clip.id) ? locked.filter(id => id !== clip.id) : [...locked, clip.id] });
  }

  function showBoard(board) {
    const clips = board.pads.map(id => library.get(id)).filter(Boolean);
    const titles = titlesOf(clips);
    pads.replaceChildren(...clips.map((clip, index) => padOf(clip, {
      title: titles.get(clip.id), shortcut: PAD_KEYS[index] || "", isLocked: board.locked.includes(clip.id), onchoose: () => choose(clip, titles.get(clip.id)),
    })));
    if (!clips.length) pads.append(h("p.soft", {}, "Press Generate: the clips appear here."));
    const chosen = clips.find(clip => clip.id === bar.clip?.id) || clips[0];
    choose(chosen, titles.get(chosen?.id));
  }

  /** Let the bar act on a clip. */
  function choose(clip, title) {
    bar.show(clip && library.get(clip.id), title, history.current.locked.includes(clip?.id));
    for (const pad of panel.querySelectorAll("[data-clip]")) pad.classList.toggle("chosen", pad.dataset.clip === clip?.id);
  }

  function showLibrary() {
    const clips = starred();
    const shown = clips.map(clip => clip.id).join();
    const titles = titlesOf(clips);
    if (favourites.dataset.shown !== shown) {
      favourites.replaceChildren(...clips.map(clip => padOf(clip, { title: titles.get(clip.id), onchoose: () => choose(clip, titles.get(clip.id)) })));
    }
    favourites.dataset.shown = shown;
    if (!clips.length) favourites.replaceChildren(h("p.soft", {}, "The star of a pad keeps its clip here, across reloads."));
    const isGone = id => id && !library.get(id);
    if (isGone(bar.clip?.id) || [...pads.querySelectorAll("[data-clip]")].some(pad => isGone(pad.dataset.clip))) showBoard(history.current);
    for (const pad of panel.querySelectorAll("[data-clip]")) pad.showStar();
    showPast();
  }

  /** List the calls and files of the history, each with its clips. */
  function showPast() {
    const calls = new Map();
    for (const clip of library.all()) {
      const line = clip.command || clip.name;
      calls.set(line, [...(calls.get(line) || []), clip]);
    }
    past.replaceChildren(...[...calls].slice(0, 40).map(([line, made]) => h("li", {}, h("code", {}, line), " ",
      h("button.small", { onclick: () => history.push({ pads: made.map(clip => clip.id).slice(0, PAD_KEYS.length), locked: [] }) }, `Show ${counted(made.length, "clip")}`), " ",
      h("button.small", { "aria-label": `Remove ${counted(made.length, "clip")} of ${line}`, onclick: guarded(() => remove(made)) }, "Remove"))));
    if (!calls.size) past.append(h("li", {}, "No clips yet."));
  }

  onKeys(panel, { ...padActions(pads), x: () => comparison.other() }, history);
  library.onChange(showLibrary);
  library.keepFor(() => history.current.pads);
  await showModel();
  showBoard(history.current);
  showLibrary();
  takeCards("generate", panel, card => showCard(card).catch(complain));
  takeResults("generate", ({ clips }) => showNew(clips, history.current.locked.filter(id => library.get(id))));
  const panelIsFirst = !location.hash || location.hash === "#generate";
  if (panelIsFirst) start.focus({ preventScroll: true });
}

/** What can be done with the chosen pad: one row of buttons for all of them. `actions` are `lock`, `vary`, `compare`, `remove`. */
class PadBar {
  constructor({ lock, vary, compare, remove }) {
    this.name = h("strong");
    this.facts = h("span.soft");
    this.lock = h("button.small", { title: "The next clips leave a locked pad as it is", onclick: () => lock(this.clip) }, "Lock");
    this.sender = h("span");
    this.element = h("div.bar", { role: "toolbar" }, h("span.of", {}, this.name, " ", this.facts), this.lock,
      h("button.small", { onclick: guarded(() => vary(this.clip)) }, "Vary"),
      h("button.small", { onclick: () => compare("A", this.clip) }, "Compare as A"),
      h("button.small", { onclick: () => compare("B", this.clip) }, "Compare as B"),
      h("button.small", { onclick: guarded(async () => save(await library.blob(this.clip), this.clip.name)) }, "Save"),
      this.sender, h("button.small", { onclick: guarded(() => remove(this.clip)) }, "Remove"));
  }

  /** Show the clip on which the buttons act; none for undefined. */
  show(clip, title, isLocked) {
    const isOther = clip?.id !== this.clip?.id;
    this.clip = clip;
    this.element.hidden = !clip;
    if (!clip) return;
    this.element.setAttribute("aria-label", `Actions for ${title}`);
    this.name.textContent = title;
    this.facts.textContent = clip.seed === undefined ? clip.name : `seed ${clip.seed}, clip ${clip.index + 1}`;
    this.lock.setAttribute("aria-pressed", String(isLocked));
    this.lock.textContent = isLocked ? "Locked" : "Lock";
    if (isOther) this.sender.replaceChildren(sender(clip, title));
  }
}
