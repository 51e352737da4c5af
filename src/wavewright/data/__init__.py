"""From a folder of recordings to clips that a network can learn from: scan, inspect, split, store."""
