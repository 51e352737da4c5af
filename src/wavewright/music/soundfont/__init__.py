"""SoundFont 2 and 3: banks of sampled instruments."""
