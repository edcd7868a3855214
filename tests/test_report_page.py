from importlib.resources import files

from mammolens.report_page import render_page


def test_every_report_has_the_notice_and_escapes_what_it_is_given():
    page = render_page(
        "mammolens.inspection",
        "inspection.html.j2",
        title="<title>",
        summary="a & b",
        cards=[("images", "7")],
        links=[("s1", "Views")],
        tables=[],
        exams=[],
        citation="",
    )
    assert page.startswith("<!DOCTYPE html>")
    assert page.count("Research use only, not a medical device.") == 2
    assert "<h1>&lt;title&gt;</h1>" in page
    assert '<a href="#s1">Views</a>' in page
    assert '<div class="card"><b>7</b>images</div>' in page


def test_reports_have_the_design_of_the_servers_pages():
    design = (files("mammolens") / "browser" / "shared" / "design.css").read_text()
    page = render_page(
        "mammolens.inspection", "inspection.html.j2",
        title="", summary="", cards=[], links=[], tables=[], exams=[], citation="",
    )  # fmt: skip
    assert design in page
    assert '@import "../shared/design.css"' in (files("mammolens") / "browser" / "pages" / "pages.css").read_text()
