// Remove noise and reverberation; before and after at one position and equal loudness.
import { run } from "./api.js";
import { drawClip } from "./drawing.js";
import { library } from "./library.js";
import { models, modelSelect } from "./models.js";
import { Comparison } from "./pads.js";
import { receive } from "./send.js";
import { Slot } from "./slot.js";
import { checkbox, commandBox, complain, guarded, h, labelled, Refusal, say, save, slider } from "./ui.js";

/** Build the panel. */
export async function open(panel) {
  const denoisers = () => models.filter(each => each.can_enhance);
  const source = new Slot("Recording", () => forget());
  const model = await modelSelect(() => [["", "by the recording's sample rate"], ...denoisers().map(each => [each.name, each.title])], "", () => forget());
  const denoise = checkbox("remove noise", true, () => { most.hidden = !denoise.control.checked; forget(); });
  const dereverb = checkbox("remove reverberation", false, () => forget());
  const mix = slider("Mix", { min: 0, max: 1, step: 0.05, value: 1, onchange: () => forget() });
  const most = slider("Largest attenuation", { min: 0, max: 60, step: 1, value: 24, unit: " dB", onchange: () => forget() });
  const separate = checkbox("each channel by itself", false, () => forget());
  const before = h("canvas", { role: "img", "aria-label": "Spectrogram and waveform before" });
  const after = h("canvas", { role: "img", "aria-label": "Spectrogram and waveform after" });
  const result = h("div", { hidden: true });
  const comparison = new Comparison();
  const command = commandBox();
  const keep = h("button", { onclick: guarded(async () => save(await library.blob(state.enhanced), state.enhanced.name)) }, "Save the enhanced file");
  const state = { enhanced: null, nCalls: 0 };

  result.append(h("h3", {}, "Before (A)"), h("div.stage.flat", {}, before), h("h3", {}, "After (B)"), h("div.stage.flat", {}, after),
    comparison.element, h("div.row", {}, keep));
  panel.append(
    h("div.row", {}, source.element, h("div", {},
      denoise, h("span", {}, " "), dereverb, h("span", {}, " "), separate,
      h("div.row", {}, labelled("Model", model), mix, most),
      h("div.row", {}, h("button.primary", { onclick: guarded(() => enhance()) }, "Enhance"), recorder(source)))),
    command, result);

  /** Take the last result away: it is not that of the recording and the settings that are shown now. */
  function forget() {
    state.enhanced = null;
    result.hidden = true;
    command.show("");
  }

  async function enhance() {
    const recording = source.clip;
    const values = { source: source.reference(), denoise: denoise.control.checked, dereverb: dereverb.control.checked,
      mix: mix.control.valueAsNumber };
    if (values.denoise) values.max_attenuation_db = most.control.valueAsNumber;
    if (separate.control.checked) values.separate = true;
    if (model.value) values.model = model.value;
    forget();
    const facts = { label: "enhanced" };
    const number = ++state.nCalls;
    const job = await run("enhance", values, { title: `Enhance ${recording.name}`, keep: { panel: "enhance", facts } });
    const [clip] = await library.addJob(job, values, facts);
    if (source.clip !== recording || number !== state.nCalls) { say(`${clip.name} is in the history.`); return; }
    state.enhanced = clip;
    command.show(job.command);
    result.hidden = false;
    drawClip(before, await library.sound(recording)).catch(complain);
    drawClip(after, await library.sound(clip)).catch(complain);
    comparison.set("A", recording);
    comparison.set("B", clip);
    say("Enhanced. Switch between before and after while it plays.");
  }

  receive("enhance", panel, { source }, complain);
  library.onChange(() => { if (state.enhanced && !library.get(state.enhanced.id)) forget(); });
  panel.addEventListener("studio-key", event => {
    if (event.detail.key.toUpperCase() === "X") comparison.other().catch(complain);
  });
}

/** Return a button that records from the microphone into a slot. */
function recorder(slot) {
  let recording = null;
  const button = h("button", { onclick: guarded(async () => {
    if (recording) { recording.stop(); return; }
    const stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } })
      .catch(() => { throw new Refusal("There is no microphone that this page may use; open a file instead."); });
    recording = await record(stream, blob => {
      recording = null;
      button.textContent = "Record";
      library.add(blob, { name: `recording-${new Date().toISOString().slice(11, 19).replaceAll(":", "")}.wav`, label: "recording", task: "record" })
        .then(clip => { library.changed(); return slot.set(clip); }).catch(complain);
    });
    button.textContent = "Stop recording";
    say("Recording.");
  }) }, "Record");
  return button;
}

/** Record a stream; `done(blob)` receives a WAV file after `stop()`. */
async function record(stream, done) {
  const { wavFile, decode } = await import("./player.js");
  const recorder = new MediaRecorder(stream);
  const parts = [];
  recorder.ondataavailable = event => parts.push(event.data);
  recorder.onstop = async () => {
    for (const track of stream.getTracks()) track.stop();
    const sound = await decode(new Blob(parts));
    const samples = Int16Array.from(sound.getChannelData(0), sample => Math.max(-32768, Math.min(32767, Math.round(32768 * sample))));
    done(wavFile([samples], sound.sampleRate));
  };
  recorder.start();
  return { stop: () => recorder.stop() };
}
