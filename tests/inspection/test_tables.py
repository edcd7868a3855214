import shutil

from mammolens.inspection.tables import headline, summary_text, tables

from .conftest import rewrite


def test_every_concern_has_a_table_where_there_is_something_to_say(two_exams, inspected):
    quiet = [table.heading for table in tables(inspected(two_exams, pixels=False))]
    assert quiet == ["Views", "Machines", "Resolutions", "Formats"]
    (two_exams / "A").rename(two_exams / "train")
    shutil.copytree(two_exams / "train", two_exams / "test")
    rewrite(two_exams / "B" / "L_CC.dcm", Modality="CT")
    rewrite(two_exams / "B" / "R_CC.dcm", BreastImplantPresent="YES")
    loud = {table.heading: table for table in tables(inspected(two_exams, pixels=False))}
    assert list(loud)[4:] == ["Splits", "Refused", "Flagged", "Duplicates", "Leaks between splits"]
    assert ("Modality is CT, not MG; give a mammogram", "1", "B/L_CC.dcm") in loud["Refused"].rows
    assert loud["Duplicates"].rows[0] == ("SOP Instance UID and image", "test/L_CC.dcm\ntrain/L_CC.dcm")
    assert {row[1] for row in loud["Leaks between splits"].rows} == {"train, test"}
    assert all(len(row) == len(table.header) for table in loud.values() for row in table.rows)


def test_the_totals_are_figures_with_words(two_exams, inspected):
    assert ("exams with CC and MLO of both breasts", "2") in headline(inspected(two_exams, pixels=False))


def test_the_summary_says_what_was_read(two_exams, inspected, a_predictor):
    assert "only headers were read" in summary_text(inspected(two_exams, pixels=False))
    assert a_predictor.model_id in summary_text(inspected(two_exams))
