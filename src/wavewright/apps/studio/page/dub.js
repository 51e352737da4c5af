// Dub a recording: its lines on a timeline, their translations, each played by itself, and the whole.
import { fetchFile, run, ServerFile } from "./api.js";
import { drawClip } from "./drawing.js";
import { exampleFile, MORNING } from "./examples.js";
import { changes, fieldsOf } from "./fields.js";
import { library } from "./library.js";
import { connected, parsed } from "./mix_files.js";
import { literal } from "./mix_project.js";
import { decode, play } from "./player.js";
import { receive, sendTo } from "./send.js";
import { Slot } from "./slot.js";
import { complain, counted, drag, guarded, h, labelled, needed, Refusal, Result, say, save } from "./ui.js";

const PIXELS_PER_SECOND = 30;
const WIDEST = 8000; // pixels of a timeline
const SHORTEST = 0.1; // s of a line
const TIMES = ["start", "end"];
const TEXTS = ["speaker", "original", "text", "voice"];
const PROJECT_SUFFIX = ".toml";
const MIX_PROJECT = "/mix.toml"; // in the folder of the lines

/** Return the table of a line, without what was made of it. */
function tableOf(line) {
  const fields = ["number", ...TIMES, ...TEXTS].filter(name => line[name] || typeof line[name] === "number");
  return ["[[lines]]", ...fields.map(name => `${name} = ${TIMES.includes(name) ? line[name].toFixed(3) : literal(line[name])}`), ""].join("\n");
}

const SUBTITLES = { from: "morning.en.srt", to: "morning.de.srt" }; // of the example
const LANGUAGES = { from: "en", to: "de" };

