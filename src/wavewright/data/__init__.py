"""Data sets from folders of recordings: scan, inspect, select, split, store, augment, batch."""
