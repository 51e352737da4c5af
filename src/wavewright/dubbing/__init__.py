"""Dubbing: a recording or its subtitles in one language, the same scene spoken in another.

The steps, each of which a person can read, change and repeat in the project file (`project`)::

    sound, video --> recognition --.
                                   |--> lines --> translation --> lines in their time --> mix --> sound, video
    subtitles -------> cues -------'                 (timing, speaking)                  (assembly)

1. Lines: start, end, speaker and text, from subtitles (`cues`) or a recogniser that the user names (`recognition`).
2. Translations: from a translator that the user names, or translated subtitles (`translation`).
3. Times: each line starts with its cue, and ends before the next one starts. The voice speaks it at 0.85 to 1.15 of its
   usual rate; a line that needs more takes silence after it, then is reported (`timing`).
4. Speech: a sound file for each line, which is made again only if something changed that it depends on (`speaking`).
5. Mix: the lines at their times and levels over a background, or over the original, which is ducked (`assembly`).
"""
