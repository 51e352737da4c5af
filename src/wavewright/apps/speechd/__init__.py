"""An output module of Speech Dispatcher, through which screen readers of Linux speak.

The module reads commands on standard input and writes replies, events and audio to standard output; Speech Dispatcher
plays the audio. `protocol` answers the commands and speaks a message, `message` writes what is spoken of it as SSML.
"""
