import pytest
from streamlit.testing.v1 import AppTest

from ..patience import PATIENCE_S

STRANGE = "<img src=x> https://evil.example a@evil.example :smile: -> **b** & c"
SAFE = "&lt;img src=x&gt; https://evil.example a@evil.example :smile: -&gt; **b** &amp; c"


def _page(kind: str, text: str) -> None:
    from mammolens.errors import InputError
    from mammolens.web import untrusted_text

    if kind == "heading":
        untrusted_text.heading(text)
    elif kind == "show_note":
        untrusted_text.show_note(text)
    elif kind == "warn":
        untrusted_text.warn(text, [(text, text)])
    else:
        untrusted_text.show_error(InputError(text, "is bad", "mend it"))


@pytest.mark.parametrize(("kind", "times"), [("heading", 1), ("show_note", 1), ("warn", 3), ("show_error", 1)])
def test_text_of_strangers_is_no_markdown_and_no_markup(kind, times):
    page = AppTest.from_function(_page, args=(kind, STRANGE), default_timeout=PATIENCE_S).run()
    assert not page.exception
    assert not page.markdown
    (element,) = page.get("html")
    assert element.proto.body.count(SAFE) == times
    assert "<img" not in element.proto.body
    assert ('role="alert"' in element.proto.body) == (kind in {"warn", "show_error"})
