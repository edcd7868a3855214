"""The text of the page and the report about an exam."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from mammolens.datasets.base import Lesion
from mammolens.enums import Laterality, breast_name, score_text
from mammolens.inference.exam_text import exam_score_text, exam_sentence, patient_text, percentile_text, view_name
from mammolens.inference.finding_text import describe_finding
from mammolens.inference.flag_explanations import explanations
from mammolens.inference.known_lesions import compare_with_known, describe_known
from mammolens.inference.presentation import PresentedBreast, PresentedExam
from mammolens.inference.technical_quality import technical_quality
from mammolens.types import AnomalyRecord

NO_FINDING = "No region reaches the finding level."
MEANING = (
    "The score says how far an exam deviates from what the model learned as normal. It is not a probability of "
    "cancer. Normal exams are the model's calibration exams with the same number of views."
)


def most_anomalous_first(exams: Iterable[PresentedExam]) -> list[PresentedExam]:
    """Sort exams; the score decides between those that are beyond the same normal exams."""
    return sorted(exams, key=lambda exam: (exam.of_exam.exam_p_value, -exam.of_exam.exam_score))


def score(exam: PresentedExam) -> str:
    """The exam's score from 1 to 10, with its p-value."""
    return exam_score_text(exam.of_exam)


def headline(exam: PresentedExam) -> str:
    """How anomalous the exam is."""
    return exam_sentence(exam.of_exam)


def meaning(exam: PresentedExam) -> str:
    """What the score means, and what the model does not look for."""
    limitation = exam.of_exam.limitation
    return " ".join([MEANING, exam.score_meaning, *([limitation] if limitation else [])])


def decision(exam: PresentedExam) -> str:
    """The decision and its rule."""
    record = exam.of_exam
    if exam.threshold is None:
        return "Cannot be flagged: the model was calibrated on too few normal patients."
    return f"{'Flagged' if record.exam_is_anomalous else 'Not flagged'}. The model {record.decision_rule}."


def breast_line(breast: PresentedBreast) -> str:
    """How anomalous one breast is."""
    name = breast_name(Laterality(breast.laterality) if breast.laterality else None)
    comparison = percentile_text(breast.percentile, breast.category, "breasts")
    return f"{name}: {_small(score_text(breast.decile, breast.p_value))}. {comparison}"


def asymmetry_line(exam: PresentedExam) -> str | None:
    """How much the breasts differ; ``None`` where one was not imaged."""
    p_value = exam.of_exam.asymmetry_p_value
    if p_value is None:
        return None
    share = int(100 * (1 - p_value))
    return f"Left-right asymmetry exceeds that of {share} % of normal exams (not used for the flag by itself)."


def finding_lines(exam: PresentedExam) -> list[str]:
    """Each finding in words, the strongest first, numbered as in the pictures; then how many more a view has."""
    numbered = [
        (number, describe_finding(finding, view.record))
        for view, numbers in zip(exam.views, exam.finding_numbers, strict=True)
        for number, finding in zip(numbers, view.record.findings, strict=True)
    ]
    more = [
        f"{of_view(view.record)}: {view.record.findings_left_out} more with lower peaks"
        for view in exam.views
        if view.record.findings_left_out
    ]
    return [*(f"{number}: {words}" for number, words in sorted(numbered)), *more]


def known_lesion_lines(exam: PresentedExam, lesions: Mapping[str, Sequence[Lesion]]) -> list[str]:
    """Each known lesion in words, found or missed.

    Args:
        exam: the results.
        lesions: marked lesions, by the name of the file.
    """
    return [
        line
        for view, numbers in zip(exam.views, exam.finding_numbers, strict=True)
        for line in describe_known(view.record, lesions.get(view.record.path, ()), numbers)
    ]


def known_lesion_count(exam: PresentedExam, lesions: Mapping[str, Sequence[Lesion]]) -> str:
    """How many known lesions were found, in a sentence; arguments as of :func:`known_lesion_lines`."""
    known = [
        one
        for view, numbers in zip(exam.views, exam.finding_numbers, strict=True)
        for one in compare_with_known(view.record, lesions.get(view.record.path, ()), numbers)
    ]
    found = sum(one.finding is not None for one in known)
    return f"Of {len(known)} marked lesions, the model found {found} and missed {len(known) - found}."


def quality_line(exam: PresentedExam) -> str:
    """The technical quality of the exam's images, in a sentence."""
    return technical_quality([(of_view(view.record), view.record.quality_flags) for view in exam.views]) or ""


def flag_lines(exam: PresentedExam) -> list[str]:
    """Each quality flag in a sentence, after the views that have it."""
    views: dict[str, list[str]] = {}
    for view in exam.views:
        for sentence in explanations(
            view.record.quality_flags, view.record.outlying_statistic, view.record.unusable_attributes
        ):
            views.setdefault(sentence, []).append(of_view(view.record))
    return [
        sentence if len(names) == len(exam.views) else f"{', '.join(names)}: {sentence}"
        for sentence, names in views.items()
    ]


def of_view(record: AnomalyRecord) -> str:
    """The view's name."""
    return view_name(record.laterality, record.view)


def exam_title(exam: PresentedExam) -> str:
    """The exam by its patient, and its views."""
    return f"{patient_text(exam.patient)} ({', '.join(of_view(view.record) for view in exam.views)})"


def exam_titles(exams: Sequence[PresentedExam]) -> list[str]:
    """Unique titles of the exams: equal ones get the date of the study, and if that is equal, a number."""
    titles = [exam_title(exam) for exam in exams]
    times = Counter(titles)
    titles = [
        f"{title}, {exam.study_date.isoformat()}" if times[title] > 1 and exam.study_date else title
        for title, exam in zip(titles, exams, strict=True)
    ]
    times, numbers = Counter(titles), Counter[str]()
    for at, title in enumerate(titles):
        if times[title] > 1:
            numbers[title] += 1
            titles[at] = f"{title}, exam {numbers[title]}"
    return titles


def _small(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]
