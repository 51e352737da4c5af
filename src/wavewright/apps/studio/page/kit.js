// Slice a loop into a kit: its sounds on pads, its pattern in the sequencer, its files for samplers.
import { fetchFile, run } from "./api.js";
import { BEAT } from "./examples.js";
import { changes, fieldsOf } from "./fields.js";
import { library } from "./library.js";
import { PAD_KEYS, padActions, padOf, titlesOf } from "./pads.js";
import { giveResult, takeResults } from "./pending.js";
import { receive } from "./send.js";
import { Slot } from "./slot.js";
import { complain, counted, guarded, h, onKeys, Result, save, say } from "./ui.js";
import { zip } from "./zip.js";

/** Build the panel. */
export async function open(panel) {
  const task = await fieldsOf("slice");
  const onchange = () => forget();
  const source = new Slot("Loop", onchange);
  const fields = [task.slider("onset_db", "Softest hit", { onchange }), task.slider("like", "Likeness", { onchange }), task.slider("max_seconds", "Longest sound", { onchange })];
  const sizes = [task.number("layers", "Velocity layers", { onchange }), task.number("takes", "Takes", { onchange }), task.number("vary", "Fill up with variations", { onchange })];
  const amount = task.slider("amount", "Amount of variation", { onchange });
  const pads = h("div.pads", { role: "group", "aria-label": "Sounds of the kit" });
  const facts = h("p", { "aria-live": "polite" });
  const result = new Result("Slice shows the sounds here: keys 1 to 8 and Q to I play them.", facts, pads, h("div.row", {},
    h("button.primary", { onclick: guarded(() => openPattern()) }, "Play it as a beat"),
    h("button", { onclick: guarded(() => saveKit()), title: "WAV files, kit.sfz, kit.sf2 and pattern.mid in one ZIP archive" }, "Save the kit"),
    h("button", { onclick: () => toPads() }, "Put it on the pads")));
  const state = { job: null, clips: [], nCalls: 0 };

  panel.append(
    h("div.row.top", {}, source.element, h("div", {},
      h("div.row", {}, ...fields),
      h("details", {}, h("summary", {}, "More settings"), h("div.row", {}, ...sizes, amount)),
      h("div.row", {}, h("button.primary", { onclick: guarded(() => slice()) }, "Slice")))),
    ...result.elements);

  /** Take the kit away: it is not that of the loop and the settings that are shown now. */
  function forget() {
    Object.assign(state, { job: null, clips: [] });
    result.clear();
  }

  async function slice() {
    const loop = source.ask(slice);
    if (!loop) return;
    const values = { file: source.reference(), ...changes(...fields, ...sizes, amount) };
    forget();
    const number = ++state.nCalls;
    const job = await run("slice", values, { title: `Slice ${loop.name}`, keep: { panel: "kit" } });
    const clips = await library.addJob(job, values, kindsOf(job));
    if (source.clip !== loop || number !== state.nCalls) { say(`The sounds of ${loop.name} are in the history.`); return; }
    show(job, clips);
  }

  function show(job, clips) {
    Object.assign(state, { job, clips });
    result.show(job.command);
    const { sounds, onsets } = job.result.details;
    facts.textContent = `${counted(onsets.length, "hit")} of ${counted(sounds.length, "sound")}: ${sounds.map(each => `${each.name} (${each.n_hits})`).join(", ")}.`;
    const titles = titlesOf(clips);
    pads.replaceChildren(...clips.map((clip, index) => padOf(clip, { title: titles.get(clip.id), shortcut: PAD_KEYS[index] || "" })));
    say(`${counted(clips.length, "pad")} of ${counted(sounds.length, "sound")}.`);
  }

  function openPattern() {
    giveResult("sequence", { job: state.job });
    location.hash = "sequence";
  }

  async function saveKit() {
    const { job } = state;
    const files = await Promise.all(job.files.map(async file => ({ name: file.name.split("/").pop(), blob: await fetchFile(file) })));
    save(await zip(files), `${source.clip.name.replace(/\.\w+$/, "")}-kit.zip`);
    say(`${counted(files.length, "file")} saved: kit.sfz and kit.sf2 open in samplers.`);
  }

  function toPads() {
    giveResult("generate", { clips: state.clips.slice(0, PAD_KEYS.length) });
    location.hash = "generate";
  }

  onKeys(panel, padActions(pads));
  await source.set(BEAT, true).catch(() => {}); // the user has not asked for it
  library.keepFor(() => state.clips.map(clip => clip.id));
  library.onChange(() => {
    if (state.clips.some(clip => !library.get(clip.id))) forget();
    for (const pad of pads.querySelectorAll("[data-clip]")) pad.showStar();
  });
  receive("kit", panel, { source }, complain);
  takeResults("kit", ({ job, clips }) => show(job, clips));
}

/** Return a function that says of a file of a kit which kind of drum it is. */
function kindsOf(job) {
  const kinds = new Map(job.result.details.sounds.map(each => [each.name, each.kind]));
  return file => ({ label: kinds.get(file.name.split("/").pop().split("_v")[0]) ?? null });
}
