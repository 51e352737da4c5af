"""The mark in generated sound: inaudibility, detection after changes, false positives, cost."""
