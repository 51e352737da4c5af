"""Speech: what stands between a text and sound, given a front end, an acoustic model and a vocoder."""
