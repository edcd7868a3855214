from __future__ import annotations

import logging
import os
from functools import partial

import pytest
import typer

from mammolens.cli.console import (
    log_to_stderr,
    one_line_errors,
    out,
    progress_bar,
    quietly,
    say,
    say_error,
    say_warning,
)
from mammolens.errors import ConfigError


def raised(error: BaseException) -> int:
    with pytest.raises(typer.Exit) as left, one_line_errors("stopped for now"):
        raise error
    return left.value.exit_code


def test_an_error_of_ours_is_one_line_and_its_code(capsys):
    assert raised(ConfigError("a.yaml", "is empty", "fill it")) == 4
    assert capsys.readouterr() == ("", "error: a.yaml: is empty; fill it\n")


def test_ctrl_c_says_how_to_go_on(capsys):
    assert raised(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == "stopped for now\n"


def test_a_full_disk_is_one_line_too(capsys):
    assert raised(OSError(28, os.strerror(28), "/out/a.png")) == 2
    said = capsys.readouterr().err
    remedy = "choose another location, or check its permissions and free space"
    assert said == f"error: /out/a.png: No space left on device; {remedy}\n"


@pytest.mark.parametrize("error", [ValueError("a bug"), BrokenPipeError()])
def test_a_bug_and_a_closed_pipe_are_not_hidden(error):
    with pytest.raises(type(error)), one_line_errors():
        raise error


@pytest.mark.parametrize("name", ["[red]x[/red]", "[/b]", ":smile:", "a" * 300, "two words " * 30, "line\nbreak"])
def test_names_are_said_as_they_are_in_one_line(capsys, name):
    say_error(name)
    say(name)
    shown = " ".join(name.splitlines())
    assert capsys.readouterr().err == f"error: {shown}\n{shown}\n"


def test_quiet_leaves_out_notes_and_bars_alone(capsys):
    with quietly(True), progress_bar() as bar:
        bar.add_task("scoring", total=1)
        say("wrote a.png")
        say_warning("no model")
        say_error("no file")
        out().print("0.5")
    assert capsys.readouterr() == ("0.5\n", "warning: no model\nerror: no file\n")
    say("wrote b.png")
    assert capsys.readouterr().err == "wrote b.png\n"


def test_results_go_to_stdout_without_markup(capsys):
    out().print("[red]x[/red] :smile:")
    assert capsys.readouterr() == ("[red]x[/red] :smile:\n", "")


@pytest.mark.parametrize("verbose", [False, True])
def test_the_log_goes_to_stderr_a_line_each(monkeypatch, request, capsys, verbose):
    root, ours, long = logging.getLogger(), logging.getLogger("mammolens"), "w" * 200
    request.addfinalizer(partial(ours.setLevel, ours.level))
    monkeypatch.setattr(root, "level", root.level)  # so that it is as before in the end
    monkeypatch.setattr(root, "handlers", [])
    log_to_stderr(verbose)
    ours.getChild("somewhere").info("said in passing")
    ours.getChild("somewhere").warning(long)
    logging.getLogger("somebody.else").info("not ours")
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [*(["info: said in passing"] if verbose else []), f"warning: {long}"]
    assert captured.out == ""


def test_progress_is_shown_on_stderr(capsys):
    with progress_bar() as bar:
        list(bar.track(range(3), description="counting"))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "3/3" in captured.err
