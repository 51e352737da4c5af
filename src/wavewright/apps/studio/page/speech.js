// Speech that is played while it is computed, its words marked; styles, and a lexicon of one's own.
import { describe, fetchFile, fetchJson, jsonOptions, request, run, ServerError, ServerFile } from "./api.js";
import { takeCards } from "./examples.js";
import { changes, Fields, fieldsOf } from "./fields.js";
import { library } from "./library.js";
import { modelSelect } from "./models.js";
import { SampleStream, stop } from "./player.js";
import { chosenFiles, commandBox, guarded, h, jobRow, labelled, Refusal, save, say, select } from "./ui.js";

const RATE = 24_000; // Hz, of the format pcm
const LEXICON = "wavewright-studio-lexicon";
const WORD = /^[\p{L}\p{N}'’]+$/u; // as ssmlOf finds words in a text
const FIRST_TEXT = "Hello! This voice was trained on a laptop. Every word is marked as you hear it.";

/** Build the panel. */
export async function open(panel) {
  const [{ styles, style_strength: strengths }, task] = await Promise.all([describe(), fieldsOf("speak")]);
  const text = h("textarea", { rows: 4, value: "" });
  text.value = FIRST_TEXT;
  const languages = new Map(); // of the voices, without regions
  const voice = await modelSelect(async () => (await fetchJson("/v1/audio/voices")).voices.map(each => {
    languages.set(each.id, each.language.replace(/-.*/, ""));
    return [each.id, `${each.name} (${each.language})`];
  }), undefined, () => lexicon.show());
  const style = select([["", "neutral"], ...styles], "", () => { strength.hidden = !style.value; });
  const strength = new Fields("style", { strength: strengths }).slider("strength");
  strength.hidden = true;
  const sliders = [task.slider("rate"), task.slider("pitch"), task.slider("range", "Intonation"), task.slider("energy", "Effort"), task.slider("volume_db", "Gain")];
  const seed = task.number("seed");
  const shown = h("div.spoken", { role: "region", "aria-label": "Spoken text" }, h("span.soft", {}, "The text appears here with its words marked."));
  const start = h("button.primary", { onclick: guarded(() => speak()) }, "Speak");
  const command = commandBox();
  const first = h("span.soft");
  const saved = h("button", { disabled: true }, "Save WAV");
  const kept = h("button", { disabled: true }, "Keep in history");
  const lexicon = new LexiconEditor(() => languages.get(voice.value) ?? "en");

  panel.append(
    labelled("Text, or SSML that starts with <speak>", text),
    h("div.row", {}, labelled("Voice", voice), labelled("Style", style), strength, start),
    h("details", {}, h("summary", {}, "Prosody and seed"), h("div.row", {}, ...sliders, seed,
      h("button.small", { onclick: () => { for (const field of sliders) field.reset(); } }, "Reset"))),
    shown,
    h("div.row", {}, saved, kept, h("button", { onclick: guarded(() => toFile()) }, "Speak to a file with subtitles"), first),
    command,
    lexicon.element,
  );
  panel.querySelector("textarea").parentElement.classList.add("wide");

  takeCards("speech", panel, ({ speech, voice: speaker }) => {
    text.value = speech;
    voice.value = speaker;
    lexicon.show();
    shown.textContent = speech;
  });

  /** Return the settings that differ from the defaults, for the server and the command line. */
  function settings() {
    const values = changes(...sliders, seed);
    if (style.value) values.style = strength.isDefault ? style.value : `${style.value}:${strength.value}`;
    return values;
  }

  /** Stream the text; each event has samples, or words with their times. */
  async function speak() {
    const spoken = text.value;
    saved.disabled = kept.disabled = true; // they keep what was spoken last
    const marks = new WordMarks(shown, spoken);
    const body = { input: spoken, ...lexicon.field(), voice: voice.value, response_format: "pcm", stream_format: "sse", word_timestamps: true, ...settings() };
    if (body.rate !== undefined) { body.speed = body.rate; delete body.rate; }
    const controller = new AbortController();
    const row = jobRow("Speaking", controller);
    const stream = new SampleStream(RATE);
    const started = performance.now();
    let isFirst = true;
    stream.finished.then(() => { controller.abort(); marks.clear(); });
    requestAnimationFrame(function follow() {
      if (marks.show(stream.position())) requestAnimationFrame(follow);
    });
    command.show(commandLine(spoken, { voice: voice.value, ...settings() }, lexicon.words.length > 0));
    try {
      for await (const event of speechEvents(body, controller.signal)) {
        if (event.words) marks.add(event.words);
        if (!event.audio) continue;
        if (isFirst) {
          isFirst = false;
          first.textContent = `First sound after ${Math.round(performance.now() - started)} ms.`;
          say("Speaking; Escape stops.");
        }
        stream.push(samplesOf(event.audio));
      }
    } catch (error) {
      stop();
      if (error.name !== "AbortError") throw error;
    } finally {
      row.close();
      stream.close();
    }
    const blob = stream.wav();
    const name = `speech-${voice.value}.wav`;
    saved.disabled = kept.disabled = !stream.chunks.length;
    saved.onclick = () => save(blob, name);
    kept.onclick = guarded(async () => {
      await library.add(blob, { name, task: "speak", label: "speech", parameters: { text: spoken, ...settings() }, command: command.querySelector("code").textContent });
      library.changed();
      say(`${name} is in the history.`);
    });
  }

  /** Speak by a job, which writes subtitles, and applies the lexicon as a file. */
  async function toFile() {
    const values = { text: text.value, voice: voice.value, subtitles: "speech.srt", ...settings() };
    const words = lexicon.file();
    if (words) values.lexicon = words;
    const facts = { label: "speech" };
    const job = await run("speak", values, { title: "Speak to a file", keep: { panel: "speech", facts } });
    command.show(job.command);
    for (const file of job.files) save(await fetchFile(file), file.name.split("/").pop());
    await library.addJob(job, values, facts);
    say(`${job.files.map(file => file.name).join(" and ")} saved.`);
  }
}

/** Yield the events of a stream of speech. */
async function* speechEvents(body, signal) {
  const reply = await request("/v1/audio/speech", { ...jsonOptions(body), signal });
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let pending = "";
  for (;;) {
    const { value, done } = await reader.read().catch(error => {
      throw error.name === "AbortError" ? error : new ServerError("The speech broke off: the server does not answer; try again.");
    });
    if (done) return;
    pending += value;
    const events = pending.split("\n\n");
    pending = events.pop();
    for (const event of events) yield JSON.parse(event.slice(event.indexOf("data: ") + 6));
  }
}

/** Return the 16-bit samples of base64 text. */
function samplesOf(base64) {
  const bytes = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0));
  return new Int16Array(bytes.buffer);
}

