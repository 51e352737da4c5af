// Record the sentences of a voice one by one, checked as they are recorded, kept until a voice is trained on them.
import { library } from "./library.js";
import { playClip } from "./pads.js";
import { record } from "./record.js";
import { SENTENCES } from "./sentences.js";
import { chosenFiles, complain, counted, guarded, h, Refusal, save, say } from "./ui.js";
import { zip } from "./zip.js";

const KEPT = "wavewright-studio-voice"; // sentences, and the clip of each that is recorded
const FOLDER = "my-voice";
const CLIPPED = 0.99; // peak
const FAINT = 0.03;
const SECONDS_PER_WORD = 0.12; // of the fastest reader
const MOST_SENTENCES = 999;

/** The sentences with their recordings; `use(files)` takes them as a folder of a voice, `[{ file, path }]`. */
export class VoiceRecorder {
  constructor(use) {
    Object.assign(this, { at: 0, recording: null, ...stored() });
    this.text = h("p.sentence", { "aria-live": "polite" });
    this.progress = h("progress", { "aria-label": "Sentences that are recorded" });
    this.count = h("span.soft");
    this.button = h("button", { onclick: guarded(() => this.press()) }, "Record");
    this.player = h("button", { onclick: guarded(() => playClip(this.take())) }, "Play the sentence");
    this.back = h("button", { onclick: () => this.show(this.at - 1) }, "Previous");
    this.next = h("button", { onclick: () => this.show(this.at + 1) }, "Next");
    const texts = h("input", { type: "file", accept: ".txt,text/plain", onchange: guarded(() => this.open(chosenFiles(texts)[0])) });
    this.element = h("details", {}, h("summary", {}, h("h3", {}, "Record a voice")),
      h("p.soft", {}, "Read each sentence as it stands, in a quiet room, a hand's width from the microphone. Fifty take five minutes and make a first voice; more sound better."),
      this.text, h("div.row", {}, this.button, this.player, this.back, this.next, this.progress, this.count),
      h("div.row", {}, h("button", { onclick: guarded(async () => use(await this.files())) }, "Train on these recordings"),
        h("button", { onclick: guarded(async () => this.export(await this.files())), title: "A folder for wavewright train" }, "Save the recordings"),
        h("button", { onclick: () => texts.click(), title: "A text file with one sentence in each line, in any language" }, "Open other sentences")));
    library.keepFor(() => Object.values(this.takes));
    library.onChange(() => this.show(this.at));
    const first = this.missing();
    this.show(first < 0 ? 0 : first);
  }

  /** Return the recording of a sentence, undefined if there is none. */
  take(index = this.at) { return library.get(this.takes[index]); }

  /** Return the first sentence from `start` on that is not recorded, -1 if there is none. */
  missing(start = 0) { return this.sentences.findIndex((_, index) => index >= start && !this.take(index)); }

  show(index) {
    this.at = Math.max(0, Math.min(this.sentences.length - 1, index));
    this.text.textContent = this.sentences[this.at];
    const nTaken = this.sentences.filter((_, each) => this.take(each)).length;
    Object.assign(this.progress, { max: this.sentences.length, value: nTaken });
    this.count.textContent = `Sentence ${this.at + 1} of ${this.sentences.length}, ${nTaken} recorded`;
    if (!this.recording) this.button.textContent = this.take() ? "Record again" : "Record";
    this.player.disabled = !this.take();
    this.back.disabled = Boolean(this.recording) || this.at === 0;
    this.next.disabled = Boolean(this.recording) || this.at === this.sentences.length - 1;
  }

  async press() {
    if (!this.recording) {
      this.recording = await record();
      this.show(this.at);
      this.button.textContent = "Stop";
      say("Recording. Read the sentence, then press Stop.");
      return;
    }
    const { stop } = this.recording;
    this.recording = null;
    const { at, sentences: { [at]: sentence } } = this;
    try {
      const { blob, sound } = await stop();
      const problem = problemOf(sound, sentence);
      if (problem) throw new Refusal(problem);
      const before = this.take(at);
      const clip = await library.add(blob, { name: `${numberOf(at)}.wav`, label: "voice", task: "record", text: sentence });
      this.takes[at] = clip.id;
      this.store();
      if (before) await library.remove([before]);
      const next = this.missing(at + 1);
      this.show(next < 0 ? at : next);
      library.changed();
      say(this.missing() < 0 ? "All sentences are recorded: train on these recordings." : `Sentence ${at + 1} is recorded.`);
    } finally { this.show(this.at); }
  }

  async open(file) {
    if (!file) return;
    const sentences = (await file.text()).split("\n").map(line => line.trim()).filter(Boolean).slice(0, MOST_SENTENCES);
    if (!sentences.length) throw new Refusal(`${file.name} has no sentences; give a text file with one in each line.`);
    Object.assign(this, { sentences, takes: {} });
    this.store();
    this.show(0);
    say(`${counted(sentences.length, "sentence")} of ${file.name}.`);
  }

  /** Return the recordings as a folder in the layout of LJSpeech. */
  async files() {
    const taken = this.sentences.map((sentence, index) => ({ sentence, index, clip: this.take(index) })).filter(each => each.clip);
    if (!taken.length) throw new Refusal("No sentence is recorded yet; press Record and read the one that is shown.");
    const lines = taken.map(({ sentence, index }) => `${numberOf(index)}|${sentence.replaceAll("|", " ")}\n`);
    const sounds = await Promise.all(taken.map(async ({ index, clip }) => ({ path: `${FOLDER}/wavs/${numberOf(index)}.wav`, blob: await library.blob(clip) })));
    const all = [{ path: `${FOLDER}/metadata.csv`, blob: new Blob(lines) }, ...sounds];
    return all.map(({ path, blob }) => ({ path, file: new File([blob], path.split("/").pop()) }));
  }

  async export(files) {
    save(await zip(files.map(({ path, file }) => ({ name: path, blob: file }))), `${FOLDER}.zip`);
    say(`${counted(files.length - 1, "recording")} saved: unpack them, then wavewright train ${FOLDER} --family acoustic --from en.`);
  }

  store() {
    try { localStorage.setItem(KEPT, JSON.stringify({ sentences: this.sentences, takes: this.takes })); } catch (error) { complain(error); }
  }
}

function numberOf(index) { return String(index + 1).padStart(3, "0"); }

function stored() {
  try {
    const { sentences, takes } = JSON.parse(localStorage.getItem(KEPT));
    if (sentences.length) return { sentences, takes };
  } catch { /* none */ }
  return { sentences: SENTENCES, takes: {} };
}

/** Return why a recording of a sentence cannot be used, "" if nothing is known against it. */
function problemOf(sound, sentence) {
  const peak = sound.getChannelData(0).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (peak >= CLIPPED) return "This was too loud and is clipped; lower the level of the microphone, and record it again.";
  if (peak < FAINT) return "This was too soft; come closer or raise the level of the microphone, and record it again.";
  if (sound.duration < SECONDS_PER_WORD * sentence.split(/\s+/).length) return "This is shorter than the sentence; record it again to its end.";
  return "";
}
