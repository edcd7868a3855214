"""Starting the page; what it does stands in tests/web and tests/integration/test_web_page.py."""

from __future__ import annotations

import socket
import urllib.request

from topology.ports import free_port

from mammolens import RESEARCH_USE_ONLY

from ..patience import PATIENCE_S


def test_a_folder_that_is_not_there_is_named_with_its_option(mammolens, tmp_path):
    result = mammolens("web", "--evaluation", tmp_path / "nowhere")
    assert result.exit_code == 3
    assert "give a folder to --evaluation" in result.stderr


def test_a_port_that_is_taken_is_code_seven(mammolens):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = mammolens("web", "--port", taken.getsockname()[1])
    assert result.exit_code == 7
    assert "choose another one with --port" in result.stderr


def test_an_address_that_is_none_of_this_computer_is_code_seven(mammolens):
    result = mammolens("web", "--address", "192.0.2.1")
    assert result.exit_code == 7
    assert "192.0.2.1:8501: is not available" in result.stderr


def test_it_says_where_the_page_is_and_ends_with_what_it_started(start_mammolens):
    port = free_port()
    process = start_mammolens("web", "--port", port)
    said = process.stderr.readline() + process.stderr.readline()
    assert f"http://127.0.0.1:{port}/" in said
    assert RESEARCH_USE_ONLY in said
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE_S) as answer:
        assert answer.status == 200
    process.terminate()
    process.communicate(timeout=PATIENCE_S)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
