"""Reports as one HTML file each, all with one look: no script, no font, no picture from elsewhere."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mammolens import RESEARCH_USE_ONLY, __version__


def render_page(package: str, template: str, **values: Any) -> str:
    """A page as text; every value is escaped, and the notice 'research use only' is on it.

    Args:
        package: whose folder ``templates`` has the template.
        template: extends ``report_page.html.j2`` and fills its blocks.
        values: for the template; those for the frame are ``title``, ``summary``, ``cards`` (label and text) and
            ``links`` (address within the page, and text).
    """
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("mammolens")]),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    design = Markup((files("mammolens") / "browser" / "shared" / "design.css").read_text(encoding="utf-8"))
    frame = {"notice": RESEARCH_USE_ONLY, "version": __version__, "design": design}
    return environment.get_template(template).render(**frame, **values)
