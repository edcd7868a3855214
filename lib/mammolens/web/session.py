"""What all sessions share, and what each has for itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from mammolens.inference.predictor import Predictor
from mammolens.models.store import pretrained_directory
from mammolens.web.judges import Judge, LocalJudge
from mammolens.web.server_judge import ServerJudge
from mammolens.web.settings import WebSettings
from mammolens.web.workplace import Workplace

_TOKEN: Final = "MAMMOLENS_TOKEN"  # as the command line has it


def judge_of(settings: WebSettings) -> Judge:
    """The judge that all sessions share.

    Raises:
        ModelError: the model is missing or damaged.
    """
    if settings.server:
        return ServerJudge(settings.server, os.environ.get(_TOKEN))
    return local_judge(settings.model)


@st.cache_resource(show_spinner="Loading the model")
def local_judge(model: Path | None) -> LocalJudge:
    """One model for everybody.

    Raises:
        ModelError: it is missing or damaged.
    """
    return LocalJudge(Predictor.load(model or pretrained_directory()))


@st.cache_resource(scope="session", on_release=Workplace.remove, show_spinner=False)
def session_workplace(parent: Path | None) -> Workplace:
    """This session's folder, which Streamlit lets go of as soon as the browser is gone.

    Nor is the session kept for a return then, with its uploads in memory, until somebody else comes: a browser whose
    connection broke starts anew.
    """
    context = get_script_run_ctx()
    if context is not None and runtime.exists():
        runtime.get_instance().mark_session_nonresumable(context.session_id)
    return Workplace(parent)
