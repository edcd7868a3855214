from __future__ import annotations

from mammolens.cli.figures import print_figures


def test_every_figure_stands_on_stdout_with_its_group(capsys):
    print_figures([("all", "AUROC", "0.624 [0.57, 0.68]"), ("site 1", "AUROC", "0.609")])
    printed = capsys.readouterr()
    assert printed.err == ""
    for text in ("all", "site 1", "0.624 [0.57, 0.68]", "0.609"):
        assert text in printed.out
