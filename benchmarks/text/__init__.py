"""The front end, which turns text into spoken words and phones."""
