"""What every model family provides: configuration, recipe, runtime and the table of what it can do."""
