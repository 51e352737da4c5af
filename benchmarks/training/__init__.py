"""What networks, losses and settings learn in the same time."""
