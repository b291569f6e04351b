"""Structure names: which structure of a plan is which organ, by which rule.

`spellings` has the names of TG-263 and what is the same name, `user_names` what the user says of names; `target_names`
reads what the name of a target says, `likeness` grades names that are only alike. `rules` say whether a structure is an
organ, and `matching` decides for one organ by them; `suggestions` are of names that are only alike, `plan_targets` are
all targets, and `derived` are organs made of others. `matches` has all answers for a plan, found once, and `plan_names`
what a reader is shown of them.
"""

from sbrtcheck.structure_names.derived import Recipe, derivable
from sbrtcheck.structure_names.likeness import (
    Called,
    Likeness,
    called,
    is_like_target,
    likeness,
    side_called,
    target_taken_out,
)
from sbrtcheck.structure_names.matches import (
    SeparateTargets,
    StructureMatch,
    StructureMatches,
    match_structures,
    targets_among,
)
from sbrtcheck.structure_names.matching import Ambiguous, Match, NoMatch, match, missing_names
from sbrtcheck.structure_names.plan_targets import all_targets, is_of_target, is_target_name, targets
from sbrtcheck.structure_names.roi_name import RoiName
from sbrtcheck.structure_names.rules import Rule
from sbrtcheck.structure_names.spellings import (
    is_in_doubt,
    is_part,
    is_whole_target,
    known_names,
    lies_inside,
    may_belong_to,
    normalise,
    organ_named,
    organs_named_together,
    parts,
    similar_organs,
    without_margin,
)
from sbrtcheck.structure_names.suggestions import copies_of, structures_inside, structures_perhaps_of
from sbrtcheck.structure_names.target_names import TARGETS, Says, is_helper
from sbrtcheck.structure_names.user_names import (
    NO_DICTIONARY,
    Dictionary,
    UserNames,
    dictionary_key,
    dictionary_of,
    given_name,
    organ_by_name,
)

__all__ = [
    "NO_DICTIONARY",
    "TARGETS",
    "Ambiguous",
    "Called",
    "Dictionary",
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
    "UserNames",
    "all_targets",
    "called",
    "copies_of",
    "derivable",
    "dictionary_key",
    "dictionary_of",
    "given_name",
    "is_helper",
    "is_in_doubt",
    "is_like_target",
    "is_of_target",
    "is_part",
    "is_target_name",
    "is_whole_target",
    "known_names",
    "lies_inside",
    "likeness",
    "match",
    "match_structures",
    "may_belong_to",
    "missing_names",
    "normalise",
    "organ_by_name",
    "organ_named",
    "organs_named_together",
    "parts",
    "side_called",
    "similar_organs",
    "structures_inside",
    "structures_perhaps_of",
    "target_taken_out",
    "targets",
    "targets_among",
    "without_margin",
]
