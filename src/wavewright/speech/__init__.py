"""Speech: from a text to audio, given a front end, an acoustic model and a vocoder."""
