from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from mammolens import errors
from mammolens.errors import InputError, MammoLensError

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, MammoLensError)]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_says_what_which_file_and_the_remedy(kind):
    error = kind(Path("a") / "b.dcm", "is empty", "copy it again")
    assert str(error) == "a/b.dcm: is empty; copy it again"
    assert (error.source, error.reason, error.remedy) == ("a/b.dcm", "is empty", "copy it again")


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_survives_the_way_between_processes(kind):
    error = pickle.loads(pickle.dumps(kind("a.dcm", "is empty", "copy it again")))  # noqa: S301 (our own bytes)
    assert type(error) is kind
    assert str(error) == "a.dcm: is empty; copy it again"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not MammoLensError])
def test_every_error_is_a_builtin_one_too(kind):
    builtin = next(base for base in kind.__mro__ if base.__module__ == "builtins")
    assert builtin is not Exception


def test_whatever_is_wrong_with_an_image_is_an_input_error():
    for kind in (errors.NotAMammogramError, errors.UnsupportedMammogramError, errors.PixelDataError):
        assert issubclass(kind, InputError)
