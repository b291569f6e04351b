"""STUB until merge."""

from __future__ import annotations

from dataclasses import dataclass

from sbrtcheck.table.values import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedOrgan:
    organ: str
    structures: tuple[str, ...]
    source: Source | None = None
    choice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    id: str
    title: str = ""
    expects: tuple[ExpectedOrgan, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sites:
    sites: tuple[Site, ...] = ()

    def __contains__(self, site: str) -> bool:
        return any(s.id == site for s in self.sites)

    def __getitem__(self, site: str) -> Site:
        return next(s for s in self.sites if s.id == site)


def load_sites(path=None) -> Sites:
    def e(*names):
        return tuple(ExpectedOrgan(organ=n, structures=(n,)) for n in names)

    return Sites(
        sites=(
            Site(
                id="lung",
                expects=e("Lungs", "Lungs-GTV", "SpinalCord", "Heart", "Esophagus", "Trachea", "Bronchus_Main"),
            ),
            Site(
                id="liver",
                expects=e(
                    "Liver",
                    "Liver-GTV",
                    "Stomach",
                    "Duodenum",
                    "Bowel",
                    "Kidney_L",
                    "Kidney_R",
                    "Kidneys",
                    "SpinalCord",
                ),
            ),
            Site(id="spine", expects=e("SpinalCord")),
            Site(id="abdomen", expects=e("Bowel")),
        )
    )
