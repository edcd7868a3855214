"""A warning that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mammolens.cli.console import say_warning

if TYPE_CHECKING:
    from mammolens.calibration.calibration import Calibration


def warn_if_it_cannot_flag(calibration: Calibration) -> None:
    """Warn on stderr if a model is calibrated on too few patients to flag any exam."""
    if calibration.cannot_flag is not None:
        say_warning(f"the model {calibration.cannot_flag}; run 'mammolens calibrate' with more")
