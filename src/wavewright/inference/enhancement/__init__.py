"""Enhancement of recordings: the choice of a model, files of any length, folders, and reports before and after."""
