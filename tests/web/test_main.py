from __future__ import annotations

import streamlit.config

from mammolens.web.__main__ import streamlit_options
from mammolens.web.settings import WebSettings


def test_every_option_is_one_that_streamlit_knows():
    options = streamlit_options("127.0.0.1", 8501, WebSettings())
    assert {name.replace("_", ".", 1) if "theme" not in name else name.replace("_", ".") for name in options} <= set(
        streamlit.config.get_config_options()
    )


def test_nothing_is_told_to_anybody_and_uploads_are_limited():
    options = streamlit_options("127.0.0.1", 8501, WebSettings(max_upload_mb=7))
    assert options["browser_gatherUsageStats"] is False
    assert options["server_maxUploadSize"] == 7
    assert options["server_address"] == "127.0.0.1"


def test_on_the_loopback_no_other_name_is_answered_and_elsewhere_any():
    assert "127.0.0.1" in streamlit_options("127.0.0.1", 1, WebSettings())["server_allowedHosts"]
    assert streamlit_options("0.0.0.0", 1, WebSettings())["server_allowedHosts"] == []
