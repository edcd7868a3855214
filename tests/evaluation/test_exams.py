from dataclasses import replace

from mammolens.evaluation.exams import exams_with_decision


def test_an_exam_takes_its_own_decision_p_value_and_fused_score(an_image):
    given = {"exam_p_value": 0.04, "exam_is_anomalous": True}
    images = [
        an_image("l", pred_score=1.0, **given),
        an_image("r", laterality="R", pred_score=4.0, abnormal=True, **given),
        an_image("n", patient_id="p2", exam_p_value=0.7, exam_is_anomalous=False),
    ]
    first, second = exams_with_decision(images)
    assert (first.pred_score, first.p_value, first.is_anomalous, first.abnormal) == (2.5, 0.04, True, True)
    assert (second.pred_score, second.p_value, second.is_anomalous, second.abnormal) == (1.0, 0.7, False, False)


def test_exams_without_a_decision_are_left_out(an_image):
    known = an_image("a", exam_p_value=0.5, exam_is_anomalous=False)
    assert exams_with_decision([replace(known, exam_is_anomalous=None), replace(known, exam_p_value=None)]) == []
