"""Settings of the panel that are saved with the scene."""

from typing import Annotated

from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper


@parameterNodeWrapper
class MammoLensParameters:
    """How heat and worklist are shown.

    Attributes:
        opacity: of the heat, percent.
        fromLevel: name of the lowest level that is shown; empty for the lowest there is.
    """

    showHeat: bool = True
    opacity: Annotated[float, WithinRange(0, 100)] = 50.0
    fromLevel: str = ""
    unreviewedOnly: bool = False
