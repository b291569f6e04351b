"""An organ, and the structures of a plan -> the one that is the organ, and by which rule; never a guess.

The first of the `rules` that finds a structure decides; several structures at the same rule are `Ambiguous`, never a
choice. A structure without contours is matched only where no rule finds one that has some, and what was passed over is
named. A name that the user gave is that structure's or nobody's: ``ROI 6``, where nothing is called so, is the ROI
number 6. What a weaker rule would have found is in the match.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sbrtcheck.structure_names.roi_name import RoiName, labels, roi_order, structures_named
from sbrtcheck.structure_names.rules import Rule, Rules, may_be_target, rules_with
from sbrtcheck.structure_names.spellings import organ_named
from sbrtcheck.structure_names.suggestions import names_like, suggestions
from sbrtcheck.structure_names.user_names import dictionary_of, given_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The one structure that is the organ.

    ``others`` are names of further contoured ones that a weaker rule fits; ``passed_over`` of those without contours
    that would have been the organ too. Where the structure has no contours itself, ``suggested`` and ``probable`` are
    as those of `NoMatch`.
    """

    organ: str
    roi: RoiName
    rule: Rule
    others: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()
    suggested: tuple[str, ...] = ()
    probable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoMatch:
    """No structure is the organ by its name.

    ``given`` is the name that the user gave for the organ and the plan does not have; None where no name was given.
    ``suggested`` are names of contoured structures that are only alike, the likeliest first; ``probable`` those of them
    that nearly certainly are the organ, a part of it, or a surrogate of it: the plan has the organ, and nobody stated
    which structure it is.
    """

    organ: str
    given: str | None = None
    suggested: tuple[str, ...] = ()
    probable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguous:
    """Several structures fit equally well; those of one name are told with their ROI numbers."""

    organ: str
    rois: tuple[RoiName, ...]

    @property
    def candidates(self) -> tuple[str, ...]:
        """Their names, each told apart from the others."""
        return labels(self.rois, self.rois)

    @property
    def hint(self) -> str:
        """What settles it."""
        return f"say which in a names file, by its name or its number, like {self.organ}: 'ROI 6'"


def match(organ: str, rois: Sequence[RoiName], names: Mapping[str, str] | None = None) -> Match | NoMatch | Ambiguous:
    """Find the structure of the plan that is ``organ``.

    Parameters
    ----------
    organ
        TG-263 name, or any name a table uses.
    rois
        The plan's structures; their order does not matter.
    names
        Organ -> ROI name, as the user gave it; wins over every other rule, and is not second-guessed when the plan has
        no ROI of that name. `UserNames` bring the clinic's dictionary along, here and in all that follows.

    Returns
    -------
    Match | NoMatch | Ambiguous
        Never a guess: names that are only alike come back in ``suggested`` and ``probable``.
    """
    given = given_name(organ, names or {})
    matched = match_by_rules(organ, rois, names)
    if matched is None and given is not None:
        return NoMatch(organ=organ, given=given, suggested=names_like(given, rois))
    if matched is None:
        suggested, probable = suggestions(organ, rois, names)
        return NoMatch(organ=organ, suggested=suggested, probable=probable)
    if isinstance(matched, Match):
        return _with_alternatives(matched, rois, names)
    return matched


def missing_names(names: Mapping[str, str], rois: Sequence[RoiName]) -> tuple[NoMatch, ...]:
    """All names that the user gave and the plan does not have, by organ; whether a table asks for the organ or not."""
    matches = (match(organ_named(key) or key, rois, {key: name}) for key, name in sorted(names.items()) if name)
    return tuple(missing for missing in matches if isinstance(missing, NoMatch))


def match_by_rules(organ: str, rois: Sequence[RoiName], names: Mapping[str, str] | None) -> Match | Ambiguous | None:
    """The match by the rules alone, without suggestions and names of others: finding these needs most of the time.

    A structure without contours is considered only where none with contours fits.
    """
    given = given_name(organ, names or {})
    candidates = structures_named(given, rois) if given is not None else rois
    contoured = [r for r in candidates if r.contoured]
    empty = [r for r in candidates if not r.contoured] if len(contoured) < len(candidates) else []
    if given is not None:
        return _match_or_ambiguous(organ, contoured, Rule.GIVEN) or _match_or_ambiguous(organ, empty, Rule.GIVEN)
    rules = rules_with(dictionary_of(names))
    return _by_rule(organ, contoured, rules) or _by_rule(organ, empty, rules)


def _by_rule(organ: str, rois: Sequence[RoiName], rules: Rules) -> Match | Ambiguous | None:
    matches = (_match_or_ambiguous(organ, [r for r in rois if fits(organ, r)], rule) for rule, fits in rules)
    return next((matched for matched in matches if matched is not None), None)


def _match_or_ambiguous(organ: str, fitting: Sequence[RoiName], rule: Rule) -> Match | Ambiguous | None:
    if not fitting:
        return None
    if len(fitting) == 1:
        return Match(organ=organ, roi=fitting[0], rule=rule)
    return Ambiguous(organ=organ, rois=tuple(sorted(fitting, key=roi_order)))


def _with_alternatives(matched: Match, rois: Sequence[RoiName], names: Mapping[str, str] | None) -> Match:
    """The match with the names of other structures that might be the organ too."""
    given = given_name(matched.organ, names or {})
    empty = [r for r in rois if not r.contoured and r != matched.roi]
    if given is not None:
        return replace(matched, passed_over=labels(set(structures_named(given, empty)), rois))
    rules = rules_with(dictionary_of(names))
    passed_over = {r for r in empty if any(fits(matched.organ, r) for _, fits in rules)}
    suggested, probable = ((), ()) if matched.roi.contoured else suggestions(matched.organ, rois, names)
    return replace(
        matched,
        others=labels(_weaker_matches(matched, rois, rules), rois),
        passed_over=labels(passed_over, rois),
        suggested=suggested,
        probable=probable,
    )


def _weaker_matches(matched: Match, rois: Iterable[RoiName], rules: Rules) -> Iterable[RoiName]:
    """Contoured structures that a weaker rule would have found, had the one matched not been there."""
    place = [rule for rule, _ in rules].index(matched.rule)
    weaker = [may_be_target, *(fits for _, fits in rules[place + 1 :])]
    unmatched = {r for r in rois if r.contoured and r != matched.roi}
    return [r for r in unmatched if any(fits(matched.organ, r) for fits in weaker)]
