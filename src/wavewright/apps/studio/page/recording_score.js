// Scores of recordings: the notes that are found in one, and the score that is shown fitted to one.
import { fetchFile, run, ServerFile } from "./api.js";
import { changes, fieldsOf } from "./fields.js";
import { Slot } from "./slot.js";
import { counted, guarded, h, labelled, save, say, select } from "./ui.js";

const VALUES = [["", "as they are played"], ["16", "on sixteenths"], ["12", "on triplets"], ["8", "on eighths"]];

/** Return the form; `take(midi, command)` shows a score, and `midi()` returns the one that is shown. */
export async function recordingForm({ take, midi }) {
  const task = await fieldsOf("transcribe");
  const source = new Slot("Recording");
  const settings = [task.checkbox("polyphonic", "several voices"), task.checkbox("chords", "chords of the bars")];
  const quantise = select(VALUES, "");
  quantise.title = task.schemas.quantise.description;

  async function findNotes() {
    if (!source.ask(findNotes)) return;
    const values = { file: source.reference(), out: "notes.mid", ...changes(...settings), ...quantise.value && { quantise: Number(quantise.value) } };
    const job = await run("transcribe", values, { title: `Notes of ${source.clip.name}` });
    await take(await fetchFile(job.files[0]), job.command);
    say(`${counted(job.result.details.notes.length, "note")} of ${source.clip.name}.`);
  }

  async function fit() {
    const clip = source.ask(fit);
    if (!clip) return;
    const { name } = clip;
    const file = source.reference();
    const score = await midi();
    const values = { file, score: new ServerFile("score.mid", async () => score), out: "fitted.mid", page: "follow.html" };
    const job = await run("align", values, { title: `Fit the score to ${name}` });
    const [fitted, page] = [".mid", ".html"].map(ending => job.files.find(each => each.name.endsWith(ending)));
    await take(await fetchFile(fitted), job.command);
    saved.hidden = false;
    saved.onclick = guarded(async () => save(await fetchFile(page), page.name));
    const { notes: [advice = ""], details: { fit: agreement, start_seconds: start } } = job.result;
    say(`The score in the tempo of ${name}, which begins it at ${start.toFixed(2)} s; fit ${agreement.toFixed(2)} of 1. ${advice}`);
  }

  const saved = h("button", { hidden: true, title: "An HTML file that plays the recording and follows the score" }, "Save a page that follows it");
  return h("details", {}, h("summary", {}, "From a recording"),
    h("div.row.top", {}, source.element, h("div", {},
      h("div.row", {}, ...settings, labelled("Notes", quantise), h("button", { onclick: guarded(findNotes) }, "Find its notes")),
      h("div.row", {}, h("button", { onclick: guarded(fit), title: "Give the score the tempo of a recording of it" }, "Fit the score to it"), saved))));
}
