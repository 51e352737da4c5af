"""Sound devices and MIDI inputs: instruments played live, and files played."""
