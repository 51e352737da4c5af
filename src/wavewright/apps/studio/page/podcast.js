// Make an episode of a podcast of the recordings of its speakers, and say what was done.
import { run, ServerFile } from "./api.js";
import { NOISY } from "./examples.js";
import { changes, fieldsOf } from "./fields.js";
import { library } from "./library.js";
import { padOf } from "./pads.js";
import { takeResults } from "./pending.js";
import { receive } from "./send.js";
import { Slot } from "./slot.js";
import { checkbox, clock, complain, counted, guarded, h, labelled, Refusal, Result, save, say, select } from "./ui.js";

const FORMATS = [["mp3", "MP3"], ["m4a", "M4A"], ["opus", "Opus"], ["flac", "FLAC"], ["wav", "WAV"]];
const FIRST_SPEAKERS = 2;
const MOST_SPEAKERS = 16;

/** Build the panel. */
export async function open(panel) {
  const task = await fieldsOf("podcast");
  const speakers = [];
  const slots = h("div.row.top");
  const adder = h("button.small", { onclick: () => addSpeaker() }, "Add a speaker");
  const title = h("input", { type: "text", maxlength: 200, onchange: () => forget() });
  const artist = h("input", { type: "text", maxlength: 200, onchange: () => forget() });
  const chapters = h("textarea", { rows: 3, placeholder: "0:00 Welcome", spellcheck: "false", onchange: () => forget() });
  const cover = h("input", { type: "file", accept: "image/jpeg,image/png", onchange: () => forget() });
  const format = select(FORMATS, "mp3", () => forget());
  const loudness = task.number("loudness", "Loudness (LUFS)", { onchange: () => forget() });
  const pause = task.number("longest_pause", "Longest pause (s)", { onchange: () => forget() });
  const after = task.number("chapter_pause", "Chapters after pauses of (s)", { onchange: () => forget() });
  const noise = checkbox("remove noise", true, () => forget());
  noise.title = "Noise of each recording is removed.";
  const report = h("ul");
  const pads = h("div.pads.small");
  const result = new Result("The episode appears here, with a report of what was done.", pads, report,
    h("div.row", {}, h("button.primary", { onclick: guarded(async () => save(await library.blob(state.clip), state.clip.name)) }, "Save the episode")));
  const state = { clip: null, nCalls: 0 };

  panel.append(
    slots, h("div.row", {}, adder),
    h("div.row", {}, labelled("Title", title), labelled("By", artist), labelled("Cover", cover), labelled("Format", format)),
    labelled("Chapters: a line for each, with its time in the recordings", chapters),
    h("details", {}, h("summary", {}, "More settings"), h("div.row", {}, noise, loudness, pause, after)),
    h("div.row", {}, h("button.primary", { onclick: guarded(() => make()) }, "Make the episode")),
    ...result.elements);
  chapters.parentElement.classList.add("wide");

  function addSpeaker() {
    const slot = new Slot(`Speaker ${speakers.length + 1}`, () => forget());
    speakers.push(slot);
    slots.append(slot.element);
    adder.disabled = speakers.length === MOST_SPEAKERS;
    return slot;
  }

  /** Take the episode away: it is not that of the recordings and the settings that are shown now. */
  function forget() {
    state.clip = null;
    result.clear();
  }

  function values() {
    const given = speakers.filter(slot => slot.clip);
    const names = given.map(slot => slot.clip.name);
    if (new Set(given.map(slot => slot.clip.id)).size < given.length) throw new Refusal("Two speakers have the same recording; give each one a recording, or leave one empty.");
    const tags = [["title", title], ["artist", artist]].filter(([, field]) => field.value.trim()).map(([name, field]) => `${name}=${field.value.trim()}`);
    const lines = chapters.value.split("\n").map(line => line.trim()).filter(Boolean);
    const [picture] = cover.files;
    const stem = (title.value.trim() || names[0].replace(/\.\w+$/, "")).replace(/[^\p{L}\p{N}]+/gu, "-").toLowerCase().replace(/^-|-$/g, "");
    return {
      recordings: given.map(slot => slot.reference()), out: `${[...stem].slice(0, 40).join("")}-episode.${format.value}`, ...changes(loudness, pause, after),
      ...!noise.control.checked && { keep_noise: true }, ...tags.length && { tag: tags }, ...lines.length && { chapter: lines },
      ...picture && { cover: new ServerFile(picture.name, async () => picture) },
    };
  }

  async function make() {
    if (!speakers.some(slot => slot.clip) && !speakers[0].ask(make)) return;
    const chosen = values();
    forget();
    const number = ++state.nCalls;
    const facts = { label: "episode" };
    const job = await run("podcast", chosen, { title: "Make the episode", keep: { panel: "podcast", facts } });
    const clips = await library.addJob(job, chosen, facts);
    if (number === state.nCalls) show(job, clips);
  }

  function show(job, [clip]) {
    const { tracks, chapters: starts, n_pauses: nPauses, seconds_removed: removed, loudness_lufs: lufs, true_peak_db: peak } = job.result.details;
    const [{ seconds }] = job.result.files;
    state.clip = clip;
    result.show(job.command);
    pads.replaceChildren(padOf(clip, { title: "Episode" }));
    report.replaceChildren(...[
      `${clock(seconds)} long, ${lufs.toFixed(1)} LUFS, true peak ${peak.toFixed(1)} dB.`,
      ...tracks.map(sentenceOf),
      nPauses ? `${counted(nPauses, "pause")} shortened, ${removed.toFixed(1)} s taken out.` : "No pause was shortened.",
      ...starts.map(([start, name]) => `Chapter at ${clock(start)}: ${name}`),
    ].map(line => h("li", {}, line)));
    say("The episode is ready; chapters, tags and cover are in its file.");
  }

  while (speakers.length < FIRST_SPEAKERS) addSpeaker();
  await speakers[0].set(NOISY, true).catch(() => {}); // the user has not asked for it
  receive("podcast", panel, { "Speaker 1": speakers[0], "Speaker 2": speakers[1] }, complain);
  library.onChange(() => { if (state.clip && !library.get(state.clip.id)) forget(); });
  takeResults("podcast", ({ job, clips }) => show(job, clips));
}

/** Return what was done with the recording of one speaker. */
function sentenceOf({ file, loudness_lufs: lufs, gain_db: gain, noise_before_db: before, noise_after_db: after, n_clipped: nClipped }) {
  if (!Number.isFinite(lufs)) return `${file}: silent.`;
  const clipped = nClipped ? ` It was clipped at ${counted(nClipped, "peak")} when it was recorded.` : "";
  return `${file}: noise from ${before.toFixed(0)} to ${after.toFixed(0)} dB, level ${gain >= 0 ? "+" : "−"}${Math.abs(gain).toFixed(1)} dB.${clipped}`;
}
