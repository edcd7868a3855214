"""Count what was found, and find what is there twice or in several splits."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

from mammolens.enums import Laterality, Split, ViewPosition
from mammolens.inference.flag_explanations import EXPLANATIONS
from mammolens.inspection.results import (
    Count,
    Duplicate,
    FlagCount,
    InspectedImage,
    Inspection,
    Leak,
    LeakKind,
    RefusalCount,
    SplitCount,
    Totals,
)
from mammolens.inspection.sources import ImageSource

Images = Sequence[InspectedImage]
_SCREENING_EXAM = frozenset((side, view) for side in Laterality for view in (ViewPosition.CC, ViewPosition.MLO))
_UNKNOWN = "unknown"


def summarised(
    source: ImageSource,
    images: Images,
    contents: Sequence[str | None],
    studies: Sequence[str | None],
    model: str | None,
) -> Inspection:
    """Put an inspection together.

    Args:
        source: of the images.
        images: all of them.
        contents: digest of each image's pixels; ``None`` where they were not read.
        studies: Study Instance UID of each image as its header states it.
        model: that the flags refer to; ``None``: pixels were not read.
    """
    usable = [image for image in images if image.is_usable]
    duplicates = find_duplicates(images, contents)
    return Inspection(
        source=source.name,
        kind=source.kind,
        licence=source.licence,
        citation=source.citation,
        pixels_read=model is not None,
        model=model,
        totals=_totals(images, usable, source.passed_over),
        views=_counts(usable, lambda image: image.view_name),
        machines=_counts(usable, lambda image: image.acquisition_group or _UNKNOWN),
        resolutions=_counts(usable, _resolution),
        encodings=_counts(usable, _encoding),
        sites=_counts([image for image in usable if image.site], lambda image: image.site or ""),
        truth=_truth(usable),
        splits=_splits(usable),
        refusals=_refusals(images),
        flags=_flags(usable),
        duplicates=duplicates,
        leaks=find_leaks(images, studies, duplicates),
        images=sorted(images, key=lambda image: (not image.is_usable, image.exam_key, image.path)),
    )


def find_duplicates(images: Images, contents: Sequence[str | None]) -> list[Duplicate]:
    """Usable images that occur more than once: one SOP Instance UID, or equal pixels.

    Args:
        images: those with one SOP Instance UID are equal, since different ones got substitutes.
        contents: digest of each image's pixels, or ``None``.
    """
    groups: dict[str, set[int]] = {}
    for place, (image, content) in enumerate(zip(images, contents, strict=True)):
        if image.is_usable:
            keys = [key for key in (f"uid {image.sop_instance_uid}", content) if key]
            joined = {place}.union(*(groups.get(key, set()) for key in keys))
            keys += [f"uid {images[member].sop_instance_uid}" for member in joined]
            keys += [known for member in joined if (known := contents[member])]
            groups |= dict.fromkeys(keys, joined)
    found = {tuple(sorted(members)) for members in groups.values() if len(members) > 1}
    return [_duplicate([images[place] for place in places]) for places in sorted(found)]


def find_leaks(images: Images, studies: Sequence[str | None], duplicates: Iterable[Duplicate]) -> list[Leak]:
    """Patients, studies and images of which usable images lie in several splits.

    Args:
        images: with their splits.
        studies: Study Instance UID of each image as its header states it, which may contradict a table.
        duplicates: of the images.
    """
    split_images = [
        (image, study) for image, study in zip(images, studies, strict=True) if image.is_usable and image.split
    ]
    by_path = {image.path: image for image, _ in split_images}
    groups: dict[tuple[LeakKind, str], list[InspectedImage]] = defaultdict(list)
    for image, study in split_images:
        groups[LeakKind.PATIENT, image.patient_key].append(image)
        if study:
            groups[LeakKind.STUDY, study].append(image)
    for duplicate in duplicates:
        groups[LeakKind.IMAGE, duplicate.paths[0]] = [by_path[path] for path in duplicate.paths if path in by_path]
    return [
        Leak(kind=kind, identifier=identifier, splits=_splits_of(members), paths=[image.path for image in members])
        for (kind, identifier), members in groups.items()
        if len(_splits_of(members)) > 1
    ]


def _splits_of(images: Iterable[InspectedImage]) -> list[Split]:
    present = {image.split for image in images}
    return [split for split in Split if split in present]


def _duplicate(images: Images) -> Duplicate:
    return Duplicate(
        paths=[image.path for image in images],
        sop_instance_uids=list(
            dict.fromkeys(image.sop_instance_uid or "" for image in images if image.file_format == "DICOM")
        ),
        patients=list(dict.fromkeys(image.patient_key for image in images)),
    )


def _totals(images: Images, usable: Images, passed_over: int) -> Totals:
    views: dict[tuple[str, str], set[tuple[str | None, str | None]]] = defaultdict(set)
    for image in usable:
        views[image.exam_key].add((image.laterality, image.view))
    return Totals(
        images=len(images),
        usable=len(usable),
        refused=len(images) - len(usable),
        flagged=sum(bool(image.quality_flags) for image in usable),
        patients=_patients(usable),
        exams=len(views),
        complete_exams=sum(found >= _SCREENING_EXAM for found in views.values()),
        files_passed_over=passed_over,
    )


def _patients(images: Iterable[InspectedImage]) -> int:
    return len({image.patient_key for image in images})


def _counts(images: Images, name_of: Callable[[InspectedImage], str]) -> list[Count]:
    """Most images first."""
    groups: dict[str, list[InspectedImage]] = defaultdict(list)
    for image in images:
        groups[name_of(image)].append(image)
    counts = [Count(name=name, images=len(one), patients=_patients(one)) for name, one in groups.items()]
    return sorted(counts, key=lambda count: (-count.images, count.name))


def _resolution(image: InspectedImage) -> str:
    size = f"{image.rows or '?'} x {image.columns or '?'}"
    if image.pixel_size_mm is None:
        return f"{size}, pixel size {_UNKNOWN}"
    sides = dict.fromkeys(f"{side:.4g}" for side in image.pixel_size_mm)
    return f"{size}, {' x '.join(sides)} mm"


def _encoding(image: InspectedImage) -> str:
    if image.file_format != "DICOM":
        return image.file_format
    return f"DICOM, {image.transfer_syntax or f'transfer syntax {_UNKNOWN}'}"


def _truth(images: Images) -> list[Count]:
    """As docs/datasets.md names it; nothing of images that are of no data set."""
    groups = {
        "abnormal": [image for image in images if image.abnormal is True],
        "normal": [image for image in images if image.abnormal is False],
        "neither": [image for image in images if image.abnormal is None],
        "clean normal, to learn from": [image for image in images if image.clean_normal],
        "with marked lesions": [image for image in images if image.has_lesions],
    }
    if all(image.clean_normal is None for image in images):
        return []
    return [
        Count(name=name, images=len(members), patients=_patients(members))
        for name, members in groups.items()
        if members
    ]


def _splits(images: Images) -> list[SplitCount]:
    groups = {split: [image for image in images if image.split == split] for split in Split}
    return [
        SplitCount(
            name=split,
            images=len(members),
            patients=_patients(members),
            normal=sum(image.abnormal is False for image in members),
            abnormal=sum(image.abnormal is True for image in members),
        )
        for split, members in groups.items()
        if members
    ]


def _refusals(images: Images) -> list[RefusalCount]:
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for image in images:
        if image.refused is not None:
            groups[image.refused, image.remedy or ""].append(image.path)
    return [
        RefusalCount(reason=reason, remedy=remedy, images=len(paths), example=paths[0])
        for (reason, remedy), paths in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    ]


def _flags(images: Images) -> list[FlagCount]:
    found: Counter[str] = Counter(flag for image in images for flag in image.quality_flags)
    return [
        FlagCount(
            flag=flag,
            explanation=EXPLANATIONS[flag],
            images=found[flag],
            example=next(image.path for image in images if flag in image.quality_flags),
        )
        for flag in sorted(EXPLANATIONS, key=lambda flag: -found[flag])
        if found[flag]
    ]
