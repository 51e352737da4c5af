"""Metrics of generated audio: pure functions of reference and estimate, in this order.

Most compare sets of embeddings ``(n, d)``, one row for each clip; scores compare the class probabilities of a
classifier; some compare waves or words.
"""

from .bins import NdbResult, ndb
from .clips import Clips, EmbeddedClips
from .comparison import compare
from .copying import CopyReport, merge_near_duplicates, nearest_training_distance
from .criteria import Thresholds
from .distances import diversity_ratio, one_nn_accuracy
from .embeddings import ClassifierEmbedding, Embedding, LogMelEmbedding
from .frechet import FrechetInfinity, frechet_distance, frechet_distance_infinity
from .harmonicity import Harmonicity, harmonics_to_noise, harmonics_to_noise_of_all
from .kernel import kernel_distance
from .prdc import PrecisionRecall, precision_recall_density_coverage
from .recogniser import SpeechEmbedding
from .reconstruction import mel_distance, si_sdr, stft_distance
from .relative_frechet import HalfToHalf, RelativeFrechet, half_to_half, relative_frechet
from .report import EvaluationReport
from .reverberation import srmr
from .sampling import Interval, bootstrap_interval
from .scores import am_score, inception_score, label_agreement, modified_inception_score
from .word_errors import WordErrors, spoken_words, word_errors

__all__ = [
    "ClassifierEmbedding",
    "Clips",
    "CopyReport",
    "EmbeddedClips",
    "Embedding",
    "EvaluationReport",
    "FrechetInfinity",
    "HalfToHalf",
    "Harmonicity",
    "Interval",
    "LogMelEmbedding",
    "NdbResult",
    "PrecisionRecall",
    "RelativeFrechet",
    "SpeechEmbedding",
    "Thresholds",
    "WordErrors",
    "am_score",
    "bootstrap_interval",
    "compare",
    "diversity_ratio",
    "frechet_distance",
    "frechet_distance_infinity",
    "half_to_half",
    "harmonics_to_noise",
    "harmonics_to_noise_of_all",
    "inception_score",
    "kernel_distance",
    "label_agreement",
    "mel_distance",
    "merge_near_duplicates",
    "modified_inception_score",
    "ndb",
    "nearest_training_distance",
    "one_nn_accuracy",
    "precision_recall_density_coverage",
    "relative_frechet",
    "si_sdr",
    "spoken_words",
    "srmr",
    "stft_distance",
    "word_errors",
]
