from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pydicom
import pytest

from mammolens.datasets.phantom import make_phantom_exam
from mammolens.datasets.phantom_dicom import write_phantom_exam
from mammolens.labelapp.exams.exam import Exam
from mammolens.labelapp.exams.inference import InferenceContext
from mammolens.labelapp.exams.manifest import manifest_of


def header_with(tmp_path: Path, **attributes: Any) -> dict[str, Any]:
    """The manifest's header of a phantom that has these attributes; ``None``: without them."""
    file = write_phantom_exam(make_phantom_exam(1, rows=64, columns=48, spacing=(0.1, 0.2)), tmp_path)[0]
    dataset = pydicom.dcmread(file)
    for name, value in attributes.items():
        if value is None:
            del dataset[name]
        else:
            setattr(dataset, name, value)
    dataset.save_as(file)
    image = SimpleNamespace(image_id="i", is_dicom=True, sop_instance_uid=dataset.SOPInstanceUID)
    results = SimpleNamespace(get=lambda *_: None, read=lambda *_: None)
    images = SimpleNamespace(get_image_uri=lambda _: str(file), infos=lambda _: {})
    context = SimpleNamespace(images=images, results=results)
    manifest = manifest_of(
        cast(Exam, SimpleNamespace(images=[image], image_ids=["i"], exam_id="e")), "", cast(InferenceContext, context)
    )
    return dict(manifest["studies"][0]["series"][0]["instances"][0]["metadata"])


@pytest.mark.parametrize(
    ("attributes", "spacing"),
    [
        ({}, [0.1, 0.2]),
        ({"EstimatedRadiographicMagnificationFactor": "2"}, [0.05, 0.1]),
        ({"EstimatedRadiographicMagnificationFactor": "2", "PixelSpacing": ["0.1", "0.2"]}, [0.05, 0.1]),
        ({"PixelSpacing": ["0.08", "0.16"]}, [0.08, 0.16]),
        ({"ImagerPixelSpacing": None, "NominalScannedPixelSpacing": ["0.05", "0.05"]}, [0.05, 0.05]),
        ({"ImagerPixelSpacing": None}, None),
        ({"ImagerPixelSpacing": ["0", "0"]}, None),
    ],
    ids=["imager", "magnified", "repeated", "calibrated", "scanned", "unknown", "implausible"],
)
def test_ohif_gets_the_pixel_size_at_the_breast_or_none(
    tmp_path: Path, attributes: dict[str, Any], spacing: list[float] | None
) -> None:
    header = header_with(tmp_path, **attributes)
    assert header.get("PixelSpacing") == (spacing and pytest.approx(spacing))
    assert "ImagerPixelSpacing" not in header
