"""Drift: do recent p-values and machines still agree with the calibration?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from mammolens.calibration.uniformity import Shift, Uniformity, uniformity


class DriftCause(StrEnum):
    """Why the calibration may no longer hold."""

    NEW_MACHINE = "new_machine"
    NEW_SOFTWARE = "new_software"
    SCORES_UP = "scores_up"
    SCORES_DOWN = "scores_down"


@dataclass(frozen=True, slots=True)
class DriftLimits:
    """When an alarm is raised.

    Attributes:
        false_alarm_rate: probability of a false alarm about shifted scores each time a window is tested, shared among
            all machines.
        distance: from the uniform distribution; a smaller one raises no alarm, however significant it is: fewer than
            ten decisions of 100 would change.
        unknown_share: of exams from machines or software that are not in the calibration.
        min_exams: minimum number of exams, of all machines or of one, for a test of their scores.
        min_unknown_exams: minimum number of exams from unknown machines or software for an alarm.

    Raises:
        ValueError: a share outside (0, 1) or a count below 1.
    """

    false_alarm_rate: float = 0.001
    distance: float = 0.10
    unknown_share: float = 0.05
    min_exams: int = 30
    min_unknown_exams: int = 3

    def __post_init__(self) -> None:
        if not all(0 < share < 1 for share in (self.false_alarm_rate, self.distance, self.unknown_share)):
            raise ValueError("shares of drift limits lie within (0, 1)")
        if min(self.min_exams, self.min_unknown_exams) < 1:
            raise ValueError("counts of drift limits are 1 or more")


@dataclass(frozen=True, slots=True)
class Alarm:
    """One cause, with the machine or software that it comes from (``None``: not only one), in a sentence."""

    cause: DriftCause
    sentence: str
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Drift:
    """The result for a window of recent exams.

    Attributes:
        n: exams.
        overall: of all p-values; ``None`` with fewer exams than the limits require.
        machines: the same for each machine with enough exams.
        unknown_share: share of exams from machines that are not in the calibration; an exam without a machine counts
            as unknown only if the calibration has machines.
        alarms: the causes; empty if no change was found.
    """

    n: int
    overall: Uniformity | None
    machines: dict[str, Uniformity]
    unknown_share: float
    alarms: tuple[Alarm, ...]

    @property
    def alarm(self) -> bool:
        """Whether there is an alarm."""
        return bool(self.alarms)


def drift(
    p_values: NDArray[np.float64],
    groups: Sequence[str | None],
    software: Sequence[str | None] | None = None,
    *,
    known_groups: Collection[str],
    known_software: Collection[str] | None = None,
    calibration_patients: int | None = None,
    limits: DriftLimits = DriftLimits(),
) -> Drift:
    """Test a window of recent exams of different patients; exams with a finding should be left out.

    Uniformity is tested window by window, not by a conformal martingale (Vovk, Nouretdinov and Gammerman 2003), which
    assumes an infinite calibration and eventually rejects any finite one, even if nothing has changed.

    Args:
        p_values: ``(n,)`` float64 in (0, 1], of exams.
        groups: ``(n,)`` the acquisition group of each.
        software: ``(n,)`` Software Versions (0018,1020) of each; ``None`` if unknown.
        known_groups: of the calibration.
        known_software: of the calibration; ``None`` if unknown: software is then not tested.
        calibration_patients: see :func:`mammolens.calibration.uniformity.uniformity`.
        limits: when to raise an alarm.

    Raises:
        ValueError: columns of different length, or a p-value outside [0, 1].
    """
    values = np.asarray(p_values, dtype=np.float64)
    columns = [groups] if software is None else [groups, software]
    if any(len(column) != len(values) for column in columns):
        raise ValueError("each exam has one p-value, one acquisition group and one software")
    machines = {
        name: members
        for name in sorted({group for group in groups if group is not None})
        if len(members := values[[group == name for group in groups]]) >= limits.min_exams
    }
    tests = {name: uniformity(members, calibration_patients) for name, members in machines.items()}
    overall = uniformity(values, calibration_patients) if len(values) >= limits.min_exams else None
    unknown = [group for group in groups if known_groups and group not in known_groups]
    alarms = _new(unknown, len(values), DriftCause.NEW_MACHINE, limits)
    if software is not None and known_software is not None:
        new = [version for version in software if version is not None and version not in known_software]
        alarms += _new(new, len(values), DriftCause.NEW_SOFTWARE, limits)
    alarms += _moved(overall, tests, limits)
    return Drift(len(values), overall, tests, len(unknown) / len(values) if len(values) else 0.0, tuple(alarms))


_NEW = {
    DriftCause.NEW_MACHINE: "are from a machine that is not in the calibration",
    DriftCause.NEW_SOFTWARE: "are from software that is not in the calibration",
}


def _new(sources: Sequence[str | None], n: int, cause: DriftCause, limits: DriftLimits) -> list[Alarm]:
    """An alarm where too many exams come from somewhere new, named after where most of them come from."""
    if len(sources) < limits.min_unknown_exams or len(sources) <= limits.unknown_share * n:
        return []
    names = Counter(source or "manufacturer missing" for source in sources)
    most = ", ".join(f"{name}: {count}" for name, count in names.most_common(3))
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    sentence = f"{len(sources)} of the last {n} exams {_NEW[cause]} ({most}{more})"
    return [Alarm(cause, sentence, next(iter(names)) if len(names) == 1 else None)]


def _moved(overall: Uniformity | None, machines: dict[str, Uniformity], limits: DriftLimits) -> list[Alarm]:
    """Alarms about moved scores: of each machine that moved, else of all together."""
    tests = len(machines) + 1

    def has_moved(found: Uniformity) -> bool:
        return found.distance >= limits.distance and found.p_value <= limits.false_alarm_rate / tests

    alarms = [_alarm(found, name) for name, found in machines.items() if has_moved(found)]
    if not alarms and overall is not None and has_moved(overall):
        alarms = [_alarm(overall, None)]
    return alarms


def _alarm(found: Uniformity, machine: str | None) -> Alarm:
    higher = found.shift is Shift.UP
    where = f" of {machine}" if machine else ""
    sentence = (
        f"scores{where} have shifted {found.shift}: {found.share:.0%} of the last {found.n} exams have a p-value "
        f"{'of at most' if higher else 'below'} {found.location:.2f} ({found.location:.0%} expected); "
        + ("more normal exams are flagged than intended" if higher else "fewer exams are flagged than intended")
    )
    return Alarm(DriftCause.SCORES_UP if higher else DriftCause.SCORES_DOWN, sentence, machine)