/** The text with the word that is spoken now marked. */
class WordMarks {
  constructor(element, text) {
    this.element = element;
    this.text = shownTextOf(text);
    this.words = [];
    this.position = 0;
    this.isOver = false;
    this.marked = null;
    element.textContent = this.text;
  }

  /** Add words with their times; they are looked up in the text from the last one on. */
  add(words) {
    for (const word of words) {
      const found = this.text.indexOf(word.text, this.position);
      const last = this.words[this.words.length - 1];
      if (found < 0) { // a further word of the same text: 1984 is two
        if (last?.text === word.text) last.end = word.end;
        continue;
      }
      this.words.push({ ...word, from: found, to: found + word.text.length });
      this.position = found + word.text.length;
    }
  }

  /** Mark the word of a time; return whether speech goes on. */
  show(seconds) {
    if (this.isOver) return false;
    const word = this.words.findLast(each => each.start <= seconds) || null;
    if (word === this.marked) return true;
    this.marked = word;
    if (word) {
      this.element.replaceChildren(this.text.slice(0, word.from), h("mark", {}, this.text.slice(word.from, word.to)), this.text.slice(word.to));
    }
    return true;
  }

  clear() { this.isOver = true; this.element.textContent = this.text; }
}

const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** Return the text of SSML without its tags, also where it is malformed, with which the server refuses it. */
function shownTextOf(text) {
  if (!text.trimStart().startsWith("<speak")) return text;
  return text.replace(/<[^>]*>/g, "").replace(/&(\w+);/g, (entity, name) => ENTITIES[name] ?? entity);
}

/** Return the command line that speaks the same. */
function commandLine(text, values, hasLexicon) {
  const options = Object.entries(values).map(([name, value]) => `--${name.replace("_", "-")} ${quoted(String(value))}`);
  return ["wavewright speak", quoted(text), ...options, ...(hasLexicon ? ["--lexicon lexicon.txt"] : [])].join(" ");
}

