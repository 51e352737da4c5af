// Sounds with which panels open, and the six examples of the first view. The server makes them once, see examples.py.
import { once, request } from "./api.js";
import { decode, play } from "./player.js";

const FOLDER = "/studio/examples/";
const DRUMS = ["kick", "snare", "hat", "tom", "cymbal"];
const N_DRUMS = 20;
const N_PADS = 8;

function clipOf(file, facts) { return { id: `example-${file}`, name: file, index: 0, isFavourite: false, madeAt: 0, ...facts }; }

/** Clips of drums: the first ones are on the pads, all are on the map and the recordings of the panel Training. */
export const KIT = Array.from({ length: N_DRUMS }, (_, index) => {
  const label = DRUMS[index % DRUMS.length];
  return clipOf(`drums-${index}.wav`, { label, index, seed: 0, task: "generate", parameters: { model: "drums", count: N_DRUMS, seed: 0 },
    command: `wavewright generate drums --count ${N_DRUMS}` });
});
export const PADS = KIT.slice(0, N_PADS);
export const BEAT = clipOf("kit.wav", { label: "beat", task: "example" });
export const RAIN = clipOf("rain.wav", { label: "rain", seed: 0, task: "generate", parameters: { model: "ambience", label: "rain", seconds: 6, count: 1, seed: 0 },
  command: "wavewright generate ambience --label rain --seconds 6 --count 1" });
export const NOISY = clipOf("voice-in-noise.wav", { label: "speech in noise", task: "example" });
export const CLEAN = clipOf("voice-in-noise-enhanced.wav", { label: "enhanced", task: "enhance", parameters: { source: "voice-in-noise.wav" }, command: "wavewright enhance voice-in-noise.wav" });
export const MORNING = clipOf("morning.wav", { label: "speech", task: "example" });

const clips = new Map([...KIT, BEAT, RAIN, NOISY, CLEAN, MORNING].map(clip => [clip.id, clip]));

/** Return the clip of an example by its id, undefined for any other id. */
export function exampleClip(id) { return clips.get(id); }

/** Return all clips of examples. */
export function exampleClips() { return [...clips.values()]; }

/**
 * The cards of the first view: `panel` that opens with it, `title`, `text`, `file` that plays; what a voice says in it.
 */
export const CARDS = [
  { name: "kit", panel: "generate", title: "A drum kit", text: "Twenty new drums, drawn by a model, played as a beat.", file: "kit.wav" },
  { name: "rain", panel: "generate", title: "Rain", text: "Six seconds of it, by a model that learned from recordings.", file: "rain.wav" },
  { name: "speech", panel: "speech", title: "A spoken sentence", text: "Type your own, and each word is marked as you hear it.", file: "hello.wav",
    voice: "en-kathleen", speech: "Hello! I was trained on a laptop, and I run on yours. Type something, and I will say it." },
  { name: "tune", panel: "sequence", title: "A tune with accompaniment", text: "A melody of Beethoven's with bass, chords and drums.", file: "tune.wav" },
  { name: "clean", panel: "enhance", title: "A noisy recording, cleaned", text: "First with its noise, then without.", file: "cleaned.wav" },
  { name: "german", panel: "speech", title: "A voice in German", text: "Another voice, another language.", file: "hallo.wav",
    voice: "de-kerstin", speech: "Guten Tag! Ich spreche Deutsch, auf dem eigenen Rechner und ganz ohne Netz." },
];

/** Fetch a file of the examples; kept as long as the page is loaded. */
export const exampleFile = once(name => request(FOLDER + name).then(reply => reply.blob()));

/** Play a card; return, once it sounds, its `handle`, and a promise `ended` of whether it plays to its end. */
export async function playCard(card) {
  const sound = await decode(await exampleFile(card.file), card.title);
  let handle = null;
  const ended = new Promise(resolve => { handle = play(sound, { onend: resolve }); });
  return { handle, ended };
}

const waiting = new Map();

/** Play a card, and let its panel show it. */
export function openCard(card) {
  const played = playCard(card);
  waiting.set(card.panel, { ...card, played });
  if (location.hash === `#${card.panel}`) dispatchEvent(new Event("hashchange"));
  else location.hash = card.panel;
  return played;
}

/** Let a panel show the cards that are opened in it: `show(card)`; `played` is what `playCard` returned. */
export function takeCards(name, panel, show) {
  const take = () => {
    const card = waiting.get(name);
    waiting.delete(name);
    if (card) show(card);
  };
  panel.addEventListener("studio-show", take);
  take();
}
