"""Public names and their modules, for type checkers and for `__init__.py`, which imports a module at first use."""

from .apps.batch_jobs.batch import batch as batch
from .apps.live.command import live as live, play as play
from .audio.clip import Clip as Clip
from .base.errors import WavewrightError as WavewrightError
from .base.version import __version__ as __version__
from .contracts.enhancement import EnhancementSettings as EnhancementSettings
from .data.recording import Recording as Recording
from .effects.editing.chain import Chain as Chain
from .families.loading import (
    load as load,
    load_acoustic_model as load_acoustic_model,
    load_autoencoder as load_autoencoder,
    load_classifier as load_classifier,
    load_codec as load_codec,
    load_echo_canceller as load_echo_canceller,
    load_encoder as load_encoder,
    load_enhancer as load_enhancer,
    load_generator as load_generator,
    load_vocoder as load_vocoder,
)
from .inference.enhancement.sound import enhanced_blocks as enhanced_blocks
from .music.formats import read_score as read_score, read_tunes as read_tunes, write_score as write_score
from .music.score import Score as Score
from .speech.prosody import Pauses as Pauses, Prosody as Prosody
from .speech.voice import Voice as Voice
from .tasks.accompany import accompany as accompany
from .tasks.adjust import adjust as adjust
from .tasks.align import align as align
from .tasks.analyse import analyse as analyse
from .tasks.audit import audit as audit
from .tasks.cancel_echo import cancel_echo as cancel_echo
from .tasks.caption import caption as caption
from .tasks.check_settings import check_settings as check_settings
from .tasks.compose import compose as compose
from .tasks.compose_by_rule import compose_by_rule as compose_by_rule
from .tasks.decode import decode as decode
from .tasks.demo import demo as demo
from .tasks.detect import detect as detect
from .tasks.dub import dub as dub
from .tasks.edit import edit as edit
from .tasks.encode import encode as encode
from .tasks.enhance import enhance as enhance
from .tasks.evaluate import evaluate as evaluate
from .tasks.generate import generate as generate
from .tasks.inspect_data import inspect as inspect
from .tasks.keys import new_key as new_key
from .tasks.layer import layer as layer
from .tasks.list_effects import list_effects as list_effects
from .tasks.map_clips import map_clips as map_clips
from .tasks.mix import mix as mix
from .tasks.morph import morph as morph
from .tasks.narrate import narrate as narrate
from .tasks.phonemes import phonemes as phonemes
from .tasks.plot import plot as plot
from .tasks.podcast import podcast as podcast
from .tasks.pretrain import pretrain as pretrain
from .tasks.recognise import (
    calibrate_recogniser as calibrate_recogniser,
    collect_alarms as collect_alarms,
    recognise as recognise,
)
from .tasks.render import render as render
from .tasks.revise import revise as revise
from .tasks.runs import runs as runs
from .tasks.separate import separate as separate
from .tasks.sign import sign as sign
from .tasks.similar import similar as similar
from .tasks.slice_recording import slice_recording as slice_recording
from .tasks.speak import speak as speak
from .tasks.speak_lines import speak_lines as speak_lines
from .tasks.split import split as split
from .tasks.synthesise import synthesise as synthesise
from .tasks.train import train as train
from .tasks.transcribe import transcribe as transcribe
from .tasks.tune import tune as tune
from .tasks.vary import vary as vary
from .tasks.verify import verify as verify
from .training.parameters import TrainingStep as TrainingStep