/** Return a word of a POSIX shell. */
export function quoted(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * Words with their phones, kept in the browser for all its tabs; those of the language of the voice are sent with each
 * request, as a file in jobs.
 */
class LexiconEditor {
  constructor(language) {
    this.language = language;
    this.word = h("input", { autocomplete: "off", spellcheck: "false" });
    this.phones = h("input", { autocomplete: "off", spellcheck: "false" });
    this.rows = h("tbody");
    const load = h("input", { type: "file", accept: ".txt,text/plain", hidden: true, onchange: guarded(() => this.load(chosenFiles(load)[0])) });
    this.element = h("details", {}, h("summary", {}, "Lexicon"),
      h("p.soft", {}, "Words that voices of this language say in your way, as phones (ARPAbet or IPA). Look up a word to see the phones that it has now."),
      h("div.row", {}, labelled("Word", this.word), h("button", { onclick: guarded(() => this.lookUp()) }, "Look up"),
        labelled("Phones", this.phones), h("button", { onclick: guarded(() => this.add()) }, "Add")),
      h("div.scroll", {}, h("table", {}, h("thead", {}, h("tr", {}, h("th", {}, "Word"), h("th", {}, "Phones"), h("th", {}, h("span", {}, "Change")))), this.rows)),
      h("div.row", {}, h("button.small", { onclick: () => save(new Blob([textOf(this.words)], { type: "text/plain" }), "lexicon.txt") }, "Save lexicon.txt"),
        h("button.small", { onclick: () => load.click() }, "Open lexicon.txt"), load));
    addEventListener("storage", event => { if (event.key === LEXICON) this.show(); });
    this.show();
  }

  /** The words of the language of the voice, as all tabs have them: `[word, phones]`. */
  get words() { return storedWords().filter(isOf(this.language())); }

  /** Change the words of a language. */
  change(action, language = this.language()) {
    const [words, others] = [storedWords().filter(isOf(language)), storedWords().filter(each => !isOf(language)(each))];
    localStorage.setItem(LEXICON, JSON.stringify([...others, ...action(words).map(([word, phones]) => [word, phones, language])]));
    this.show();
  }

  /** Take the words of a lexicon file, which the server checks. */
  async load(file) {
    if (!file) return;
    const lines = (await file.text()).split("\n").map(line => line.replace(/#.*/, "").trim()).filter(Boolean);
    const words = lines.map(line => line.split(/\s+/)).map(([word, ...phones]) => [word, phones.join(" ")]);
    if (!words.length) throw new Refusal(`${file.name} has no words; each line has a word and its phones, such as: two T UW1`);
    const language = this.language();
    await run("phonemes", { text: words[0][0], language, lexicon: lexiconFile(words) }, { title: "Check the lexicon", wait: 2 });
    this.change(() => words, language);
    say(`${words.length} words of ${file.name} are in the lexicon.`);
  }

  async lookUp() {
    const word = this.word.value.trim();
    if (!word) throw new Refusal("Give a word first.");
    const job = await run("phonemes", { text: word, language: this.language() }, { title: "Look up", wait: 2 });
    this.phones.value = phonesIn(job);
    this.phones.focus();
  }

  /** Add the word of the fields; the server says how it is spoken then. */
  async add() {
    const word = this.word.value.trim();
    const phones = this.phones.value.trim().replace(/\s+/g, " ");
    if (!word || !phones) throw new Refusal("Give a word and its phones.");
    if (!WORD.test(word)) throw new Refusal(`The lexicon has single words, of letters, digits and apostrophes; ${word} is none: give its parts.`);
    const language = this.language();
    const job = await run("phonemes", { text: ssmlOf(word, [[word, phones]]), language, lexicon: lexiconFile([[word, phones]]) }, { title: "Check the phones", wait: 2 });
    const spoken = phonesIn(job);
    this.change(words => [...words.filter(([other]) => other.toLowerCase() !== word.toLowerCase()), [word, phones]], language);
    this.word.value = this.phones.value = "";
    this.word.focus();
    say(`Voices of this language say ${word} as ${spoken}.`);
  }

  show() {
    this.rows.replaceChildren(...this.words.map(([word, phones]) => h("tr", {}, h("td", {}, word), h("td", {}, h("code", {}, phones)),
      h("td", {}, h("button.small", { "aria-label": `Edit ${word}`, onclick: () => { this.word.value = word; this.phones.value = phones; this.phones.focus(); } }, "Edit"), " ",
        h("button.small", { "aria-label": `Remove ${word}`, onclick: () => this.change(words => words.filter(([other]) => other !== word)) }, "Remove")))));
  }

  /** Return the field of a request with the words of the lexicon. */
  field() { return this.words.length ? { lexicon: Object.fromEntries(this.words.map(([word, phones]) => [word, phones])) } : {}; }

  /** Return the lexicon as a file that tasks read, or null. */
  file() { return this.words.length ? lexiconFile(this.words) : null; }
}

/** Return the words that are kept in the browser. */
function storedWords() {
  try { return JSON.parse(localStorage.getItem(LEXICON)) || []; } catch { return []; }
}

/** Return a filter of the words of a language. */
function isOf(language) { return ([, , other = "en"]) => other === language; }

function textOf(words) { return words.map(([word, phones]) => `${word} ${phones}\n`).join(""); }

function lexiconFile(words) {
  return new ServerFile("lexicon.txt", async () => new Blob([textOf(words)], { type: "text/plain" }));
}

/** Return the phones of a job that looked up a word. */
function phonesIn(job) {
  return job.result.details.sentences.flatMap(sentence => sentence.words).flatMap(word => word.phones).join(" ");
}

/** Return a text as SSML in which words of a lexicon have their phones. */
function ssmlOf(text, words) {
  const phones = new Map(words.map(([word, spoken]) => [word.toLowerCase(), spoken]));
  const escape = part => part.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
  const parts = text.split(/([\p{L}\p{N}'’]+)/u).map(part => phones.has(part.toLowerCase())
    ? `<phoneme alphabet="${/^[^\x80-\uffff/][^\x80-\uffff]*$/.test(phones.get(part.toLowerCase())) ? "x-arpabet" : "ipa"}" ph="${escape(phones.get(part.toLowerCase()))}">${escape(part)}</phoneme>` : escape(part));
  return `<speak>${parts.join("")}</speak>`;
}
