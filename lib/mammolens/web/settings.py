"""Settings of the web page, passed to its script through the environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mammolens.errors import ConfigError

_VARIABLE: Final = "MAMMOLENS_WEB"


class WebSettings(BaseModel):
    """Of one page."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Path | None = Field(None, description="model directory; None: the pretrained one of the package")
    device: str = Field("auto", description="that the networks run on in this process")
    server: str | None = Field(
        None, description="address of a MammoLens server that runs inference instead of this process"
    )
    evaluation: Path | None = Field(None, description="folder that `mammolens evaluate` wrote")
    images: Path | None = Field(None, description="data set that was evaluated, for the gallery")
    scratch: Path | None = Field(None, description="folder for session folders; None: the system's temporary folder")
    max_upload_mb: int = Field(500, ge=1, description="of one uploaded file")
    max_unpacked_mb: int = Field(2000, ge=1, description="of one upload, archives unpacked")
    max_images: int = Field(64, ge=1, description="in one upload")

    def to_environment(self) -> dict[str, str]:
        """Variables that :meth:`from_environment` reads."""
        return {_VARIABLE: self.model_dump_json()}

    @classmethod
    def from_environment(cls) -> WebSettings:
        """The settings of the starting process; the defaults without it.

        Raises:
            ConfigError: the variable holds something else.
        """
        try:
            return cls.model_validate_json(os.environ.get(_VARIABLE) or "{}")
        except ValidationError as error:
            raise ConfigError(
                _VARIABLE, str(error.errors()[0]["msg"]), "start the page with `mammolens web`"
            ) from error
