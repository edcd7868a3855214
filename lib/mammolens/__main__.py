"""``python -m mammolens``: the command line, where its program is not on the path."""

from mammolens.cli.main import app

app(prog_name="mammolens")
