import math
from typing import Any

import pytest

from mammolens.errors import RequestError
from mammolens.labelapp.keys import OutputMap, ResultExtension
from mammolens.labelapp.parameters import (
    BatchParameters,
    DecisionParameters,
    ExamInferParameters,
    InferParameters,
    ReviewParameters,
    TrainParameters,
    defaults,
    parse,
)


def test_defaults_are_plain_json() -> None:
    assert defaults(InferParameters) == {
        "output_map": "levels",
        "result_extension": ".nrrd",
        "dicom": None,
        "device": None,
        "exam_scores": True,
    }


def test_what_other_clients_send_besides_is_ignored() -> None:
    wanted = parse(InferParameters, {"largest_cc": True, "output_map": "float", "result_dtype": "uint8"})
    assert wanted.output_map is OutputMap.FLOAT
    assert wanted.result_extension is ResultExtension.NRRD


@pytest.mark.parametrize(
    ("kind", "request_", "name"),
    [
        (InferParameters, {"output_map": "rainbow"}, "output_map"),
        (InferParameters, {"result_extension": ".exe"}, "result_extension"),
        (InferParameters, {"dicom": "cad_report"}, "dicom"),
        (InferParameters, {"device": "/dev/null"}, "device"),
        (TrainParameters, {"device": "cuda:x"}, "device"),
        (DecisionParameters, {"verdict": "cancer"}, "verdict"),
        (DecisionParameters, {"verdict": "normal", "comment": "x" * 2001}, "comment"),
        (DecisionParameters, {"verdict": "finding", "regions": [{"image": "a", "points": [[1, 2]] * 2001}]}, "regions"),
        (
            DecisionParameters,
            {"verdict": "finding", "regions": [{"image": "a", "points": [], "birads": "7"}]},
            "regions",
        ),
        (DecisionParameters, {"verdict": "finding", "regions": [{"image": "a", "points": [[1, math.nan]]}]}, "regions"),
        (DecisionParameters, {"verdict": "finding", "regions": [{"image": "a", "points": [[1, 1e200]]}]}, "regions"),
        (ReviewParameters, {"verdict": "finding", "regions": [[[1, -2e6]]]}, "regions"),
        (ReviewParameters, {"verdict": "finding", "regions": [[[1, math.nan]]]}, "regions"),
        (ReviewParameters, {"verdict": "finding", "regions": [[[1, 2]] * 2001]}, "regions"),
        (ExamInferParameters, {"store": "perhaps"}, "store"),
        (TrainParameters, {"epochs": "many"}, "epochs"),
        (TrainParameters, {"epochs": 0}, "epochs"),
        (TrainParameters, {"learning_rate": -1}, "learning_rate"),
        (TrainParameters, {"l2_sp": -0.1}, "l2_sp"),
        (BatchParameters, {"images": 7}, "images"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(kind: Any, request_: dict[str, Any], name: str) -> None:
    with pytest.raises(RequestError, match=f"^{name}: "):
        parse(kind, request_)
