import pytest
from markdown_it import MarkdownIt

from mammolens.web.markdown import plain


@pytest.mark.parametrize(
    "text",
    ["![x](http://evil.example/a.png)", "<b>bold</b>", "_P_00173_", "# no heading", "a $x$ b", ":red[x]", "a\\*b*"],
)
def test_text_of_strangers_comes_out_as_it_is(text):
    page = MarkdownIt().render(plain(text))
    assert not any(tag in page for tag in ("<img", "<a ", "<em>", "<h1>", "<b>"))
    shown = (
        page.replace("<p>", "").replace("</p>\n", "").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    )
    assert shown.replace("&quot;", '"') == text


def test_a_text_stays_one_line():
    assert plain("a\n- b") == r"a \- b"
