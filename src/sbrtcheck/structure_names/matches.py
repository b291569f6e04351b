"""All structures of a plan, and which of them is which organ: found once, and handed to every step of a check.

Matching looks at names, types and codes alone. A check asks the same questions of them again and again: which DVHs to
compute, which rows are on which structure, whether the targets receive the prescription, what to draw thicker. So they
are answered once, by `match_structures`, and the answer travels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sbrtcheck.by_value import ByValue
from sbrtcheck.formatting import one_screen
from sbrtcheck.structure_names.derived import Recipe, derivable
from sbrtcheck.structure_names.matching import Ambiguous, Match, NoMatch, match, missing_names
from sbrtcheck.structure_names.plan_targets import all_targets
from sbrtcheck.structure_names.roi_name import RoiName
from sbrtcheck.structure_names.target_names import TARGETS
from sbrtcheck.structure_names.user_names import UserNames, dictionary_of, given_name


@dataclass(frozen=True, slots=True, kw_only=True)
class SeparateTargets:
    """Several targets apart from one another, each of them the organ."""

    organ: str
    rois: tuple[RoiName, ...]


StructureMatch = Match | SeparateTargets | Recipe | NoMatch | Ambiguous


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StructureMatches(ByValue):
    """The structures of a plan, and what the organs that somebody asked for were matched to.

    Parameters
    ----------
    structures
        All of the plan, contoured or not.
    given
        Organ -> structure name, as the user gave it, with the clinic's dictionary.
    by_organ
        What names, types and codes alone say of each organ.
    separate
        Kind of target -> its structures, where the plan has several and they lie apart; they go before ``by_organ``.
    recipes
        How the organs are made that nobody contoured, and whose parts are all there.
    targets
        Every contoured structure that is a target of some kind.
    missing
        The names that the user gave and the plan does not have.
    """

    structures: tuple[RoiName, ...]
    given: UserNames
    by_organ: Mapping[str, Match | NoMatch | Ambiguous]
    separate: Mapping[str, tuple[RoiName, ...]]
    recipes: tuple[Recipe, ...]
    targets: tuple[RoiName, ...]
    missing: tuple[NoMatch, ...]

    def of(self, organ: str) -> StructureMatch:
        """What an organ was matched to; KeyError for one that was not asked for."""
        by_name = self.by_organ[organ]
        if organ in self.separate:
            return SeparateTargets(organ=organ, rois=self.separate[organ])
        if isinstance(by_name, NoMatch):
            return next((recipe for recipe in self.recipes if recipe.organ == organ), by_name)
        return by_name

    def __repr__(self) -> str:
        count = f"{len(self.by_organ)} organs matched among {len(self.structures)} structures"
        return one_screen(
            f"StructureMatches: {count}", [f"{organ}: {match_words(self.of(organ))}" for organ in self.by_organ]
        )

    def needed(self, organs: Iterable[str]) -> frozenset[str]:
        """Names of the structures, and of the derived ones, whose DVHs these organs need."""
        organs = tuple(organs)
        by_name = {matched.roi.name for organ in organs if isinstance(matched := self.by_organ[organ], Match)}
        separate = {roi.name for organ in organs for roi in self.separate.get(organ, ())}
        # the user may have given an organ the name of what is derived: both kidneys for their cortex
        names = {*organs, *(name for organ in organs if (name := given_name(organ, self.given)) is not None)}
        derived = {recipe.organ for recipe in self.recipes if recipe.organ in names}
        return frozenset(by_name | separate | derived)


def match_words(matched: StructureMatch) -> str:
    """What an organ was matched to, in few words."""
    match matched:
        case Match():
            return f"{matched.roi.name!r}, by {matched.rule}"
        case SeparateTargets():
            return ", ".join(repr(roi.name) for roi in matched.rois)
        case Recipe():
            return "made of others"
        case NoMatch():
            return "no structure"
        case Ambiguous():
            return "several structures, none chosen"


def match_structures(
    organs: Iterable[str],
    structures: Sequence[RoiName],
    names: Mapping[str, str] | None = None,
    separate: Mapping[str, Sequence[RoiName]] | None = None,
) -> StructureMatches:
    """Match the structures of a plan to organs.

    Parameters
    ----------
    organs
        TG-263 names, or any names that tables use.
    structures
        All of the plan; their order does not matter.
    names
        Organ -> structure name, as the user gave it; wins over every rule. `UserNames` bring the clinic's dictionary.
    separate
        Kind of target -> its structures, where the plan has several and they lie apart (`dvh.separate_targets`): names
        do not tell that.
    """
    return StructureMatches(
        structures=tuple(structures),
        given=UserNames(names, dictionary_of(names)),
        by_organ={organ: match(organ, structures, names) for organ in dict.fromkeys(organs)},
        separate={kind: tuple(rois) for kind, rois in (separate or {}).items() if rois},
        recipes=derivable(structures, names),
        targets=all_targets(structures, names),
        missing=missing_names(names or {}, structures),
    )


def targets_among(organs: Iterable[str]) -> tuple[str, ...]:
    """The kinds of targets among some organs: those of which a plan may have several apart."""
    return tuple(sorted(set(organs).intersection(TARGETS)))
