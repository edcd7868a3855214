# The public names, and where each is defined. `mammolens/__init__.py` imports them when they are first used.

from .config import ModelConfig, load_config
from .datasets.base import Case, Dataset, Lesion
from .datasets.formats import open_dataset, open_datasets
from .dicom.discovery import find_images
from .dicom.reader import mammogram_from_array, mammogram_from_dataset, read_header, read_mammogram
from .enums import Laterality, QualityFlag, SpacingSource, Split, ViewPosition
from .errors import InputError, MammoLensError
from .evaluation.evaluate import evaluate
from .evaluation.results import Evaluation
from .inference.batch import predict_files
from .inference.predictor import Predictor
from .models.store import pretrained_directory
from .training.engine import train
from .training.recalibrate import recalibrate
from .types import AnomalyRecord, AnomalyResult, Finding, ImageAttributes, ImageHeader, Mammogram, PixelSpacing

__version__: str
RESEARCH_USE_ONLY: str

__all__ = [
    "AnomalyRecord",
    "AnomalyResult",
    "Case",
    "Dataset",
    "Evaluation",
    "Finding",
    "ImageAttributes",
    "ImageHeader",
    "InputError",
    "Laterality",
    "Lesion",
    "MammoLensError",
    "Mammogram",
    "ModelConfig",
    "PixelSpacing",
    "Predictor",
    "QualityFlag",
    "SpacingSource",
    "Split",
    "ViewPosition",
    "evaluate",
    "find_images",
    "load_config",
    "mammogram_from_array",
    "mammogram_from_dataset",
    "open_dataset",
    "open_datasets",
    "predict_files",
    "pretrained_directory",
    "read_header",
    "read_mammogram",
    "recalibrate",
    "train",
]
