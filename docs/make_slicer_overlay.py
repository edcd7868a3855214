"""Make docs/images/slicer-overlay.png: .venv/bin/python docs/make_slicer_overlay.py

Four CBIS-DDSM mammograms of one patient (CC BY 3.0) with the heat of the shipped model, as the module shows them in 3D
Slicer: by Slicer's own slice compositing. Needs requirements/slicer-dev.txt.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import slicer
from PIL import Image, ImageDraw, ImageFont
from vtk.util.numpy_support import vtk_to_numpy

from mammolens import RESEARCH_USE_ONLY
from mammolens.datasets.cbis_ddsm import cbis_ddsm_files
from mammolens.dicom.derived.levels import colours_of
from mammolens.dicom.export import write_volume
from mammolens.dicom.reader import read_mammogram
from mammolens.inference.predictor import Predictor
from mammolens.labelapp.exams.hanging import hanging_slots
from mammolens.models.store import pretrained_directory

sys.path.insert(0, str(Path(__file__).parents[1] / "slicer_module" / "MammoLens"))

from MammoLensLib.answers import ExamDetail, ExamEntry, HangingSlot, HeatLevel, View
from MammoLensLib.fetch import FetchedExam, FetchedView
from MammoLensLib.reader import read_exam
from MammoLensLib.scene import Scene

PICTURE = Path(__file__).parent / "images" / "slicer-overlay.png"
VIEW = (480, 520)  # pixels of each slice view
OPACITY = 0.5
STRIP = 26  # pixels below, for words


def fetched(folder: Path) -> FetchedExam:
    """What a server would have sent: the exam of the second patient."""
    predictor, files = Predictor.load(pretrained_directory()), cbis_ddsm_files()[4:8]
    results = predictor.predict_exam([read_mammogram(path) for path in files])
    starts = results[0].record.levels
    levels = tuple(
        HeatLevel(name, value, colour="#{:02x}{:02x}{:02x}".format(*colour))
        for (name, value), colour in zip(starts.items(), colours_of(len(starts)), strict=True)
    )
    slots = hanging_slots([(result.header.laterality, result.header.view) for result in results])
    views = []
    for path, result, hangs in zip(files, results, slots, strict=True):
        header, slot = result.header, HangingSlot(hangs.label, hangs.row, hangs.column)
        write_volume(result.anomaly_map, header, folder / f"{path.stem}.nrrd")
        view = View(path.stem, laterality=header.laterality.value, name=slot.label, slot=slot)
        views.append(FetchedView(view, path, folder / f"{path.stem}.nrrd"))
    return FetchedExam(ExamDetail(ExamEntry("exam"), levels=levels, views=tuple(v.view for v in views)), tuple(views))


def picture_of(application: slicer.vtkSlicerApplicationLogic, slice_node: object) -> np.ndarray:
    """What a slice view shows, ``(rows, columns, 3)`` uint8."""
    logic = slicer.vtkMRMLSliceLogic()
    logic.SetMRMLApplicationLogic(application)
    logic.SetMRMLScene(application.GetMRMLScene())
    logic.SetSliceNode(slice_node)
    connection = logic.GetImageDataConnection()
    connection.GetProducer().Update()
    image = connection.GetProducer().GetOutputDataObject(connection.GetIndex())
    columns, rows, _ = image.GetDimensions()
    return np.array(vtk_to_numpy(image.GetPointData().GetScalars()).reshape(rows, columns, -1)[::-1, :, :3])


def main() -> None:
    """Draw and save."""
    mrml, application = slicer.vtkMRMLScene(), slicer.vtkSlicerApplicationLogic()
    application.SetMRMLScene(mrml)
    application.GetColorLogic().SetMRMLScene(mrml)
    application.GetColorLogic().AddDefaultColorNodes()
    scene = Scene(mrml)
    with TemporaryDirectory() as folder:
        exam = fetched(Path(folder))
        scene.open(read_exam(exam))
    scene.set_heat(True, OPACITY, None)
    nodes = {scene.slice_node_of(one.view.image).GetName(): scene.slice_node_of(one.view.image) for one in exam.views}
    for node in nodes.values():
        node.SetDimensions(*VIEW, 1)
    scene.fit()
    rows = [
        np.hstack([picture_of(application, nodes[f"{side}-{view}"]) for side in ("R", "L")]) for view in ("CC", "MLO")
    ]
    views = np.vstack(rows)
    picture = Image.fromarray(np.vstack([views, np.zeros((STRIP, *views.shape[1:]), np.uint8)]))
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(14)
    text = f"Mammograms: CBIS-DDSM, CC BY 3.0. {RESEARCH_USE_ONLY}."
    draw.text((8, len(views) + 4), text, font=font, fill=(170, 170, 170))
    for number, level in enumerate(reversed(exam.detail.levels)):
        top = 8 + 22 * number
        draw.rectangle((8, top, 22, top + 14), fill=level.colour)
        draw.text((30, top - 1), level.name, font=font, fill=(220, 220, 220))
    PICTURE.parent.mkdir(exist_ok=True)
    picture.save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
