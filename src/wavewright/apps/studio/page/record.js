// Record from the microphone.
import { library } from "./library.js";
import { decode } from "./player.js";
import { guarded, h, Refusal, say } from "./ui.js";
import { wavFile } from "./wav.js";

const RAW = { audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } };

/** Start to record; `stop()` of what is returned resolves with the sound, `{ blob, sound }`, a WAV file in one channel. */
export async function record() {
  const stream = await navigator.mediaDevices?.getUserMedia(RAW).catch(() => null);
  if (!stream) throw new Refusal("There is no microphone that this page may use; open a file instead.");
  const recorder = new MediaRecorder(stream);
  const parts = [];
  recorder.ondataavailable = event => parts.push(event.data);
  recorder.start();
  return {
    async stop() {
      const ended = new Promise(resolve => { recorder.onstop = resolve; });
      recorder.stop();
      await ended;
      for (const track of stream.getTracks()) track.stop();
      const sound = await decode(new Blob(parts), "what was recorded");
      const samples = Int16Array.from(sound.getChannelData(0), sample => Math.max(-32768, Math.min(32767, Math.round(32768 * sample))));
      return { blob: wavFile([samples], sound.sampleRate), sound };
    },
  };
}

/** Return a button that records a clip, which `take(clip)` receives. */
export function recordButton(title, take) {
  let recording = null;
  const button = h("button.small", { "aria-label": `Record: ${title}`, onclick: guarded(async () => {
    if (!recording) {
      recording = await record();
      button.textContent = "Stop recording";
      say("Recording.");
      return;
    }
    const { stop } = recording;
    recording = null;
    button.textContent = "Record";
    const { blob } = await stop();
    const time = new Date().toISOString().slice(11, 19).replaceAll(":", "");
    const clip = await library.add(blob, { name: `recording-${time}.wav`, label: "recording", task: "record" });
    library.changed();
    say("Recorded.");
    await take(clip);
  }) }, "Record");
  return button;
}
