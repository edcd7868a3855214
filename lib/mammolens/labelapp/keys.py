"""Keys of MONAI Label's dictionaries."""

from enum import StrEnum


class InfoKey(StrEnum):
    """Keys of an image's info in the datastore, seen by clients at ``GET /datastore/image/info``."""

    NAME = "name"
    PATH = "path"
    FIRST_SEEN = "ts"
    REVIEW = "review"
    REVIEWS = "reviews"
    USER = "user"
    PRED_SCORE = "pred_score"
    RAW_SCORE = "raw_score"
    P_VALUE = "p_value"
    PERCENTILE = "percentile"
    MODEL = "model"
    CALIBRATION = "calibration"
    LATERALITY = "laterality"
    VIEW = "view"
    ACQUISITION_GROUP = "acquisition_group"
    SOFTWARE_VERSIONS = "software_versions"
    FIRST_SCORED = "first_scored"
    SOP_INSTANCE_UID = "sop_instance_uid"
    FINGERPRINT = "inference_fingerprint"
    SCORE_ERROR = "score_error"
    PROBLEM = "problem"
    EARLIER = "earlier"
    SUSPECT_SINCE = "suspect_normals"
    RECEIVED = "received"

    @property
    def is_of_the_server(self) -> bool:
        """Whether the server alone writes it; exams would otherwise be ranked by what a client says."""
        return self is not InfoKey.USER


class ReviewKey(StrEnum):
    """Keys of a decision as MONAI Label's clients see it in an image's info."""

    VERDICT = "verdict"
    REVIEWER = "user"
    TIME = "ts"
    MODEL = "model"
    DECISION = "decision"
    UNDOES = "undoes"
    COMMENT = "comment"
    VIEWER = "viewer"
    REGIONS = "regions"
    EXAM_P_VALUE = "exam_p_value"


class RequestKey(StrEnum):
    """Keys of the requests that MONAI Label hands to tasks."""

    MODEL = "model"
    METHOD = "method"
    STRATEGY = "strategy"
    IMAGE = "image"
    IMAGES = "images"
    IMAGE_ID = "image_id"
    SAVE_LABEL = "save_label"
    LABEL_TAG = "label_tag"
    WORK_FOLDER = "work_folder"
    RESUMED = "resumed"


class OutputMap(StrEnum):
    """What an infer request gets as its image: heat levels (uint8) or the anomaly map (float32)."""

    LEVELS = "levels"
    FLOAT = "float"


class ResultExtension(StrEnum):
    """File formats that keep the image's geometry."""

    NRRD = ".nrrd"
    NIFTI = ".nii.gz"


class LearningKind(StrEnum):
    """What the server can learn."""

    TRAIN = "train"
    RECALIBRATE = "recalibrate"

    @property
    def label(self) -> str:
        """What a person reads: 'Training'."""
        return "Training" if self is LearningKind.TRAIN else "Recalibration"


TASK = "mammolens"
"""Name of the infer and of the train task."""

STRATEGY = "most_anomalous"
SCORING = "anomaly"
