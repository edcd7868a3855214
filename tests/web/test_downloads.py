import io
import json
import zipfile

from mammolens.types import AnomalyRecord
from mammolens.web.downloads import everything, file_name, records_json


def test_numbers_are_records_that_can_be_read_back(a_presentation):
    exam = a_presentation.exams[0]
    read = [AnomalyRecord.model_validate(record) for record in json.loads(records_json(exam))]
    assert read == [view.record for view in exam.views]


def test_the_archive_holds_overlays_maps_numbers_and_reports(a_presentation, results):
    exam = a_presentation.exams[0]
    with zipfile.ZipFile(io.BytesIO(everything(exam, results))) as archive:
        names = archive.namelist()
        lines = archive.read("results.jsonl").decode().splitlines()
    assert len(names) == len(set(names)) == 4 * 2 + 3
    assert [AnomalyRecord.model_validate_json(line) for line in lines] == [view.record for view in exam.views]


def test_a_download_bears_the_name_of_the_file_that_was_dropped(a_presentation):
    exam = a_presentation.exams[0]
    record = exam.views[1].record.model_copy(update={"path": "../scan 1.dcm"})
    view = exam.views[1].model_copy(update={"record": record})
    named = exam.model_copy(update={"views": [exam.views[0], view]})
    assert file_name(named, view, ".overlay.png") == "2-scan 1-L-CC.overlay.png"
    assert file_name(named, None, ".pdf") == f"{exam.patient}.pdf"
