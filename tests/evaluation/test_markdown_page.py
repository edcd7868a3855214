from dataclasses import replace

from mammolens.evaluation.markdown_page import markdown
from mammolens.evaluation.score_evaluation import evaluate_scores


def a_page(images, **given):
    return markdown(
        evaluate_scores(images, alpha=0.1, n_bootstrap=50),
        **({"title": "A test", "model": "m 12ab", "notes": [], "figures": ["roc.png"]} | given),
    )


def test_the_page_says_title_model_promise_method_and_research_use(images_of_two_sites):
    page = a_page(images_of_two_sites)
    assert page.startswith("# A test\n\n*Research use only")
    for words in (
        "Model: m 12ab.",
        "false-positive rate: 10 %",
        "50 resamples of patients (seed 0)",
        "![roc](roc.png)",
    ):
        assert words in page


def test_the_table_has_a_column_for_each_group(images_of_two_sites):
    page = a_page(images_of_two_sites)
    assert "|  | all | site 1 | site 2 |" in page
    assert "| Images | 120 / 120 |" in page
    widths = {line.count("|") for line in page.split("\n## ")[1].splitlines() if line.startswith("|")}
    assert widths == {5}


def test_the_model_stands_beside_age(images_of_two_sites):
    assert "| all | age | 120 / 120 | " in a_page(images_of_two_sites)
    assert "## Comparison with other scores" not in a_page(
        [replace(image, covariates={}) for image in images_of_two_sites]
    )


def test_every_table_is_as_wide_as_its_header(images_with_everything):
    for block in a_page(images_with_everything).split("\n\n"):
        if block.startswith("|"):
            assert len({line.count(" | ") for line in block.splitlines()}) == 1


def test_a_figure_stands_in_its_section_if_it_is_there(images_of_two_sites):
    page = a_page(images_of_two_sites, figures=["roc.png", "triage.png"])
    assert page.index("## Figures") < page.index("![roc]") < page.index("## Triage") < page.index("![triage]")
    assert "reliability" not in page


def test_notes_and_caveats_stand_below(images_of_two_sites):
    few = [image for image in images_of_two_sites if image.site == "1" or not image.abnormal]
    page = a_page(few, notes=["from a generator"])
    assert page.endswith("- site 2: only 0 abnormal patients; intervals may be too narrow\n- from a generator\n")


def test_a_name_with_a_bar_or_a_line_break_does_not_break_the_table(images_of_two_sites):
    odd = [replace(image, site="a|b\nc" if image.site == "1" else "d") for image in images_of_two_sites]
    assert "| site a\\|b c | site d |" in a_page(odd)
