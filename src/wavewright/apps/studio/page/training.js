// Train models: drop a folder, look at it, start, watch the curves, hear samples, stop, resume.
import { describe, fetchFile, fetchJson, follow, postJson, run, sendFiles, ServerError, start as startTask } from "./api.js";
import { drawCurves, short, showLegend } from "./drawing.js";
import { KIT } from "./examples.js";
import { fieldsOf } from "./fields.js";
import { droppedFiles, filesOf, folderOf, isSound } from "./folder.js";
import { library } from "./library.js";
import { onModels, refreshModels } from "./models.js";
import { decode, play } from "./player.js";
import { checkbox, chosenFiles, commandBox, complain, counted, fill, firstFree, foretell, guarded, h, jobRow, labelled, Refusal, say, select } from "./ui.js";
import { VoiceRecorder } from "./voice.js";

const POLL_MS = 2000;
const MOST_CURVES = 6;
const FIRST_FAMILY = "gan";
const FIRST_MINUTES = 30; // in the field, until another number is typed
const VOICE = { family: "acoustic", base: "en" }; // of recordings of the panel
const EXAMPLE = "example-drums"; // model of the recordings with which the panel opens
const CALL = "wavewright-studio-run-"; // before the name of a run: how it was begun

/** Build the panel. */
export async function open(panel) {
  const [{ families, training_problem: problem }, task] = await Promise.all([describe(), fieldsOf("train")]);
  const { default: usualSize } = task.schemas.size;
  const state = { files: [], job: null, run: null };
  const chooser = h("input", { type: "file", multiple: true, webkitdirectory: true, hidden: true, onchange: guarded(() => take(filesOf(chosenFiles(chooser)))) });
  const drop = h("div.slot", { role: "group", "aria-label": "Folder of recordings" }, h("h3", {}, "Recordings"),
    h("p", {}, "Drop a folder here. Its subfolders are the labels."), h("button", { onclick: () => chooser.click() }, "Choose a folder"), chooser);
  const contents = h("p", { "aria-live": "polite" });
  const report = h("div");
  const family = select(families.map(each => [each.name, `${each.name}: ${each.summary}`]), FIRST_FAMILY, async () => { showSizes(); await showBases(); check(); });
  const size = select([], "", () => check());
  const base = select([], "", () => check());
  const name = h("input", { pattern: "[A-Za-z0-9_\\-]+", onchange: () => check() });
  const minutes = task.number("max_minutes", "Minutes", { value: FIRST_MINUTES });
  const settings = h("input", { placeholder: "training.batch_size=8", spellcheck: "false", onchange: () => check() });
  const consent = checkbox("I have the consent of everyone who speaks in the recordings", false);
  const start = h("button.primary", { onclick: guarded(() => train(false)) }, "Start training");
  const stopper = h("button.stop", { disabled: true, onclick: guarded(() => stopTraining()) }, "Stop and save");
  const resume = h("button", { onclick: guarded(() => train(true)) }, "Resume");
  const runs = select([["", "choose a run …"]], "", () => choose(runs.value).catch(complain));
  const curves = h("canvas", { role: "img", "aria-label": "No curves yet" });
  const legend = h("div.legend");
  const progress = h("p", { "aria-live": "polite" });
  const warnings = h("ul", { "aria-label": "What went wrong", "aria-live": "polite" });
  const samples = h("div.row", {}, h("p.soft", {}, "What the model makes appears here while it trains."));
  const stage = h("div.stage.flat", { "data-empty": "The curves of the training appear here." }, curves);
  const command = commandBox();

  const voice = new VoiceRecorder(useVoice);

  panel.append(
    drop, voice.element, contents, h("div.row", {}, h("button", { onclick: guarded(() => inspect()) }, "Inspect")), report,
    h("div.row", {}, labelled("Family", family), labelled("Size", size), labelled("Start from", base), labelled("Name of the model", name), minutes, labelled("Settings, separated by spaces", settings), consent),
    h("div.row", {}, start, stopper, resume, labelled("Runs on this machine", runs)),
    command, progress, warnings, stage, legend, h("h3", {}, "Samples"), samples,
  );

  function showSizes() {
    const { sizes } = families.find(each => each.name === family.value);
    fill(size, sizes, sizes.includes(usualSize) ? usualSize : sizes[0]);
  }

  /** Show the models whose weights a training of the family may start from. */
  async function showBases(wanted = base.value) {
    const { families: described } = await describe();
    const { bases } = described.find(each => each.name === family.value);
    fill(base, [["", "nothing"], ...bases.map(each => [each, each])], wanted);
    base.value ||= "";
  }

  /** Train a voice on the recordings of the panel. */
  async function useVoice(files) {
    await take(files);
    family.value = VOICE.family;
    showSizes();
    await showBases(VOICE.base);
    say(consent.control.checked ? "Press Start training." : "If you have the consent of who speaks, tick the box, then press Start training.");
    start.scrollIntoView({ block: "nearest" });
  }

  async function take(files) {
    Object.assign(state, { files: [], references: [], isExample: false }); // what was shown is of another folder
    contents.textContent = "";
    report.replaceChildren();
    command.show("");
    if (!files.length) { say("There is no sound file in that folder."); return; }
    const placed = folderOf(files);
    const controller = new AbortController();
    const row = jobRow(`Sending ${counted(files.length, "file")}`, controller);
    try {
      await sendFiles(placed.map(each => each.file), controller.signal, fraction => row.update({ progress: fraction, state: "running" }));
    } finally { row.close(); }
    state.files = placed;
    contents.textContent = contentsOf(placed);
    const folder = files[0].path.split("/")[0].replace(/[^\w-]+/g, "-").toLowerCase();
    if (folder && files[0].path.includes("/")) name.value = folder;
    await inspect();
  }

  function chooseFolder(next) {
    chooser.click();
    say(`Choose the folder of recordings${next ? `, then ${next}` : ""}.`);
  }

  async function inspect() {
    if (!state.files.length) { chooseFolder(); return; }
    const job = await run("data-inspect", { folder: state.files }, { title: "Inspect the recordings" });
    command.show(job.command);
    const found = { ...job.result.details, ...job.result };
    const rows = [["Clips", found.n_clips], ["Length", `${(60 * found.hours).toFixed(1)} min`], ["Labels", listed(found.labels)], ["Sample rates", listed(found.sample_rates, " Hz")],
      ["Seconds, shortest to longest", `${short(found.seconds.min)} to ${short(found.seconds.max)}`], ["Peak, median", `${short(found.peak_db.median)} dB`],
      ["Clipped", found.clipped.length], ["Silent", found.silent.length], ["Duplicates", found.duplicates.length], ["Cannot be used", found.failed.length]];
    report.replaceChildren(
      h("div.scroll", {}, h("table", {}, h("tbody", {}, ...rows.map(([title, value]) => h("tr", {}, h("th", { scope: "row" }, title), h("td", {}, String(value))))))),
      found.warnings.length ? h("ul", {}, ...found.warnings.map(warning => h("li", {}, warning))) : h("p", {}, "Nothing about these recordings speaks against training on them."));
    say(`${counted(found.n_clips, "clip")} inspected.`);
  }

  /** Return what the fields say of a new training. */
  function fieldValues() {
    return { out: name.value.trim(), family: family.value, size: size.value, set: settings.value.split(/\s+/).filter(Boolean), ...base.value && { from: base.value } };
  }

  /** Say at once what a training would refuse of the fields. */
  function check() { postJson("/studio/training", { ...fieldValues(), is_draft: true }).catch(complain); }

  async function train(isResumed) {
    if (state.job) throw new Refusal("A training runs already; stop it first.");
    if (!isResumed && !state.files.length) { chooseFolder(`press ${start.textContent}`); return; }
    const out = name.value.trim();
    const begun = isResumed ? callOf(out) : null;
    const values = { ...fieldValues(), ...begun?.values };
    if (isResumed) delete values.from; // a run that is resumed knows where it began
    if (consent.control.checked) values.i_have_consent = true;
    await postJson("/studio/training", { ...values, resume: isResumed });
    values.folder = isResumed && (state.isExample || !state.files.length) ? resumable(begun, out) : state.files;
    Object.assign(values, isResumed ? await lengthOfResumed(out) : { max_minutes: minutes.value });
    const job = await startTask("train", values).catch(error => {
      if (!["upload_not_found", "file_not_found"].includes(error.code)) throw error;
      throw new Refusal(`The recordings of ${out} are no longer on the server; drop their folder again, then press Resume.`);
    });
    remember(out, values);
    attend(job);
    say(`Training ${out}; you may leave this panel.`);
  }

  /** Keep how a run was begun, so that it can be resumed after a reload. */
  function remember(out, { family: itsFamily, size: itsSize, set, folder }) {
    const references = folder.map(each => each.file ? { ...each.file.reference, path: each.path } : each);
    try {
      localStorage.setItem(CALL + out, JSON.stringify({ values: { family: itsFamily, size: itsSize, set }, references }));
    } catch { /* no room: the folder is dropped again */ }
  }

  /** Return how a run was begun in this browser, or null. */
  function callOf(out) {
    try { return JSON.parse(localStorage.getItem(CALL + out)); } catch { return null; }
  }

  /** Return the recordings that the server has of the last call of a run. */
  function resumable(begun, out) {
    if (!begun?.references?.length) throw new Refusal(`Drop the folder of the recordings of ${out} first, then press Resume.`);
    return begun.references;
  }

  /** Show a run, and let the fields be those with which it is resumed. */
  async function choose(chosen) {
    watch(chosen);
    if (!chosen) return;
    name.value = chosen;
    const record = await recordOf(chosen);
    const values = callOf(chosen)?.values || { family: record.family, set: [] };
    family.value = values.family;
    showSizes();
    if (values.size) size.value = values.size;
    settings.value = values.set.join(" ");
  }

  /** Return the options by which a run goes on for the minutes of the field, whatever its plan has left. */
  async function lengthOfResumed(name) {
    const wanted = minutes.value;
    const { minutes_left: left } = await recordOf(name);
    return { resume: true, ...(left === null || wanted <= left ? { max_minutes: wanted } : { more_minutes: wanted - left }) };
  }

  /** Show a training until it ends. */
  function attend(job) {
    state.job = job;
    state.message = "";
    stopper.disabled = false;
    command.show(job.command);
    watch(job.run);
    const stopping = new AbortController();
    stopping.signal.addEventListener("abort", () => stopTraining().catch(complain));
    const row = jobRow(`Training ${job.run}`, stopping, "Stop and save"); // it is shown on every panel
    follow(job, null, shown => { row.update(shown); state.message = shown.message; if (state.run === job.run) showProgress(); })
      .catch(error => ({ state: "failed", error: error.message }))
      .then(async ended => {
        row.close();
        const [run] = await Promise.all([recordOf(job.run).catch(() => null), refreshModels().catch(complain), listRuns().catch(complain)]);
        state.job = null;
        stopper.disabled = true;
        await refresh().catch(() => {});
        if (ended.state === "failed") throw new ServerError(ended.error);
        say(sentenceOf(ended, job.run, run));
      }).catch(complain);
  }

  /** Return what has become of a training. */
  function sentenceOf(ended, name, run) {
    const model = run?.is_model ? `${name} is a model now, and is in the lists of models.` : "";
    if (ended.state === "done") return model;
    return run ? `The training of ${name} was stopped; Resume continues it. ${model}` : `The training of ${name} was stopped before it began.`;
  }

  /** Show a training that goes on although the page was loaded anew. */
  async function attendRunning() {
    const { jobs } = await fetchJson("/v1/jobs");
    const job = jobs.find(each => each.task === "train" && ["queued", "running"].includes(each.state));
    if (job && !state.job) attend(job);
  }

  async function stopTraining() {
    if (!state.job) { say("No training runs."); return; }
    say("Stopping: the checkpoint and the model are saved first.");
    await postJson(`/v1/jobs/${state.job.id}/stop?wait=60`, {});
  }

  /** Show the curves and samples of a run, again and again while it trains. */
  function watch(runName) {
    Object.assign(state, { run: runName, record: null });
    clearInterval(state.timer);
    if (!runName) return;
    state.timer = setInterval(() => { if (!panel.hidden && state.job) refresh().catch(() => {}); }, POLL_MS);
    refresh().catch(() => {});
  }

  /** Show how far the run is: the job that trains it knows the step and the plan, its log what was recorded. */
  function showProgress() {
    const { job, message, record, run: name } = state;
    const step = job?.run === name && message ? message : `step ${record?.step ?? 0}`;
    progress.textContent = `${name}: ${step}${record ? `, ${record.minutes.toFixed(1)} min${record.is_model ? ", a model" : ""}` : ""}.`;
  }

  async function refresh() {
    if (!state.run) return;
    const record = await recordOf(state.run);
    const shown = Object.fromEntries(Object.entries(record.curves).slice(0, MOST_CURVES));
    drawCurves(curves, shown);
    foretell(stage, Object.keys(shown).length ? "" : "The curves of the training appear here.");
    const latest = Object.entries(shown).map(([title, points]) => `${title} ${short(points.at(-1)[1])}`);
    curves.setAttribute("aria-label", `Curves of ${state.run}: ${latest.join(", ") || "none yet"}`);
    showLegend(legend, latest);
    state.record = record;
    showProgress();
    if (warnings.childElementCount !== record.warnings.length) warnings.replaceChildren(...record.warnings.map(sentence => h("li", {}, sentence)));
    const known = new Set([...samples.querySelectorAll("button")].map(each => each.dataset.name));
    const names = record.samples.map(each => each.name);
    if (names.length !== known.size || names.some(each => !known.has(each))) {
      samples.replaceChildren(...record.samples.map(sample => h("button", { "data-name": sample.name, onclick: guarded(async () => {
        play(await decode(await fetchFile(sample), sample.name));
      }) }, `▶ step ${sample.step}`)));
    }
  }

  async function listRuns() {
    const { runs: found } = await fetchJson("/studio/runs");
    fill(runs, [["", found.length ? "choose a run …" : "no runs yet"], ...found.map(each => [each.name, `${each.name} (${each.family})`])], state.run || "");
    return found.map(each => each.name);
  }

  /** Show the recordings of the examples, and a name that no run has. */
  function showExample(known) {
    state.isExample = true; // a run that is resumed has recordings of its own
    state.files = KIT.map(clip => library.file(clip).at(`${clip.label}/${clip.name}`));
    contents.textContent = `Examples, until you drop a folder of your own: ${contentsOf(state.files)}`;
    name.value = firstFree(known, number => EXAMPLE + number);
  }

  for (const type of ["dragover", "dragenter"]) drop.addEventListener(type, event => { event.preventDefault(); drop.classList.add("over"); });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", event => {
    event.preventDefault();
    drop.classList.remove("over");
    droppedFiles(event.dataTransfer).then(take).catch(complain);
  });
  showSizes();
  await showBases();
  onModels(() => showBases());
  showExample(await listRuns());
  if (problem) {
    start.disabled = resume.disabled = true;
    start.after(h("p", {}, problem));
  }
  await attendRunning();
}

/** Return what is in a folder: files, and how many each label has. */
function contentsOf(placed) {
  const sounds = placed.filter(({ path }) => isSound({ name: path }));
  if (placed.some(({ path }) => /^metadata\.csv$/i.test(path))) return `${counted(sounds.length, "recording")} with their texts.`;
  const labels = new Map();
  for (const { path } of placed) {
    const label = path.includes("/") ? path.split("/")[0] : "no label";
    labels.set(label, (labels.get(label) || 0) + 1);
  }
  return `${counted(placed.length, "file")}: ${[...labels].map(([label, count]) => `${label} ${count}`).join(", ")}.`;
}

function recordOf(name) { return fetchJson(`/studio/runs/${encodeURIComponent(name)}`); }

function listed(counts, unit = "") { return Object.entries(counts).map(([key, count]) => `${key}${unit} (${count})`).join(", "); }
