import re

import pytest

from mammolens.inspection.contact_sheet import ContactSheet
from mammolens.inspection.page import page
from mammolens.inspection.sources import open_source

from .conftest import rewrite


@pytest.fixture
def a_page(two_exams, inspected):
    def make(*, pictures=100, **given):
        sheet = ContactSheet(pictures)
        found = inspected(two_exams, sheet=sheet, **given)
        return page(found, open_source(two_exams), sheet)

    return make


def test_it_has_the_notice_tables_and_a_picture_of_each_image(a_page):
    text = a_page()
    assert text.count("Research use only, not a medical device.") == 2
    assert text.count("<figure") == text.count('src="data:image/jpeg;base64,') == 8
    assert "8 of 8 images, exam by exam." in text
    assert "192 x 160, 1.25 mm" in text


def test_it_asks_for_nothing_outside_and_runs_nothing(a_page):
    text = a_page()
    assert "default-src 'none'" in text
    assert not re.search(r"https?://|<script|<link|url\(", text)


def test_a_refused_image_is_framed_with_its_reason(a_page, two_exams):
    black = bytes(2 * 192 * 159) + b"\x10\x00" * 192
    rewrite(two_exams / "A" / "L_CC.dcm", PixelData=black)
    text = a_page()
    assert 'class="refused"' in text
    assert "refused: no breast is visible" in text


def test_captions_have_the_truth_and_the_flags_that_not_all_images_have(a_page, two_exams):
    for path in two_exams.rglob("*.dcm"):
        rewrite(path, BreastImplantPresent="YES")
    rewrite(two_exams / "A" / "L_CC.dcm", LossyImageCompression="01")
    (two_exams / "labels.csv").write_text("image,patient_id,split,cancer\nA/L_CC.dcm,1,test,1\nA/R_CC.dcm,1,test,0\n")
    left, right = re.findall(r"<figcaption>(.*?)</figcaption>", a_page(), re.S)
    assert ("test, abnormal" in left, "test, normal" in right) == (True, True)
    assert ("lossy compressed" in left, "lossy compressed" in right) == (True, False)
    assert "implant" not in left + right


def test_what_files_say_is_escaped(a_page, two_exams):
    rewrite(two_exams / "A" / "L_CC.dcm", PatientID="<b>&")
    text = a_page()
    assert "<b>&" not in text
    assert "Patient &lt;b&gt;&amp;" in text


def test_headers_alone_make_a_page_without_a_contact_sheet(a_page):
    text = a_page(pixels=False)
    assert "Contact sheet" not in text
    assert "only headers were read" in text


def test_some_images_are_shown_where_there_are_many(a_page):
    assert "4 of 8 images, exam by exam, spread evenly" in a_page(pictures=4)


@pytest.mark.parametrize("width", [390, 1200])
def test_it_fits_a_browser(a_page, a_browser, tmp_path, width):
    path = tmp_path / "inspection.html"
    path.write_text(a_page())
    view = a_browser.new_page(viewport={"width": width, "height": 800})
    view.goto(path.as_uri())
    assert view.evaluate("document.documentElement.scrollWidth") <= width
    assert view.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    view.close()
