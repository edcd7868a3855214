from mammolens.dicom.reader import read_header
from mammolens.web.examples import SOURCE, examples


def test_each_example_is_one_exam_of_four_views():
    for example in examples():
        headers = [read_header(path) for path in example.files]
        assert len({header.exam_key for header in headers}) == 1
        assert len({(header.laterality, header.view) for header in headers}) == 4


def test_examples_bear_their_licence_and_citation():
    assert "CC BY 3.0" in SOURCE
    assert "10.1038/sdata.2017.177" in SOURCE
