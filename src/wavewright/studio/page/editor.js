// Edit a sound by a chain of effects, as a whole or in a region; every result is a new clip.
import { describe, fetchFile, run, upload } from "./api.js";
import { ChainEditor, hasFile, textOf } from "./chain.js";
import { History, undoButtons } from "./history.js";
import { library } from "./library.js";
import { Comparison, padOf } from "./pads.js";
import { decode, play } from "./player.js";
import { receive } from "./send.js";
import { Slot } from "./slot.js";
import { checkbox, commandBox, complain, guarded, h, labelled, say, save } from "./ui.js";
import { WaveView } from "./wave_view.js";

const PREVIEW_SECONDS = 10;
const JOIN_SECONDS = 0.005; // crossfade where an edited region meets the rest

/** Build the panel. */
export async function open(panel) {
  const { effects } = await describe();
  const state = { sound: null, isPlaying: false };
  const history = new History("editor", { clip: null, second: null, steps: [], region: null }, shown => show(shown).catch(complain));
  const source = new Slot("Sound", clip => change({ clip: clip.id, region: null }));
  const view = new WaveView(region => change({ region }));
  const second = new Slot("Second sound", clip => change({ second: clip.id, steps: chain.rename(fileNameOf(clip)) }));
  const chain = new ChainEditor(effects, steps => change({ steps }), () => fileNameOf(needed(second.clip, "Choose a second sound first, which this effect brings in.")));
  const sent = new Map(); // references to second sounds, by clip
  const start = h("input", { type: "number", min: 0, step: 0.01, onchange: () => typed() });
  const end = h("input", { type: "number", min: 0, step: 0.01, onchange: () => typed() });
  const onlyRegion = checkbox("effects on the region only", true);
  const loop = checkbox("loop", false);
  const command = commandBox();
  const comparison = new Comparison();
  const results = h("div.pads.small");

  panel.append(
    h("div.row", {}, source.element, second.element),
    view.element,
    h("div.row", { role: "group", "aria-label": "Region" }, labelled("Region from (s)", start), labelled("to (s)", end),
      h("button", { onclick: () => change({ region: null }) }, "No region"), loop,
      h("button", { onclick: guarded(() => listen()) }, "Play"), onlyRegion),
    chain.element,
    h("div.row", {}, h("button", { onclick: guarded(() => preview()) }, "Preview"),
      h("button.primary", { onclick: guarded(() => apply()) }, "Apply"), ...undoButtons(history, h),
      h("button", { onclick: guarded(async () => { const clip = current(); save(await library.blob(clip), clip.name); }) }, "Save")),
    command, comparison.element, h("h3", {}, "Results"), results,
  );

  function current() {
    return needed(library.get(history.current.clip), "Choose a sound first: drop a file, or take a clip from the history.");
  }

  /** Return the second sound as an attachment, where a step brings it in. */
  async function attachments() {
    if (!history.current.steps.some(hasFile)) return {};
    const clip = needed(second.clip, "The second sound is missing; choose it again.");
    if (!sent.has(clip.id)) {
      const blob = await library.blob(clip);
      sent.set(clip.id, (await upload([new File([blob], fileNameOf(clip), { type: blob.type })]))[0]);
    }
    return { attachments: [sent.get(clip.id)] };
  }

  function change(values) { history.push({ ...history.current, ...values }); }

  /** Show a state of the history. */
  async function show({ clip: id, second: secondId, steps, region }) {
    chain.load(steps);
    start.value = region ? region.start.toFixed(3) : ""; // before anything is waited for: the user may be typing
    end.value = region ? region.end.toFixed(3) : "";
    await setQuietly(second, library.get(secondId));
    const clip = library.get(id);
    if (!clip) return;
    await setQuietly(source, clip);
    const sound = await library.sound(clip);
    if (state.sound !== sound) { state.sound = sound; view.set(sound); }
    view.select(region);
    start.max = end.max = sound.duration.toFixed(3);
  }

  /** Select the region of the two fields, once both have a time. */
  function typed() {
    if (!state.sound || start.value === "" || end.value === "") return;
    const region = { start: Math.max(0, Number(start.value)), end: Math.min(Number(end.value), state.sound.duration) };
    if (region.end > region.start) change({ region });
    else say("The region must end after its start.");
  }

  async function listen() {
    const sound = await library.sound(current());
    const { region } = history.current;
    state.isPlaying = true;
    const handle = play(sound, { offset: region?.start || 0, seconds: region ? region.end - region.start : null, loop: loop.control.checked,
      onend: () => { state.isPlaying = false; } });
    view.follow(handle, () => state.isPlaying);
  }

  function chainText() {
    const text = textOf(history.current.steps);
    if (!text) throw Object.assign(new Error("The chain has no effect; add one first."), { isExpected: true });
    return text;
  }

  /** Return `trim` of a part of the sound. */
  function trim({ start: from, end: to }) { return `trim ${from.toFixed(4)}s ${to.toFixed(4)}s`; }

  /** Play the region, or the first seconds, with the effects. */
  async function preview() {
    const clip = current();
    const sound = await library.sound(clip);
    const part = history.current.region || { start: 0, end: Math.min(sound.duration, PREVIEW_SECONDS) };
    const isWhole = part.start === 0 && part.end === sound.duration;
    const values = { source: await library.reference(clip), do: isWhole ? chainText() : `${trim(part)}; ${chainText()}`, out: "preview.wav", ...await attachments() };
    const job = await run("edit", values, { title: "Preview", wait: 1 });
    play(await decode(await fetchFile(job.files[0])), { loop: loop.control.checked });
    say("This is the preview; Apply makes it a new clip.");
  }

  async function apply() {
    const clip = current();
    const { region } = history.current;
    const text = chainText();
    const stem = clip.name.replace(/\.\w+$/, "").replace(/-edited\d*$/, "");
    const out = `${stem}-edited.wav`;
    const made = region && onlyRegion.control.checked ? await editRegion(clip, region, text, out) : await editWhole(clip, text, out);
    const [edited] = await library.addJob(made.job, made.values, () => ({ label: "edited", command: made.command }));
    command.show(made.command);
    comparison.set("A", clip);
    comparison.set("B", edited);
    change({ clip: edited.id, region: null, steps: [] });
    results.prepend(padOf(edited));
    say(`${edited.name} is a new clip; Undo goes back to ${clip.name}.`);
  }

  async function editWhole(clip, text, out) {
    const values = { source: await library.reference(clip), do: text, out, ...await attachments() };
    const job = await run("edit", values, { title: `Edit ${clip.name}` });
    return { job, values, command: job.command };
  }

  /** Edit a region: cut the sound into its parts, edit the one, and join them with short crossfades. */
  async function editRegion(clip, region, text, out) {
    const { duration } = await library.sound(clip);
    const reference = await library.reference(clip);
    const half = JOIN_SECONDS / 2;
    const hasBefore = region.start > JOIN_SECONDS;
    const hasAfter = region.end < duration - JOIN_SECONDS;
    const middle = { start: hasBefore ? region.start - half : 0, end: hasAfter ? region.end + half : duration };
    const cut = async (name, chainOfPart, files = {}) => run("edit", { source: reference, do: chainOfPart, out: name, ...files }, { title: `Edit ${name}` });
    const edited = await cut(hasBefore || hasAfter ? "region.wav" : out, `${trim(middle)}; ${text}`, await attachments());
    if (!hasBefore && !hasAfter) return { job: edited, values: { do: text }, command: edited.command };
    const parts = [edited];
    if (hasBefore) parts.unshift(await cut("before.wav", trim({ start: 0, end: region.start + half })));
    if (hasAfter) parts.push(await cut("after.wav", trim({ start: region.end - half, end: duration })));
    const files = parts.map(job => ({ job: job.id, file: job.files[0].name }));
    const joins = files.slice(1).map(file => `append "${file.file}" crossfade=${1000 * JOIN_SECONDS}ms`).join("; ");
    const values = { source: files[0], do: joins, out, attachments: files.slice(1) };
    const job = await run("edit", values, { title: `Join ${out}` });
    return { job, values, command: [...parts, job].map(each => each.command).join(" && ") };
  }

  receive("editor", panel, { source, second }, complain);
  await show(history.current);
  panel.addEventListener("studio-show", () => view.paint());
  panel.addEventListener("studio-key", event => {
    const { key, ctrlKey, shiftKey } = event.detail;
    if (key === " ") { event.detail.preventDefault(); listen().catch(complain); }
    else if (ctrlKey && key.toLowerCase() === "z") shiftKey ? history.redo() : history.undo();
    else if (key.toUpperCase() === "X") comparison.other().catch(complain);
  });
}

/** Return a value; raise an error with a sentence where there is none. */
function needed(value, sentence) {
  if (!value) throw Object.assign(new Error(sentence), { isExpected: true });
  return value;
}

/** Return the name under which a chain names the second sound. */
function fileNameOf(clip) {
  const [, stem, suffix] = clip.name.match(/^(.*?)(\.\w+)?$/);
  return `second-${stem.replace(/[^A-Za-z0-9_-]+/g, "-").slice(0, 40)}${(suffix || ".wav").toLowerCase()}`;
}

/** Set the clip of a slot as an undo or a result does: without a further step of the history. */
async function setQuietly(slot, clip) {
  if (!clip || slot.clip === clip) return;
  const { onchange } = slot;
  slot.onchange = () => {};
  await slot.set(clip).finally(() => { slot.onchange = onchange; });
}
