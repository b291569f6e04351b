"""Structure names: which structure of a plan is which organ, by which rule.

`matching` decides for one organ, by the rules of names; `target_names` reads what the name of a target says;
`likeness` grades names that are only alike, for suggestions. `matches` has all answers for a plan, found once, and
`plan_names` what a reader is shown of them.
"""

from sbrtcheck.structure_names.likeness import Likeness, is_like_target, likeness
from sbrtcheck.structure_names.matches import (
    SeparateTargets,
    StructureMatch,
    StructureMatches,
    match_structures,
    targets_among,
)
from sbrtcheck.structure_names.matching import (
    TARGETS,
    Ambiguous,
    Match,
    NoMatch,
    Recipe,
    RoiName,
    Rule,
    all_targets,
    copies_of,
    derivable,
    given_name,
    is_of_target,
    is_target_name,
    is_whole_target,
    known_names,
    match,
    missing_names,
    normalise,
    organ_named,
    similar_organs,
    targets,
)
from sbrtcheck.structure_names.target_names import Says, is_helper

__all__ = [
    "TARGETS",
    "Ambiguous",
    "Likeness",
    "Match",
    "NoMatch",
    "Recipe",
    "RoiName",
    "Rule",
    "Says",
    "SeparateTargets",
    "StructureMatch",
    "StructureMatches",
    "all_targets",
    "copies_of",
    "derivable",
    "given_name",
    "is_helper",
    "is_like_target",
    "is_of_target",
    "is_target_name",
    "is_whole_target",
    "known_names",
    "likeness",
    "match",
    "match_structures",
    "missing_names",
    "normalise",
    "organ_named",
    "similar_organs",
    "targets",
    "targets_among",
]
