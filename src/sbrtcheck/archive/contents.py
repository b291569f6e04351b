"""What the results of an archive hold, and by which pseudonym a plan is known in them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sbrtcheck.archive.columns import Columns, Table, columns_of
from sbrtcheck.archive.entries import Entry
from sbrtcheck.archive.plan_keys import PlanKeys
from sbrtcheck.metric.measurement import several_metrics, text_of

_Uids = tuple[str, tuple[str, ...], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What is written of every plan, beside its outcomes.

    Parameters
    ----------
    metrics
        Texts of metrics that are measured on every structure; with one, there is a table of structures.
    curves
        Whether there is a table with the DVH of every structure.
    with_identity
        Whether outcomes and plans have the UIDs and the Patient ID.
    plan_keys
        What makes the pseudonyms; of one run only, unless a secret is kept.
    repeated
        UIDs that several plans of the archive have: their keys are made with their folders too.
    """

    metrics: tuple[str, ...] = ()
    curves: bool = False
    with_identity: bool = False
    plan_keys: PlanKeys = field(default_factory=PlanKeys, compare=False)
    repeated: frozenset[_Uids] = field(default=frozenset(), compare=False, repr=False)

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables of a run."""
        return (Table.OUTCOMES, Table.PLANS, *self.tables_of_structures)

    @property
    def tables_of_structures(self) -> tuple[Table, ...]:
        """Those with a row a structure."""
        structures = (Table.STRUCTURES,) if self.metrics else ()
        curves = (Table.CURVES,) if self.curves else ()
        return (*structures, *curves)

    def columns(self, table: Table, *, path: bool = False) -> Columns:
        """The columns of one of them."""
        return columns_of(table, self.metrics, identity=self.with_identity, path=path)

    def of_archive(self, entries: Iterable[Entry]) -> Contents:
        """The same for these plans: those that share UIDs get keys of their own."""
        number = Counter(map(_uids, entries))
        return replace(self, repeated=frozenset(uids for uids, times in number.items() if times > 1))

    def plan_key(self, entry: Entry) -> str:
        """The pseudonym of a plan, or of a file of none."""
        uids = _uids(entry)
        apart = _place(entry) if uids in self.repeated or uids == ("", (), "") else ()
        return self.plan_keys.key(*uids, *apart)


def _uids(entry: Entry) -> _Uids:
    return entry.plan_uid, tuple(sorted(entry.dose_uids)), entry.structure_set_uid


def _place(entry: Entry) -> tuple[str, ...]:
    """What tells plans of the same UIDs apart: where they lie in the archive, wherever that lies.

    What has no file is told apart by what is said of it: two things may be wrong with one folder.
    """
    if not entry.files:
        return entry.folder, entry.problem or ""
    return (entry.folder, *sorted(re.split(r"[/\\]", str(file))[-1] for file in entry.files))


def metrics_of(metrics: str | Sequence[str] | None) -> tuple[str, ...]:
    """Texts of metrics, each once; one text may name several, with commas between.

    Raises
    ------
    MetricError
        One of them is no metric.
    """
    if metrics is None:
        return ()
    given: Any = metrics
    several = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    words = [
        word for one in several for word in (re.split(r"\s*[,;]\s*", one.strip()) if isinstance(one, str) else [one])
    ]
    asked = [word for word in words if not isinstance(word, str) or word]
    return tuple(dict.fromkeys(text_of(one) for one in several_metrics(asked)))
