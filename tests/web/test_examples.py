from mammolens.dicom.reader import read_header
from mammolens.web.examples import SOURCE, examples


def test_each_example_is_one_exam_of_four_views():
    for example in examples():
        headers = [read_header(path) for path in example.files]
        assert len({header.exam_key for header in headers}) == 1
        assert len({(header.laterality, header.view) for header in headers}) == 4


def test_known_masses_belong_to_the_files_of_the_example():
    first, second = examples()
    assert set(first.lesions) == {path.name for path in first.files}
    assert sum(map(len, first.lesions.values())) == 6
    assert not any(second.lesions.values())  # their place is not known
    assert "malignant mass in the left breast" in second.truth


def test_examples_bear_their_licence_and_citation():
    assert "CC BY 3.0" in SOURCE
    assert "10.1038/sdata.2017.177" in SOURCE
