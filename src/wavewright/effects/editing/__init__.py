"""Edit recordings by chains of effects, written as text: files of any length, and folders."""
