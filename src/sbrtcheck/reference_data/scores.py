"""Facts of a patient -> the score or class that the review cites, with the published numbers that were read."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cache

from sbrtcheck.tables.shipped import Entry, read_shipped

FILE = "scores.yaml"
HIGHEST_KPS = 100


class Timing(StrEnum):
    """When metastases appeared: with the primary tumour, or later. Where the border is, the user decides."""

    SYNCHRONOUS = "synchronous"
    METACHRONOUS = "metachronous"


class OligoClass(StrEnum):
    """Class of the disease by number of metastases, in the review's terms."""

    NONE = "no metastases"
    FEW = "oligometastatic, 3 metastases or fewer"
    SEVERAL = "oligometastatic, more than 3 and up to 5 metastases"
    MANY = "more than 5 metastases: not oligometastatic in this wording"


@dataclass(frozen=True, slots=True, kw_only=True)
class About(Entry):
    """What a score is for and not for, and where it was read."""

    title: str
    citation: str
    where: str
    use: str
    not_for: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Survival(Entry):
    """Median survival in months, with its 95 % interval; both ends are the median where none is printed."""

    months: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPublished:
    """A number that was not read, and is not guessed."""

    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MetabankScore:
    """Points, the group of points they fall into (both ends in it), and that group's survival."""

    points: int
    group: tuple[int, int]
    survival: Survival
    about: About


@dataclass(frozen=True, slots=True, kw_only=True)
class DeVinScore:
    """Number of risk factors, and survival where it was read."""

    factors: int
    survival: Survival | NotPublished
    about: About


@dataclass(frozen=True, slots=True, kw_only=True)
class Oligometastatic:
    """Class by number and timing; ``remarks`` are where the review leaves it open."""

    metastases: int
    disease: OligoClass
    timing: Timing
    remarks: tuple[str, ...]
    about: About


# -------------------------------------------------------------------------------- what the file has


@dataclass(frozen=True, slots=True, kw_only=True)
class _Points(Entry):
    male: int
    synchronous: int
    brain: int
    non_adenocarcinoma: int
    kps_below_80: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group(Entry):
    least: int
    most: int
    survival: Survival


@dataclass(frozen=True, slots=True, kw_only=True)
class _Metabank(Entry):
    about: About
    points: _Points
    kps_limit: int
    groups: tuple[_Group, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _End(Entry):
    factors: int
    months: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _DeVin(Entry):
    about: About
    ends: tuple[_End, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Oligometastatic(Entry):
    about: About
    few: int
    several: int
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _File(Entry):
    id: str
    version: str
    note: str
    metabank: _Metabank
    de_vin: _DeVin
    oligometastatic: _Oligometastatic


@cache
def _file() -> _File:
    return read_shipped(FILE, _File)


# -------------------------------------------------------------------------------- scores of a patient


def metabank(
    *, male: bool, synchronous: bool, brain_metastases: bool, non_adenocarcinoma: bool, kps: int
) -> MetabankScore:
    """MetaBank score of a patient with oligometastases: points of five factors.

    Parameters
    ----------
    male, synchronous, brain_metastases, non_adenocarcinoma
        Whether each holds.
    kps
        Karnofsky performance status, 0 to 100; below 80 counts.

    Returns
    -------
    MetabankScore
        0 to 28 points, and the median survival of the group they fall into.

    Raises
    ------
    ValueError
        ``kps`` is no performance status.

    Notes
    -----
    It groups patients; it does not choose a treatment, and no dose follows from it.

    Examples
    --------
    >>> found = metabank(male=False, synchronous=True, brain_metastases=False, non_adenocarcinoma=True, kps=90)
    >>> found.points, found.group, found.survival.months
    (9, (9, 13), 17.4)
    """
    if not 0 <= kps <= HIGHEST_KPS:
        raise ValueError(f"kps: {kps} is not a Karnofsky performance status, 0 to 100")
    score = _file().metabank
    has = {
        "male": male,
        "synchronous": synchronous,
        "brain": brain_metastases,
        "non_adenocarcinoma": non_adenocarcinoma,
        "kps_below_80": kps < score.kps_limit,
    }
    points = sum(value for factor, value in asdict(score.points).items() if has[factor])
    group = next(group for group in score.groups if group.least <= points <= group.most)
    return MetabankScore(
        points=points,
        group=(group.least, group.most),
        survival=group.survival,
        about=score.about,
    )


def de_vin(*, male: bool, synchronous: bool, intracranial: bool, non_adenocarcinoma: bool) -> DeVinScore:
    """De Vin's count of four risk factors; its survival is known at 0 and at 4 only.

    Returns
    -------
    DeVinScore
        With `NotPublished` for 1, 2 and 3 factors: their survival was not read, and nothing is put between the ends.

    Examples
    --------
    >>> de_vin(male=False, synchronous=False, intracranial=False, non_adenocarcinoma=False).survival.months
    40.0
    """
    factors = sum((male, synchronous, intracranial, non_adenocarcinoma))
    score = _file().de_vin
    months = {end.factors: end.months for end in score.ends}
    return DeVinScore(
        factors=factors,
        survival=Survival(months=months[factors], low=months[factors], high=months[factors])
        if factors in months
        else NotPublished(detail=f"survival with {factors} of 4 factors was not read; the ends are 0 and 4"),
        about=score.about,
    )


def oligometastatic(metastases: int, timing: Timing) -> Oligometastatic:
    """Class of metastatic disease by number and timing.

    Parameters
    ----------
    metastases
        How many, 0 or more.
    timing
        Whether they came with the primary tumour or later.

    Raises
    ------
    ValueError
        A number below 0.

    Examples
    --------
    >>> str(oligometastatic(4, Timing.METACHRONOUS).disease)
    'oligometastatic, more than 3 and up to 5 metastases'
    """
    if metastases < 0:
        raise ValueError(f"metastases: {metastases} is not a number of metastases")
    score = _file().oligometastatic
    return Oligometastatic(
        metastases=metastases,
        disease=_oligo_class(metastases, few=score.few, several=score.several),
        timing=timing,
        remarks=(score.remark,) if metastases == score.few else (),
        about=score.about,
    )


def _oligo_class(metastases: int, *, few: int, several: int) -> OligoClass:
    if metastases == 0:
        return OligoClass.NONE
    if metastases <= few:
        return OligoClass.FEW
    return OligoClass.SEVERAL if metastases <= several else OligoClass.MANY
