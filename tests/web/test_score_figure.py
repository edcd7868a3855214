from matplotlib.figure import Figure

from mammolens.web.score_figure import ON_DARK, ON_LIGHT, alt_text, draw_scores, score_svg


def test_this_exam_stands_where_its_score_is_and_bars_hold_all_normal_patients(a_presentation):
    exam = a_presentation.exams[0]
    axes = Figure().add_subplot()
    draw_scores(axes, exam, ON_LIGHT)
    mark = next(line for line in axes.get_lines() if line.get_label() == "this exam")
    assert mark.get_xdata()[0] == exam.of_exam.exam_score
    assert abs(sum(bar.get_height() for bar in axes.patches) - 1) < 1e-9
    low, high = axes.get_xlim()
    assert low < exam.of_exam.exam_score < high


def test_an_exam_beyond_all_normals_is_still_within_the_picture(a_presentation):
    exam = a_presentation.exams[0]
    record = exam.views[0].record.model_copy(update={"exam_score": 1e3})
    far = exam.model_copy(update={"views": [exam.views[0].model_copy(update={"record": record})]})
    axes = Figure().add_subplot()
    draw_scores(axes, far, ON_LIGHT)
    assert axes.get_xlim()[1] > 1e3


def test_the_picture_asks_for_no_font_and_is_the_same_each_time(a_presentation):
    exam = a_presentation.exams[0]
    svg = score_svg(exam, ON_DARK)
    assert b"<text" not in svg
    assert ON_DARK.text.encode() in svg
    assert svg == score_svg(exam, ON_DARK)


def test_words_tell_what_the_picture_shows(a_presentation):
    exam = a_presentation.exams[0]
    assert f"This exam scores {exam.of_exam.exam_score:.2f}." in alt_text(exam)
