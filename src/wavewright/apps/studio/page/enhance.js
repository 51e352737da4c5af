// Remove noise and reverberation, or part speech from the rest; two sounds at one position and equal loudness.
import { run } from "./api.js";
import { drawClip } from "./drawing.js";
import { CLEAN, NOISY, takeCards } from "./examples.js";
import { changes, fieldsOf } from "./fields.js";
import { library } from "./library.js";
import { models, modelSelect } from "./models.js";
import { Comparison } from "./pads.js";
import { receive } from "./send.js";
import { Slot } from "./slot.js";
import { complain, guarded, h, labelled, onKeys, Result, say, save } from "./ui.js";

/** Build the panel. */
export async function open(panel) {
  const denoisers = () => models.filter(each => each.can_enhance);
  const source = new Slot("Recording", () => forget());
  const model = await modelSelect(() => [["", "by the recording's sample rate"], ...denoisers().map(each => [each.name, each.title])], "", () => forget());
  const task = await fieldsOf("enhance");
  const onchange = () => forget();
  const denoise = task.checkbox("denoise", "remove noise", { value: true, onchange: () => { most.hidden = !denoise.value; forget(); } });
  const dereverb = task.checkbox("dereverb", "remove reverberation", { onchange });
  const mix = task.slider("mix", "Mix", { onchange });
  const most = task.slider("max_attenuation_db", "Largest attenuation", { onchange });
  const eachChannel = task.checkbox("separate", "each channel by itself", { onchange });
  const views = ["A", "B"].map(name => ({ name, title: h("h3", {}, ""), canvas: h("canvas", { role: "img" }) }));
  const comparison = new Comparison();
  const keep = h("div.row", {});
  const result = new Result("Enhance shows the recording here, before and after, to be compared while it plays.",
    ...views.flatMap(view => [view.title, h("div.stage.flat", {}, view.canvas)]), comparison.element, keep);
  const state = { made: [], nCalls: 0 };

  panel.append(
    h("div.row.top", {}, source.element, h("div", {},
      h("div.row", {}, denoise, dereverb, eachChannel),
      h("div.row", {}, labelled("Model", model), mix, most),
      h("div.row", {}, h("button.primary", { onclick: guarded(() => enhance()) }, "Enhance"),
        h("button", { onclick: guarded(() => separate()), title: "Speech, and the music and effects under it, as two files" }, "Part speech from background")))),
    ...result.elements);

  /** Take the last result away: it is not that of the recording and the settings that are shown now. */
  function forget() {
    state.made = [];
    result.clear();
  }

  async function enhance() {
    const values = changes(...[denoise, dereverb, mix, eachChannel, most].filter(field => !field.hidden));
    if (model.value) values.model = model.value;
    const made = await process("enhance", values, { label: "enhanced" }, enhance);
    if (made) show(["Before", source.clip], ["After", made[0]], made, "Enhanced. Switch between before and after while it plays.");
  }

  async function separate() {
    const made = await process("separate", {}, {}, separate);
    if (!made) return;
    const [speech, background] = ["speech", "background"].map(stem => made.find(clip => clip.name.includes(`-${stem}.`)));
    show(["Speech", speech], ["Background", background], [speech, background], "Parted. Both files together are the recording.");
  }

  /** Run a task on the recording; return its clips, or nothing if the panel shows something else by then. */
  async function process(name, settings, facts, again) {
    const recording = source.ask(again);
    if (!recording) return null;
    const values = { source: source.reference(), ...settings };
    forget();
    const number = ++state.nCalls;
    const job = await run(name, values, { title: `${name[0].toUpperCase()}${name.slice(1)} ${recording.name}`, keep: { panel: "enhance", facts } });
    const made = await library.addJob(job, values, facts);
    if (source.clip !== recording || number !== state.nCalls) { say(`${made[0].name} is in the history.`); return null; }
    result.show(job.command);
    return made;
  }

  /** Show two clips, each with its title, and a button that saves each clip that was made. */
  function show(first, second, made, message) {
    state.made = made;
    [first, second].forEach(([title, clip], index) => {
      const { name, canvas, title: heading } = views[index];
      heading.textContent = `${title} (${name})`;
      canvas.setAttribute("aria-label", `Spectrogram and waveform: ${title.toLowerCase()}`);
      library.sound(clip).then(sound => drawClip(canvas, sound)).catch(complain);
      comparison.set(name, clip);
    });
    const what = made.length > 1 ? ["speech", "background"] : ["enhanced file"];
    keep.replaceChildren(...made.map((clip, index) =>
      h("button", { onclick: guarded(async () => save(await library.blob(clip), clip.name)) }, `Save the ${what[index]}`)));
    say(message);
  }

  /** Show the example with its result. */
  async function showExample() {
    forget();
    await source.set(NOISY, true);
    result.show(CLEAN.command);
    show(["Before", NOISY], ["After", CLEAN], [CLEAN], "First with its noise, then without. Switch between them by A and B.");
  }

  await source.set(NOISY, true).catch(() => {}); // the user has not asked for it
  takeCards("enhance", panel, () => showExample().catch(complain));
  receive("enhance", panel, { source }, complain);
  library.onChange(() => { if (state.made.some(clip => !library.get(clip.id))) forget(); });
  onKeys(panel, { x: () => comparison.other() });
}
