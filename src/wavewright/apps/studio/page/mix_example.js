// The mix with which the panel opens: a beat whose filter opens, rain under it, and a voice.
import { BEAT, MORNING, RAIN } from "./examples.js";
import { completed } from "./mix_project.js";

const [BEAT_FILE, RAIN_FILE, VOICE_FILE] = ["sounds/beat.wav", "sounds/rain.wav", "sounds/voice.wav"];
const BEAT_SECONDS = 4.8;
const FILTER = 1; // the step that moves

export const EXAMPLE = {
  project: completed({
    title: "Morning rain", tempo: 100,
    tracks: [
      { name: "Beat", gain_db: -8, effects: "lowpass frequency=800Hz",
        automation: { effects: [{ step: FILTER, setting: "frequency", points: [[0, 300], [4.8, 9000]] }] },
        regions: [{ file: BEAT_FILE, length: BEAT_SECONDS }, { file: BEAT_FILE, start: BEAT_SECONDS, length: BEAT_SECONDS, fade_out: 1.8 }] },
      { name: "Rain", gain_db: -6, pan: -0.3, automation: { gain_db: [[1.8, 0], [2.4, -9], [7.2, -9], [8.4, 0]] },
        regions: [{ file: RAIN_FILE, length: 10.8, loop: true, fade_in: 1.2, fade_out: 2.4 }] },
      { name: "Voice", effects: "highpass frequency=90Hz; compress threshold=-24dB ratio=3", regions: [{ file: VOICE_FILE, start: 2.4 }] },
    ],
    master: { effects: "limit ceiling=-1dB" },
  }),
  files: { [BEAT_FILE]: BEAT.id, [RAIN_FILE]: RAIN.id, [VOICE_FILE]: MORNING.id },
};
