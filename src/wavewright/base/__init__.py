"""What every other room builds on: errors, names, units, files written whole, the processor."""
