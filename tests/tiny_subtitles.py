"""Subtitles of a scene in three formats."""

SRT = """1
00:00:00,500 --> 00:00:02,000
Guten <i>Morgen</i>,
{\\an8}Frau Meyer &amp; Sohn.

2
00:00:02,400 --> 00:00:04,900
- Ja!
"""

VTT = """WEBVTT - a scene

STYLE
::cue { color: red }

NOTE made by hand --> or not

intro
00:00.500 --> 00:02.000 align:start position:10%
<v.loud Anna Berg>Guten <c.yellow>Morgen</c></v>

01:00:00.250 --> 01:00:01.000
<00:00:01.000>spät
"""

ASS = """[Script Info]
Title: a scene

[V4+ Styles]
Format: Name, Fontname
Style: Default,Arial

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,no dialogue
Dialogue: 0,0:00:02.40,0:00:04.90,Default,Ben,0,0,0,,Ja, {\\i1}gern{\\i0}\\Nund gleich.
Dialogue: 0,0:00:00.50,0:00:02.00,Default,Anna,0,0,0,,Guten Morgen
Dialogue: 0,0:00:05.00,0:00:06.00,Default,Sign,0,0,0,,{\\p1}m 0 0 l 100 0 100 100{\\p0}
"""
