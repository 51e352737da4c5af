"""Networks, losses and settings trained for the same time."""