/** Build the panel. */
export async function open(panel) {
  const task = await fieldsOf("dub");
  const source = new Slot("Recording to dub", () => { forgetExample(); forget(); });
  const subtitles = h("input", { type: "file", accept: ".srt,.vtt,.ass,.ssa" });
  const translation = h("input", { type: "file", accept: ".srt,.vtt,.ass,.ssa" });
  const from = h("input", { type: "text", value: LANGUAGES.from, size: 5, maxlength: 40 });
  const to = h("input", { type: "text", value: LANGUAGES.to, size: 5, maxlength: 40 });
  const speakers = task.number("speakers", "Speakers");
  const original = task.choice("original", "Original sound");
  const room = task.checkbox("room", "in the original's room");
  const canvas = h("canvas", { "aria-hidden": true });
  const marks = h("div.marks", { "aria-hidden": true });
  const strip = h("div.timeline", { tabindex: 0, role: "group", "aria-label": "Timeline of the lines" }, h("div.inner", {}, canvas, marks));
  const list = h("ol.lines");
  const state = { isExample: false, head: "", cast: "", name: "", lines: [], file: null, sound: null };

  const result = new Result("Find the lines shows them here, on a timeline, each with its translation.", strip, list, h("div.row", {},
    h("button.primary", { onclick: guarded(() => dubAll()) }, "Dub"), room,
    h("button", { onclick: guarded(() => openMix()) }, "Open on tracks"),
    h("button", { onclick: guarded(async () => save(new Blob([project()]), state.name)) }, "Save the project")));
  panel.append(
    h("div.row.top", {}, source.element, h("div", {},
      h("div.row", {}, labelled("Subtitles", subtitles), labelled("Translated subtitles", translation)),
      h("div.row", {}, labelled("Language", from), labelled("Into", to), speakers, original),
      h("div.row", {}, h("button.primary", { onclick: guarded(draft) }, "Find the lines")))),
    ...result.elements);

  /** Take the lines away: they are not those of the recording that is shown now. */
  function forget() {
    state.lines = [];
    result.clear();
  }

  /** Show the recording of the examples with its subtitles. */
  async function showExample() {
    await source.set(MORNING, true);
    for (const [field, name] of [[subtitles, SUBTITLES.from], [translation, SUBTITLES.to]]) {
      const files = new DataTransfer();
      files.items.add(new File([await exampleFile(name)], name));
      field.files = files.files;
    }
    state.isExample = true;
  }

  /** Take the subtitles of the example away, with its recording. */
  function forgetExample() {
    if (state.isExample) subtitles.value = translation.value = "";
    state.isExample = false;
  }

  /** Return the file of a field as one that tasks read; undefined without one. */
  function chosen(field) {
    const [file] = field.files;
    return file && new ServerFile(file.name, async () => file);
  }

  async function draft() {
    const recording = source.ask(draft, "Choose a recording, whose lines are shown then.");
    if (!recording) return;
    const file = source.reference();
    const values = { source: file, draft: true, to: to.value.trim(), ...changes(speakers, original) };
    const more = { from: from.value.trim(), subtitles: chosen(subtitles), translation: chosen(translation) };
    for (const [name, value] of Object.entries(more)) if (value) values[name] = value;
    const job = await run("dub", values, { title: `Lines of ${recording.name}` });
    const written = needed(job.files.find(each => each.name.endsWith(PROJECT_SUFFIX)), "The server wrote no project.");
    const text = await (await fetchFile(written)).text();
    if (source.clip !== recording) return;
    const [head] = text.split("\n[[lines]]\n");
    const cast = head.indexOf("\n[[cast]]\n");
    Object.assign(state, { head, cast: cast < 0 ? "" : head.slice(cast), name: written.name, lines: job.result.details.lines, file, sound: await library.sound(recording) });
    result.show(job.command);
    show();
    say(`${counted(state.lines.length, "line")}. Change them, play them, then dub.`);
  }

  function show() {
    const width = Math.min(WIDEST, Math.max(strip.clientWidth, PIXELS_PER_SECOND * state.sound.duration));
    strip.firstChild.style.width = `${width}px`;
    drawClip(canvas, state.sound).catch(complain);
    marks.replaceChildren(...state.lines.map(markOf));
    list.replaceChildren(...state.lines.map(rowOf));
  }

  /** Return the block of a line on the timeline, whose borders can be dragged. */
  function markOf(line) {
    const mark = h("div.mark", {}, h("span.border", { "data-side": "start" }), h("span", {}, String(line.number)), h("span.border", { "data-side": "end" }));
    line.place = () => {
      mark.style.left = `${100 * line.start / state.sound.duration}%`;
      mark.style.width = `${100 * (line.end - line.start) / state.sound.duration}%`;
    };
    mark.addEventListener("pointerdown", event => {
      const { side } = event.target.dataset;
      if (!side) { list.children[state.lines.indexOf(line)].querySelector("textarea").focus(); event.preventDefault(); return; }
      const secondsPerPixel = state.sound.duration / marks.clientWidth;
      const [from, at] = [event.clientX, line[side]];
      drag(event.target, event, moved => set(line, side, at + secondsPerPixel * (moved.clientX - from)), () => {});
    });
    line.place();
    return mark;
  }

  /** Set the start or end of a line, within the sound and at least SHORTEST apart. */
  function set(line, side, seconds) {
    const [low, high] = side === "start" ? [0, line.end - SHORTEST] : [line.start + SHORTEST, state.sound.duration];
    line[side] = Math.round(1000 * Math.min(Math.max(seconds, low), high)) / 1000;
    line.fields[side].value = line[side].toFixed(2);
    line.place();
  }

  /** Return the fields of a line: times, speaker, translation, and a button that speaks it. */
  function rowOf(line) {
    const { number } = line;
    line.fields = Object.fromEntries(TIMES.map(side => [side, h("input", {
      type: "number", step: "any", required: true, value: line[side].toFixed(2), "aria-label": `${side === "start" ? "Start" : "End"} of line ${number} in s`,
      onchange: event => { if (event.target.checkValidity()) set(line, side, event.target.valueAsNumber); },
    })]));
    const text = h("textarea", { rows: 1, "aria-label": `Translation of line ${number}`, oninput: () => { line.text = text.value; } });
    text.value = line.text;
    line.note = h("small.soft", {}, line.problem);
    return h("li", { value: number }, h("div.row", {}, line.fields.start, line.fields.end, h("span.soft", {}, [line.speaker, line.original].filter(Boolean).join(": "))),
      h("div.row", {}, text, h("button.small", { "aria-label": `Play line ${number}`, onclick: guarded(() => playLine(line)) }, "Play"), line.note));
  }

  /** Return the project as a file. */
  function project() { return `${state.head}\n\n${state.lines.map(tableOf).join("\n")}`; }

  /** Speak a line by itself, in its time. */
  async function playLine(line) {
    if (!line.text.trim()) throw new Refusal(`Line ${line.number} has no translation; write one.`);
    const seconds = line.end - line.start;
    const alone = { ...line, number: 1, start: 0, end: seconds };
    const head = `source = "line.srt"\nto_language = ${literal(to.value.trim())}\noriginal = "remove"\n${state.cast}`;
    const srt = new ServerFile("line.srt", async () => new Blob(["1\n00:00:00,000 --> 00:10:00,000\n-\n"]));
    const job = await run("dub", { source: new ServerFile("line.toml", async () => new Blob([`${head}\n\n${tableOf(alone)}`])), attachments: [srt] }, { title: `Line ${line.number}` });
    const [spoken] = job.result.details.lines;
    line.note.textContent = spoken.problem || `${spoken.seconds.toFixed(2)} s, ${spoken.rate.toFixed(2)} times the usual rate`;
    const wave = needed(job.files.find(each => each.name.endsWith(".wav") && !each.name.includes("/")), spoken.problem || "The line could not be spoken.");
    play(await decode(await fetchFile(wave)));
  }

  async function dubAll() {
    const job = await makeDub();
    const whole = job.files.filter(each => !each.name.includes("/"));
    const [clip] = await library.addJob({ ...job, files: whole }, {}, { label: "dubbed" });
    result.show(job.command);
    if (!clip) throw new Refusal("No line could be spoken; the reasons are beside the lines.");
    play(await library.sound(clip));
    say(`${clip.name} is in the history. ${counted(job.result.details.lines.filter(each => each.problem).length, "line")} with a note.`);
  }

  async function makeDub() {
    const values = { source: new ServerFile(state.name, async () => new Blob([project()])), attachments: [state.file], ...changes(room) };
    const job = await run("dub", values, { title: `Dub ${source.clip.name}` });
    for (const made of job.result.details.lines) {
      const line = state.lines.find(each => each.number === made.number);
      if (line) line.note.textContent = made.problem || `${made.rate.toFixed(2)} times the usual rate`;
    }
    return job;
  }

  /** Show the dub in the panel Mix: the original or its background, and each speaker, on tracks. */
  async function openMix() {
    const recording = source.clip;
    const job = await makeDub();
    const written = needed(job.files.find(each => each.name.endsWith(MIX_PROJECT)), "No line could be spoken; the reasons are beside the lines.");
    const folder = written.name.slice(0, -MIX_PROJECT.length);
    const mix = await parsed(await (await fetchFile(written)).text());
    const opened = await connected(mix, path => {
      const made = job.files.find(each => each.name === `${folder}/${path}`);
      if (made) return async () => (await library.addJob({ ...job, files: [made] }, {}, { label: "line" }))[0];
      return path.startsWith("../") ? async () => recording : null;
    });
    sendTo("mix", "project", { ...opened, project: { ...opened.project, title: recording.name.replace(/\.\w+$/, "") } });
  }

  await showExample().catch(() => {}); // the user has not asked for it
  receive("dub", panel, { source }, complain);
  library.onChange(() => { if (source.clip && !library.get(source.clip.id)) forget(); });
}
