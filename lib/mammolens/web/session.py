"""Resources shared by all sessions, and those of each session."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from mammolens.inference.predictor import Predictor
from mammolens.models.device_names import AUTO
from mammolens.models.store import pretrained_directory
from mammolens.web.backends import InferenceBackend, LocalBackend
from mammolens.web.server_backend import ServerBackend
from mammolens.web.session_folder import SessionFolder
from mammolens.web.settings import WebSettings

_TOKEN: Final = "MAMMOLENS_TOKEN"  # as the command line has it


def backend_for(settings: WebSettings) -> InferenceBackend:
    """The inference backend that all sessions share.

    Raises:
        ModelError: the model is missing or damaged.
    """
    if settings.server:
        return ServerBackend(settings.server, os.environ.get(_TOKEN))
    return local_backend(settings.model, settings.device)


@st.cache_resource(show_spinner="Loading the model")
def local_backend(model: Path | None, device: str = AUTO) -> LocalBackend:
    """The model that all sessions share.

    Raises:
        ModelError: it is missing or damaged.
        ConfigError: there is no such device.
    """
    return LocalBackend(Predictor.load(model or pretrained_directory(), device=device))


@st.cache_resource(scope="session", on_release=SessionFolder.remove, show_spinner=False)
def session_folder(parent: Path | None) -> SessionFolder:
    """This session's folder, which Streamlit releases as soon as the browser is gone.

    The session and its uploads in memory are not kept for a reconnection: a browser whose connection broke starts a new
    session.
    """
    context = get_script_run_ctx()
    if context is not None and runtime.exists():
        runtime.get_instance().mark_session_nonresumable(context.session_id)
    return SessionFolder(parent)
