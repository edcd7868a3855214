import base64
import re
from html.parser import HTMLParser

import pytest

from mammolens.evaluation.html_page import html
from mammolens.evaluation.pictures import Mistake, Picture
from mammolens.evaluation.score_evaluation import evaluate_scores

VOID = {"meta", "img", "link", "br"}


class PageParser(HTMLParser):
    """Checks that tags close in order; collects the text, addresses and the number of each tag."""

    def __init__(self, page):
        super().__init__()
        self.open, self.counts, self.addresses, self.words = [], {}, [], []
        self.feed(page)
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.addresses += [value for name, value in attrs if name in ("src", "href", "action", "srcset")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture
def a_page(images_with_everything):
    def make(**given):
        evaluation = evaluate_scores(images_with_everything, alpha=0.1, n_bootstrap=20)
        about = {"title": "A test", "model": "m 12ab", "notes": ["a note"], "figures": {"roc.png": b"PNG"}} | given
        return html(evaluation, **about)

    return make


def test_the_page_is_well_formed_and_says_title_model_and_research_use(a_page):
    page = PageParser(a_page())
    text = " ".join(page.words)
    for words in ("A test", "Model: m 12ab.", "Research use only, not a medical device.", "a note"):
        assert words in text
    assert page.counts["table"] == 8


def test_nothing_is_asked_from_outside(a_page):
    page = a_page(pictures=[Picture(Mistake.MISS, "p1", b"JPEG")])
    assert all(address.startswith(("data:image/", "#")) for address in PageParser(page).addresses)
    assert not re.search(r"https?://|@import|url\(|<script|<link", page)
    assert "default-src 'none'" in page


def test_what_a_data_set_calls_itself_cannot_break_out(a_page, images_with_everything):
    evil = "<script>alert(1)</script>\" onload='x"
    page = a_page(title=evil, model=evil, notes=[evil], pictures=[Picture(Mistake.MISS, evil, b"JPEG")])
    reader = PageParser(page)
    assert "script" not in reader.counts
    assert "onload='x" in " ".join(reader.words)
    assert "alert(1)</script>" not in page


def test_figures_and_pictures_are_inside_the_page(a_page):
    pictures = [Picture(Mistake.FALSE_POSITIVE, "high", b"one"), Picture(Mistake.MISS, "low", b"two")]
    page = a_page(pictures=pictures)
    for content in (b"PNG", b"one", b"two"):
        assert base64.b64encode(content).decode() in page
    assert page.index("False positives: normal with the highest scores") < page.index(
        "Misses: abnormal with the lowest scores"
    )
    assert "patient images" in page
    assert "Worst errors" not in a_page()


def test_it_can_be_read_in_print_and_in_the_dark(a_page):
    page = a_page()
    assert "@media print" in page
    assert "color-scheme: light dark;" in page


def test_equal_input_gives_equal_text(a_page):
    assert a_page() == a_page()
