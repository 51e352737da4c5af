"""Measures of generated sound: reference before estimate, pure functions on embeddings or probabilities, one row a clip."""

from .bins import NdbResult, ndb
from .buzz import frame_correlation
from .closeness import Closeness, HalfToHalf, closeness, half_to_half
from .copying import CopyReport, merge_near_duplicates, nearest_training_distance
from .embeddings import ClassifierEmbedding, Embedding, LogMelEmbedding
from .frechet import FrechetInfinity, frechet_distance, frechet_distance_infinity
from .harmonicity import Harmonicity, harmonics_to_noise, harmonics_to_noise_of_all
from .judging import Clips, compare
from .kernel import kernel_distance
from .modulation import modulation_distance, modulation_spectrum
from .neighbours import (
    PrecisionRecall,
    diversity_ratio,
    nearest_neighbour_accuracy,
    precision_recall_density_coverage,
)
from .reconstruction import mel_distance, si_sdr, stft_distance
from .report import Bars, EvaluationReport
from .sampling import Interval, bootstrap_interval
from .scores import am_score, inception_score, label_agreement, modified_inception_score
from .speech_embedding import SpeechEmbedding
from .words import WordErrors, spoken_words, word_errors

__all__ = [
    "Bars",
    "ClassifierEmbedding",
    "Clips",
    "Closeness",
    "CopyReport",
    "Embedding",
    "EvaluationReport",
    "FrechetInfinity",
    "HalfToHalf",
    "Harmonicity",
    "Interval",
    "LogMelEmbedding",
    "NdbResult",
    "PrecisionRecall",
    "SpeechEmbedding",
    "WordErrors",
    "am_score",
    "bootstrap_interval",
    "closeness",
    "compare",
    "diversity_ratio",
    "frame_correlation",
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
    "modulation_distance",
    "modulation_spectrum",
    "ndb",
    "nearest_neighbour_accuracy",
    "nearest_training_distance",
    "precision_recall_density_coverage",
    "si_sdr",
    "spoken_words",
    "stft_distance",
    "word_errors",
]
