// Generate clips on pads, vary, lock and compare them.
import { detailsOf, run } from "./api.js";
import { History, undoButtons } from "./history.js";
import { library } from "./library.js";
import { models, modelSelect } from "./models.js";
import { Comparison, exportClips, padOf } from "./pads.js";
import { takeResults } from "./pending.js";
import { sender } from "./send.js";
import { checkbox, commandBox, complain, counted, fill, guarded, h, labelled, say, select, slider } from "./ui.js";

const KEYS = "12345678QWERTYUI";
const MOST_SEED = 2 ** 32 - 1;
const FIRST_MODEL = "drums"; // small, and its clips are short
const SECONDS_OF_ENDLESS = 3;

/** Build the panel. */
export async function open(panel) {
  const empty = { pads: [], locked: [] };

  const history = new History("pads", empty, board => showBoard(board));
  const model = await modelSelect(() => models.filter(each => each.can_generate).map(each => [each.name, each.title]), FIRST_MODEL, () => showModel().catch(complain));
  const label = select([], "");
  const count = h("input", { type: "number", min: 1, max: 16, required: true, value: "8" });
  const seed = h("input", { type: "number", min: 0, max: MOST_SEED, required: true, value: "0" });
  const keepSeed = checkbox("keep seed", false);
  const plays = checkbox("play when ready", true);
  const temperature = slider("Temperature", { min: 0, max: 2, step: 0.05, value: 1 });
  const temperatureOn = checkbox("set", false, () => { temperature.hidden = !temperatureOn.control.checked; });
  const seconds = h("input", { type: "number", min: 0.2, max: 60, step: "any", required: true, value: String(SECONDS_OF_ENDLESS) });
  const speaker = select([], "");
  const loop = checkbox("seamless loops", false);
  const amount = slider("Amount of variation", { min: 0, max: 1, step: 0.05, value: 0.3 });
  const fields = {
    label: labelled("Label", label), seconds: labelled("Seconds", seconds), speaker: labelled("Speaker", speaker),
  };
  const start = h("button.primary", { id: "generate-button", onclick: guarded(() => generate()) }, "Generate");
  const command = commandBox();
  const pads = h("div.pads", { role: "group", "aria-label": "Pads" });
  const comparison = new Comparison();
  const favourites = h("div.pads.small");
  const past = h("ol.past");

  panel.append(
    h("div.row", {}, labelled("Model", model), fields.label, start, plays),
    h("div.row", {}, labelled("Clips", count), labelled("Seed", seed), keepSeed,
      h("button", { onclick: () => { seed.value = String(Math.floor(Math.random() * (MOST_SEED + 1))); }, title: "Draw another seed" }, "New seed"),
      fields.seconds, fields.speaker),
    h("details", {}, h("summary", {}, "More settings"),
      h("div.row", {}, temperatureOn, temperature, loop, amount)),
    command,
    pads,
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
  temperature.hidden = true;

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
    fields.seconds.hidden = !options.includes("seconds") || speakers.length > 0;
    temperatureOn.hidden = !options.includes("temperature");
    temperature.hidden = temperatureOn.hidden || !temperatureOn.control.checked;
  }

  /** Return the parameters of `generate` as the fields say. */
  function parameters() {
    const values = { model: model.value, count: Number(count.value), seed: Number(seed.value) };
    if (label.value) values.label = label.value;
    if (speaker.value && !fields.speaker.hidden) values.speaker = speaker.value;
    if (!fields.seconds.hidden) values.seconds = Number(seconds.value);
    if (temperatureOn.control.checked && !temperatureOn.hidden) values.temperature = temperature.control.valueAsNumber;
    if (loop.control.checked) values.loop = true;
    return values;
  }

  async function generate() {
    const locked = history.current.locked.filter(id => library.get(id));
    const values = parameters();
    values.count = Math.max(1, values.count - locked.length);
    say(`Generating ${counted(values.count, "clip")} …`);
    const started = performance.now();
    const facts = { seed: values.seed };
    const job = await run("generate", values, { title: `Generate with ${values.model}`, keep: { panel: "generate", facts } });
    const clips = await library.addJob(job, values, facts);
    command.show(job.command);
    showNew(clips, locked);
    say(`${counted(clips.length, "clip")} in ${((performance.now() - started) / 1000).toFixed(2)} s, seed ${values.seed}.`);
    if (!keepSeed.control.checked) seed.value = String((values.seed + 1) % (MOST_SEED + 1));
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
    const values = { file: library.file(clip), amount: amount.control.valueAsNumber, count: Number(count.value), seed: Number(seed.value), model: vae.name };
    if (clip.label && vae.labels.includes(clip.label)) values.label = clip.label;
    const locked = [...new Set([...history.current.locked, clip.id])];
    values.count = Math.max(1, values.count - locked.length);
    const facts = { seed: values.seed, label: clip.label };
    const job = await run("vary", values, { title: `Vary ${clip.name}`, keep: { panel: "generate", facts } });
    const clips = await library.addJob(job, values, facts);
    command.show(job.command);
    showNew(clips, locked);
    say(`${counted(clips.length, "variation")} of ${clip.name}; it is locked on its pad.`);
    if (!keepSeed.control.checked) seed.value = String((values.seed + 1) % (MOST_SEED + 1));
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
    say(clips.length === 1 ? `${clips[0].name} is removed.` : `${counted(clips.length, "clip")} removed.`);
  }

  async function removeAll() {
    const clips = library.all().filter(clip => !clip.isFavourite);
    if (!clips.length) { say("There are no clips in the history, except favourites."); return; }
    if (confirm(`Remove ${counted(clips.length, "clip")} for good? Favourites stay.`)) await remove(clips);
  }

  function toggleLock(clip) {
    const { locked, pads: ids } = history.current;
    history.push({ pads: ids, locked: locked.includes(clip.id) ? locked.filter(id => id !== clip.id) : [...locked, clip.id] });
  }

  function showBoard(board) {
    const clips = board.pads.map(id => library.get(id)).filter(Boolean);
    pads.replaceChildren(...clips.map((clip, index) => padOf(clip, {
      title: titleOf(clip),
      shortcut: KEYS[index] || "",
      isLocked: board.locked.includes(clip.id),
      onlock: () => toggleLock(clip),
      actions: [
        h("button.icon", { "aria-label": `Compare as A: ${titleOf(clip)}`, title: "Compare as A", onclick: () => comparison.set("A", clip) }, "A"),
        h("button.icon", { "aria-label": `Compare as B: ${titleOf(clip)}`, title: "Compare as B", onclick: () => comparison.set("B", clip) }, "B"),
        h("button.small", { "aria-label": `Vary ${titleOf(clip)}`, onclick: guarded(() => vary(clip)) }, "Vary"),
        h("button.small", { "aria-label": `Remove ${titleOf(clip)}`, onclick: guarded(() => remove([clip])) }, "Remove"),
        sender(clip, titleOf(clip)),
      ],
    })));
    if (!clips.length) pads.append(h("p.soft", {}, "Press Generate: the clips appear here."));
  }

  function showLibrary() {
    const clips = starred();
    const shown = clips.map(clip => clip.id).join();
    if (favourites.dataset.shown !== shown) favourites.replaceChildren(...clips.map(clip => padOf(clip, { title: titleOf(clip) })));
    favourites.dataset.shown = shown;
    if (!clips.length) favourites.replaceChildren(h("p.soft", {}, "The star below a pad keeps its clip here, across reloads."));
    const pressed = [...pads.querySelectorAll("[data-clip]")];
    if (pressed.some(pad => !library.get(pad.dataset.clip))) showBoard(history.current);
    for (const pad of pressed) {
      const clip = library.get(pad.dataset.clip);
      const star = pad.querySelector(".icon");
      if (!clip) continue;
      star.textContent = clip.isFavourite ? "★" : "☆";
      star.setAttribute("aria-pressed", String(clip.isFavourite));
    }
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
      h("button.small", { onclick: () => history.push({ pads: made.map(clip => clip.id).slice(0, KEYS.length), locked: [] }) }, `Show ${counted(made.length, "clip")}`), " ",
      h("button.small", { "aria-label": `Remove ${counted(made.length, "clip")} of ${line}`, onclick: guarded(() => remove(made)) }, "Remove"))));
    if (!calls.size) past.append(h("li", {}, "No clips yet."));
  }

  panel.addEventListener("studio-key", event => {
    const key = event.detail.key.toUpperCase();
    const index = KEYS.indexOf(key);
    if (key.length === 1 && index >= 0) pads.querySelectorAll(".clip")[index]?.play().catch(complain);
    else if (key === "X") comparison.other().catch(complain);
    else if (key === "Z" && event.detail.ctrlKey) event.detail.shiftKey ? history.redo() : history.undo();
  });
  library.onChange(showLibrary);
  library.keepFor(() => history.current.pads);
  await showModel();
  showBoard(history.current);
  showLibrary();
  takeResults("generate", ({ clips }) => showNew(clips, history.current.locked.filter(id => library.get(id))));
  const panelIsFirst = !location.hash || location.hash === "#generate";
  if (panelIsFirst) start.focus({ preventScroll: true });
}

function titleOf(clip) {
  const seed = clip.seed === undefined ? "" : ` · seed ${clip.seed}`;
  return `${clip.label ?? clip.name.replace(/\.\w+$/, "")}${seed}${clip.seed === undefined ? "" : `/${clip.index}`}`;
}
