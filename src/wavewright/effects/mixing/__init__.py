"""Mix recordings by projects: tracks, regions, automation, buses, side chains; layered backgrounds from presets."""
