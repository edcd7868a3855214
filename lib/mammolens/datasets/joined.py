"""Several data sets as one, each a site of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import replace

from mammolens.datasets.base import Case, Dataset
from mammolens.errors import DatasetError


def join_datasets(datasets: Sequence[Dataset]) -> Dataset:
    """One data set of all cases; a single one is returned as it is.

    The site of a case is its set's name, followed by the site within the set if there is one. Patient IDs are prefixed
    with the set, and so are machines of tables that have the same name in two sets, such as '1'. Splits are not
    changed.

    Raises:
        DatasetError: two sets are the same publication, so that a patient might be in both.

    Example:
        >>> from pathlib import Path
        >>> ours = Dataset("ours", (Case(Path("a.dcm"), "7"),), "ours")
        >>> both = join_datasets([ours, Dataset("theirs", (Case(Path("b.dcm"), "7", site="2"),), "theirs")])
        >>> [(case.patient_id, case.site) for case in both.cases]
        [('ours:7', 'ours'), ('theirs:7', 'theirs 2')]
    """
    if len(datasets) == 1:
        return datasets[0]
    _refuse_one_publication(datasets)
    names = _distinct_names(datasets)
    machines = Counter(machine for dataset in datasets for machine in _machines(dataset))
    shared = {machine for machine, count in machines.items() if count > 1}
    return Dataset(
        name=" + ".join(names),
        cases=tuple(
            _told_apart(case, name, shared)
            for name, dataset in zip(names, datasets, strict=True)
            for case in dataset.cases
        ),
        licence="; ".join(f"{name}: {dataset.licence}" for name, dataset in zip(names, datasets, strict=True)),
        citation=" ".join(dataset.citation for dataset in datasets if dataset.citation),
        parts=dict(zip(names, datasets, strict=True)),
    )


def joined_patient(part: str, patient: str) -> str:
    """The id that a patient of a part has in the joined data set."""
    return f"{part}:{patient}"


def _refuse_one_publication(datasets: Sequence[Dataset]) -> None:
    """Sets are known by their citation; tables and folders have none."""
    known: dict[str, str] = {}
    for dataset in datasets:
        if dataset.citation and dataset.citation in known:
            reason = f"is the same publication as {known[dataset.citation]}, so that a patient might be in both"
            raise DatasetError(dataset.name, reason, "give one of them")
        known[dataset.citation] = dataset.name


def _distinct_names(datasets: Sequence[Dataset]) -> list[str]:
    """Their names; a second 'normals' is 'normals 2'."""
    seen: Counter[str] = Counter()
    names = []
    for dataset in datasets:
        seen[dataset.name] += 1
        names.append(dataset.name if seen[dataset.name] == 1 else f"{dataset.name} {seen[dataset.name]}")
    return names


def _machines(dataset: Dataset) -> set[str]:
    return {case.attributes.machine_id for case in dataset.cases if case.attributes.machine_id}


def _told_apart(case: Case, name: str, shared_machines: Container[str]) -> Case:
    patient, machine = joined_patient(name, case.patient_id), case.attributes.machine_id
    if machine in shared_machines:
        machine = f"{name} {machine}"
    return replace(
        case,
        patient_id=patient,
        attributes=replace(case.attributes, patient_id=patient, machine_id=machine),
        site=f"{name} {case.site}" if case.site else name,
    )
