// Edit a sound by a chain of effects, as a whole or in a region; every result is a new clip.
import { describe, fetchFile, run, ServerFile } from "./api.js";
import { ChainEditor, hasFile, textOf } from "./chain.js";
import { BEAT, RAIN } from "./examples.js";
import { History, undoButtons } from "./history.js";
import { library } from "./library.js";
import { Comparison, padOf } from "./pads.js";
import { decode, play } from "./player.js";
import { receive } from "./send.js";
import { Slot } from "./slot.js";
import { SpectralEditor } from "./spectral.js";
import { checkbox, commandBox, complain, guarded, h, labelled, needed, onKeys, outputName, say, save } from "./ui.js";
import { WaveView } from "./wave_view.js";

const PREVIEW_SECONDS = 10;
const JOIN_SECONDS = 0.005; // crossfade where an edited region meets the rest

/** Return what a chain depends on of a sound. */
function formatOf(sound) { return sound ? { channels: sound.numberOfChannels, sample_rate: sound.sampleRate, seconds: sound.duration } : {}; }

/** Build the panel. */
export async function open(panel) {
  const { effects } = await describe();
  const state = { sound: null, handle: null };
  const history = new History("editor", { clip: BEAT.id, second: RAIN.id, steps: [], region: null }, shown => show(shown).catch(complain));
  const source = new Slot("Sound", clip => change({ clip: clip?.id ?? null, region: null }));
  const view = new WaveView(region => change({ region }));
  const second = new Slot("Second sound", clip => change({ second: clip?.id ?? null, steps: clip ? chain.rename(fileNameOf(clip)) : chain.steps }));
  const chain = new ChainEditor(effects, steps => change({ steps }), () => fileNameOf(needed(second.clip, "Choose a second sound first, which this effect brings in.")),
    () => formatOf(state.sound));
  const sent = new Map(); // second sounds as tasks read them, by clip
  const start = h("input", { type: "number", min: 0, step: "any", onchange: () => typed() });
  const end = h("input", { type: "number", min: 0, step: "any", onchange: () => typed() });
  const onlyRegion = checkbox("effects on the region only", true);
  const loop = checkbox("loop", false, () => state.handle?.setLoop(loop.control.checked));
  const spectral = new SpectralEditor(effects, { current, outName, apply: (text, files = {}) => take(current(), clip => editWhole(clip, text, outName(clip, "-edited"), files)) });
  const command = commandBox();
  const comparison = new Comparison();
  const results = h("div.pads.small", {}, h("p.soft", {}, "Apply makes a new clip of the sound and its effects, which appears here."));

  panel.append(
    h("div.row", {}, source.element, second.element),
    view.element,
    h("div.row", { role: "group", "aria-label": "Region" }, labelled("Region from (s)", start), labelled("to (s)", end),
      h("button", { onclick: () => change({ region: null }) }, "No region"), loop,
      h("button", { onclick: guarded(() => listen()) }, "Play"), onlyRegion),
    spectral.element,
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
  function attachments() {
    if (!history.current.steps.some(hasFile)) return {};
    const clip = needed(second.clip, "The second sound is missing; choose it again.");
    if (!sent.has(clip.id)) sent.set(clip.id, new ServerFile(fileNameOf(clip), () => library.blob(clip)));
    return { attachments: [sent.get(clip.id)] };
  }

  /** Return the name of a file to write, which is not that of a file that the chain reads. */
  function outName(clip, ending) { return outputName(clip.name, ending, [clip.name, ...second.clip ? [fileNameOf(second.clip)] : []]); }

  function change(values) { history.push({ ...history.current, ...values }); }

  /** Show a state of the history. */
  async function show({ clip: id, second: secondId, steps, region }) {
    chain.load(steps);
    command.show("");
    start.value = region ? region.start.toFixed(3) : ""; // before anything is waited for: the user may be typing
    end.value = region ? region.end.toFixed(3) : "";
    await setQuietly(second, library.get(secondId));
    const clip = library.get(id);
    await setQuietly(source, clip);
    if (!clip) { state.sound = null; chain.check(); view.clear(); await spectral.set(null); return; }
    const sound = await library.sound(clip);
    if (history.current.clip !== id) return; // another state is shown by now
    if (state.sound !== sound) { state.sound = sound; chain.check(); view.set(sound); spectral.set(sound, clip).catch(complain); }
    view.select(region);
    start.max = end.max = sound.duration.toFixed(3);
  }

  /** Select the region of the two fields, once both have a time. */
  function typed() {
    if (!state.sound) { say("Choose a sound first."); return; }
    if (start.value === "" || end.value === "") return;
    const region = { start: Math.max(0, Number(start.value)), end: Math.min(Number(end.value), state.sound.duration) };
    if (region.end > region.start) change({ region });
    else say("The region must end after its start.");
  }

  async function listen() {
    const sound = await library.sound(current());
    const { region } = history.current;
    const handle = play(sound, { offset: region?.start || 0, seconds: region ? region.end - region.start : null, loop: loop.control.checked,
      onend: () => { if (state.handle === handle) state.handle = null; } });
    state.handle = handle;
    view.follow(handle, () => state.handle === handle);
  }

  /** Return the chain as text; one without steps gets the effect that is chosen. */
  function chainText() {
    if (!history.current.steps.length) chain.addChosen();
    return needed(textOf(history.current.steps), "All effects of the chain are off; switch one on.");
  }

  /** Return `trim` of a part of the sound. */
  function trim({ start: from, end: to }) { return `trim ${from.toFixed(4)}s ${to.toFixed(4)}s`; }

  /** Play the region, or the first seconds, with the effects. */
  async function preview() {
    const clip = current();
    const sound = await library.sound(clip);
    const part = history.current.region || { start: 0, end: Math.min(sound.duration, PREVIEW_SECONDS) };
    const isWhole = part.start === 0 && part.end === sound.duration;
    const values = { source: library.file(clip), do: isWhole ? chainText() : `${trim(part)}; ${chainText()}`, out: outName(clip, "-preview"), ...attachments() };
    const job = await run("edit", values, { title: "Preview", wait: 1 });
    play(await decode(await fetchFile(job.files[0])), { loop: loop.control.checked });
    say("This is the preview; Apply makes it a new clip.");
  }

  async function apply() {
    if (!library.get(history.current.clip)) { source.openFile(apply); say("Choose a sound, to which the effects are applied then."); return; }
    const { region } = history.current;
    const text = chainText();
    await take(current(), clip => {
      const out = outName(clip, "-edited");
      return region && onlyRegion.control.checked ? editRegion(clip, region, text, out) : editWhole(clip, text, out, attachments());
    });
  }

  /** Let the editor show what `edit(clip)` makes of a clip, a new one. */
  async function take(clip, edit) {
    command.show("");
    const made = await edit(clip);
    const [edited] = await library.addJob(made.job, made.values, { label: "edited", command: made.command });
    comparison.set("A", clip);
    comparison.set("B", edited);
    results.querySelector("p")?.remove();
    results.prepend(padOf(edited, { title: edited.name }));
    if (history.current.clip !== clip.id) { say(`${edited.name} is a new clip; it is under Results.`); return; }
    change({ clip: edited.id, region: null, steps: [] });
    command.show(made.command);
    say(`${edited.name} is a new clip; Undo goes back to ${clip.name}.`);
  }

  async function editWhole(clip, text, out, files) {
    const values = { source: library.file(clip), do: text, out, ...files };
    const job = await run("edit", values, { title: `Edit ${clip.name}`, keep: { panel: "editor", facts: { label: "edited" } } });
    return { job, values, command: job.command };
  }

  /** Edit a region: cut the sound into its parts, edit the one, and join them with short crossfades. */
  async function editRegion(clip, region, text, out) {
    const { duration } = await library.sound(clip);
    const reference = library.file(clip);
    const half = JOIN_SECONDS / 2;
    const hasBefore = region.start > JOIN_SECONDS;
    const hasAfter = region.end < duration - JOIN_SECONDS;
    const middle = { start: hasBefore ? region.start - half : 0, end: hasAfter ? region.end + half : duration };
    const cut = async (name, chainOfPart, files = {}) => run("edit", { source: reference, do: chainOfPart, out: name, ...files }, { title: `Edit ${name}` });
    const named = part => hasBefore || hasAfter ? outName(clip, `-${part}`) : out;
    const edited = await cut(named("region"), `${trim(middle)}; ${text}`, attachments());
    if (!hasBefore && !hasAfter) return { job: edited, values: { do: text }, command: edited.command };
    const parts = [edited];
    if (hasBefore) parts.unshift(await cut(named("before"), trim({ start: 0, end: region.start + half })));
    if (hasAfter) parts.push(await cut(named("after"), trim({ start: region.end - half, end: duration })));
    const files = parts.map(job => ({ job: job.id, file: job.files[0].name }));
    const joins = files.slice(1).map(file => `append "${file.file}" crossfade=${1000 * JOIN_SECONDS}ms`).join("; ");
    const values = { source: files[0], do: joins, out, attachments: files.slice(1) };
    const job = await run("edit", values, { title: `Join ${out}`, keep: { panel: "editor", facts: { label: "edited" } } });
    return { job, values, command: [...parts, job].map(each => each.command).join(" && ") };
  }

  await show(history.current).catch(() => {}); // the user has not asked for that sound
  receive("editor", panel, { source, second }, complain);
  library.keepFor(() => [history.current.clip, history.current.second]);
  library.onChange(() => {
    for (const pad of results.querySelectorAll("[data-clip]")) if (!library.get(pad.dataset.clip)) pad.remove();
  });
  panel.addEventListener("studio-show", () => { view.paint(); spectral.view.paint(); });
  onKeys(panel, { " ": listen, x: () => comparison.other() }, history);
}

/** Return the name under which a chain names the second sound. */
function fileNameOf(clip) {
  const [, stem, suffix] = clip.name.match(/^(.*?)(\.\w+)?$/);
  return `second-${stem.replace(/[^A-Za-z0-9_-]+/g, "-").slice(0, 40)}${(suffix || ".wav").toLowerCase()}`;
}

/** Set the clip of a slot, or none, as an undo or a result does: without a further step of the history. */
async function setQuietly(slot, clip) {
  if (!clip) slot.clear(true);
  else if (slot.clip !== clip) await slot.set(clip, true);
}
