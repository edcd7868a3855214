from __future__ import annotations

from contextlib import closing

import pydicom
import pytest

from mammolens.archive.exam_index import ExamIndex, IndexBuilder, ListedImage, Shard, indexed
from mammolens.archive.score import nothing_known
from mammolens.dicom.identity import with_identity
from mammolens.dicom.reader import read_header
from mammolens.errors import DatasetError
from mammolens.types import ImageAttributes

WHOLE = Shard()


@pytest.fixture
def files(phantoms, tmp_path):
    """Four views as four images of one UID, of two patients in one study, one of them twice."""
    patient = phantoms.patients[0]
    copies = []
    for number, case in enumerate(case for case in phantoms.cases if case.patient_id == patient):
        image = pydicom.dcmread(case.path)
        image.SOPInstanceUID = "1.2.3"
        image.PatientID = "AB"[number % 2]
        copies.append(tmp_path / f"{number}.dcm")
        image.save_as(copies[-1])
    twice = tmp_path / "twice.dcm"
    twice.write_bytes(copies[0].read_bytes())
    return [*copies, twice]


def an_index(folder, files) -> ExamIndex:
    with closing(IndexBuilder(folder, "here")) as builder:
        list(builder.add(indexed(ListedImage(file.name, str(file)), ImageAttributes()) for file in files))
        builder.complete()
    return ExamIndex(folder, "here", nothing_known)


def test_identity_is_that_of_all_files_read_together(files, tmp_path):
    headers = {file: read_header(file, ImageAttributes()) for file in files}
    expected = {file.name: attributes for file, attributes in with_identity(headers, {}).items()}
    with closing(an_index(tmp_path / "index", files)) as index:
        exams = list(index.exams(WHOLE, after=0))
    assert [(exam.patient, [image.name for image in exam.images]) for exam in exams] == [
        ("A", ["0.dcm", "2.dcm", "twice.dcm"]),
        ("B", ["1.dcm", "3.dcm"]),
    ]
    assert {image.name: image.attributes for exam in exams for image in exam.images} == expected
    assert len({attributes.sop_instance_uid for attributes in expected.values()}) == 4


def test_exams_come_after_a_number_and_by_shard(files, tmp_path):
    with closing(an_index(tmp_path / "index", files)) as index:
        assert [exam.number for exam in index.exams(WHOLE, after=1)] == [2]
        assert (index.images(WHOLE), index.images(WHOLE, until=1)) == (5, 3)
        shards = [Shard(number, 7) for number in range(1, 8)]
        found = [exam.number for shard in shards for exam in index.exams(shard, after=0)]
        assert sorted(found) == [1, 2]
        assert sum(index.images(shard) for shard in shards) == 5


def test_a_builder_continues_and_an_index_belongs_to_its_source(files, tmp_path):
    listed = [ListedImage(file.name, str(file)) for file in files]
    with closing(IndexBuilder(tmp_path, "here")) as builder:
        list(builder.add(indexed(image, ImageAttributes()) for image in listed[:2]))
    with closing(IndexBuilder(tmp_path, "here")) as builder:
        assert list(builder.missing(listed)) == listed[2:]
    with pytest.raises(DatasetError, match="contains the scores of here"):
        IndexBuilder(tmp_path, "there")
    with pytest.raises(DatasetError, match="has no index"):
        ExamIndex(tmp_path, "here", nothing_known)
