"""DVHs, or tables -> the lists that show them, as text, csv or json."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from rich.text import Text

from sbrtcheck.dvh import DVH, DVHSet, NoDVH, VolumeUnit
from sbrtcheck.formatting import clean, csv_text, number_text
from sbrtcheck.metric import Measurement, NotMeasured
from sbrtcheck.metric.measurement import measure_each
from sbrtcheck.plan import Finding
from sbrtcheck.render.text import ruled_table, terminal_text
from sbrtcheck.results import labels, rounded
from sbrtcheck.results.to_dict import finding_dict, measured_dict
from sbrtcheck.tables import ConstraintTable, ExpectedOrgan, Site, Sites

METRICS = ("Volume[cc]", "Mean[Gy]", "Min[Gy]", "Max[Gy]", "D95%[Gy]", "D2%[Gy]", "D0.035cc[Gy]")

STATISTICS = {"Mean[Gy]": "mean_gy", "Min[Gy]": "min_gy", "Max[Gy]": "max_gy"}
"""Metrics of a DVH, and what JSON calls them."""

# -------------------------------------------------------------------------------- tables


def tables_text(tables: Sequence[ConstraintTable], sites: Sites) -> str:
    """List tables for people, then the sites with the organs that a plan of each is expected to have contoured."""
    grid = ruled_table("Id", "Version", "Site", "Fractions", "Rows (confirmed + not)", "Title, source")
    for table in tables:
        confirmed = _confirmed(table)
        sources = "; ".join(source.citation for source in table.sources)
        grid.add_row(
            *map(Text, (table.id, table.version, table.site, ", ".join(map(str, table.fractions)) or "any")),
            Text(f"{confirmed} + {len(table.rows) - confirmed}"),
            Text(clean(f"{table.title}. {sources}")),
        )
    organs = ruled_table("Site", "Organs expected to be contoured; *: by choice, no source asks for it")
    for site in sites.sites:
        listed = (f"{organ.organ}{'' if organ.source else '*'}" for organ in site.expects)
        organs.add_row(Text(site.id), Text(clean(", ".join(listed))))
    return terminal_text([grid, Text(""), organs])


def tables_json(tables: Sequence[ConstraintTable], sites: Sites) -> str:
    """List tables and sites for programs."""
    listed = [
        {
            "id": table.id,
            "version": table.version,
            "site": table.site,
            "fractions": list(table.fractions),
            "title": table.title,
            "sources": [{"citation": s.citation, "doi": s.doi, "where": s.where} for s in table.sources],
            "rows_confirmed": _confirmed(table),
            "rows_unconfirmed": len(table.rows) - _confirmed(table),
            "sha256": table.sha256,
        }
        for table in tables
    ]
    expected = {
        "version": sites.version,
        "sha256": sites.sha256,
        "sites": [_site_dict(site) for site in sites.sites],
    }
    return _json({"schema": "sbrtcheck-tables/1", "tables": listed, "expected_organs": expected})


def _site_dict(site: Site) -> dict[str, Any]:
    return {
        "id": site.id,
        "title": site.title,
        "note": site.note,
        "expects": [_organ_dict(organ) for organ in site.expects],
    }


def _organ_dict(organ: ExpectedOrgan) -> dict[str, Any]:
    source = organ.source
    return {
        "organ": organ.organ,
        "structures": list(organ.structures),
        "together": list(organ.together),
        "source": {"citation": source.citation, "doi": source.doi, "where": source.where} if source else None,
        "choice": organ.choice or None,
    }


def _confirmed(table: ConstraintTable) -> int:
    return sum(row.confirmed for row in table.rows)


# -------------------------------------------------------------------------------- DVHs


def dvhs_text(dvhs: DVHSet) -> str:
    """One line a structure, then what was noticed."""
    grid = ruled_table("Structure", *METRICS, "Outside grid [cc]")
    for dvh, answers in zip(dvhs.dvhs, measure_each(METRICS, dvhs), strict=True):
        cells = map(_measured_text, answers.values())
        grid.add_row(*map(Text, (clean(dvh.name), *cells, number_text(dvh.uncovered_cc))))
    findings = _all_findings(dvhs)
    lines = [*map(_why_text, dvhs.without), *dict.fromkeys(map(labels.finding_text, findings))]
    return terminal_text([grid, *([Text("")] if lines else []), *map(Text, lines)])


def _measured_text(measured: Measurement | NotMeasured) -> str:
    return "-" if isinstance(measured, NotMeasured) else number_text(measured.value)


def _why_text(without: NoDVH) -> str:
    detail = f" ({without.detail})" if without.detail else ""
    return clean(f"{without.name}: no DVH, {without.reason}{detail}")


def _all_findings(dvhs: DVHSet) -> Iterable[Finding]:
    yield from dvhs.findings
    for dvh in dvhs.dvhs:
        yield from dvh.findings


def dvhs_csv(dvhs: DVHSet) -> str:
    """Points of the cumulative curves; ``volume_cc`` is empty where only percent volumes were stored."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("structure", "dose_gy", "volume_cc", "volume_percent"))
    for dvh in dvhs.dvhs:
        in_cc = dvh.volume_unit is VolumeUnit.CC
        for dose, volume in zip(dvh.curve.dose_gy.tolist(), dvh.curve.volume.tolist(), strict=True):
            cc = rounded(volume) if in_cc else ""
            percent = rounded(100 * volume / dvh.volume) if dvh.volume > 0 else ""
            writer.writerow((csv_text(dvh.name), rounded(dose), cc, percent))
    return out.getvalue()


def dvhs_json(dvhs: DVHSet) -> str:
    """Summaries and curves, numbers to 6 significant digits."""
    return _json(
        {
            "schema": "sbrtcheck-dvhs/1",
            "origin": str(dvhs.origin),
            "structures": [
                _dvh_dict(dvh, answers)
                for dvh, answers in zip(dvhs.dvhs, measure_each(tuple(STATISTICS), dvhs), strict=True)
            ],
            "without": [
                {"name": structure.name, "reason": str(structure.reason), "detail": structure.detail}
                for structure in dvhs.without
            ],
            "findings": [finding_dict(finding) for finding in dvhs.findings],
        }
    )


def _dvh_dict(dvh: DVH, answers: Mapping[str, Measurement | NotMeasured]) -> dict[str, Any]:
    return {
        "name": dvh.name,
        "kind": dvh.kind,
        "volume": rounded(dvh.volume),
        "volume_unit": str(dvh.volume_unit),
        **{name: measured_dict(answers[metric]) for metric, name in STATISTICS.items()},
        "end_caps": str(dvh.model.end_caps) if dvh.model else None,
        "between": str(dvh.model.between) if dvh.model else None,
        "dose": str(dvh.model.dose) if dvh.model else None,
        "uncovered_cc": rounded(dvh.uncovered_cc),
        "dose_gy": [rounded(dose) for dose in dvh.curve.dose_gy.tolist()],
        "volume_at_least": [rounded(volume) for volume in dvh.curve.volume.tolist()],
        "findings": [finding_dict(finding) for finding in dvh.findings],
    }


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2, allow_nan=False) + "\n"


DVH_FORMATS: Mapping[str, Callable[[DVHSet], str]] = MappingProxyType(
    {"text": dvhs_text, "csv": dvhs_csv, "json": dvhs_json}
)

__all__ = ["DVH_FORMATS", "dvhs_csv", "dvhs_json", "dvhs_text", "tables_json", "tables_text"]
