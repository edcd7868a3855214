"""Bring the files of translations up to date with the module's texts: python slicer_module/update_translations.py

Takes the texts of ``_("...")`` and MammoLens.ui into each file of Translations/, keeps translations, drops texts that
are gone. Contexts are those by which Slicer looks texts up (slicer.i18n: "package.module", or the module's file alone).
Translations reach Slicer by its extension LanguagePacks, whose catalogue takes MammoLens_en-US.ts as the source.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

HERE = Path(__file__).parent
MODULE = HERE / "MammoLens"
FOLDER = HERE / "Translations"
_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n'

Texts = dict[str, list[str]]
"""Texts by context, both in order."""


def texts() -> Texts:
    """All translatable texts.

    Raises:
        ValueError: ``_`` is called with anything but a literal.
    """
    found: dict[str, set[str]] = {MODULE.name: set(_of_form(MODULE / "Resources" / "UI" / "MammoLens.ui"))}
    for file in [MODULE / "MammoLens.py", *MODULE.glob("MammoLensLib/**/*.py")]:
        in_package = (file.parent / "__init__.py").exists()
        context = f"{file.parent.name}.{file.stem}" if in_package else file.stem
        found.setdefault(context, set()).update(_of_source(file))
    return {context: sorted(some) for context, some in sorted(found.items()) if some}


def translations(file: Path) -> dict[tuple[str, str], str]:
    """The translations of a file, by context and text."""
    return {
        (context.findtext("name", ""), message.findtext("source", "")): message.findtext("translation") or ""
        for context in ElementTree.parse(file).iter("context")
        for message in context.iter("message")
    }


def written(language: str, known: dict[tuple[str, str], str]) -> str:
    """A file of translations (Qt's TS): all texts, unfinished where untranslated.

    A text that moved to another file keeps its translation.
    """
    elsewhere = {text: translated for (_, text), translated in known.items() if translated}
    root = ElementTree.Element("TS", version="2.1", language=language.replace("-", "_"))
    for name, some in texts().items():
        context = ElementTree.SubElement(root, "context")
        ElementTree.SubElement(context, "name").text = name
        for text in some:
            message = ElementTree.SubElement(context, "message")
            ElementTree.SubElement(message, "source").text = text
            translation = ElementTree.SubElement(message, "translation")
            translation.text = known.get((name, text)) or elsewhere.get(text)
            if not translation.text:
                translation.set("type", "unfinished")
    ElementTree.indent(root, " ")
    return f"{_HEAD}{ElementTree.tostring(root, encoding='unicode')}\n"


def main() -> None:
    """Write every file."""
    for file in sorted(FOLDER.glob("MammoLens_*.ts")):
        language = file.stem.partition("_")[2]
        file.write_text(written(language, translations(file)), encoding="utf-8")


def _of_form(file: Path) -> Iterator[str]:
    for text in ElementTree.parse(file).iter("string"):
        if text.text and text.get("notr") != "true":
            yield text.text


def _of_source(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
            text = node.args[0]
            if not isinstance(text, ast.Constant) or not isinstance(text.value, str):
                raise ValueError(f"{file}:{node.lineno}: _() needs a literal, or its text is never translated")
            yield text.value


if __name__ == "__main__":
    main()
