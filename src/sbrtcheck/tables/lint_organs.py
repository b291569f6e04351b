"""Row of a table -> remarks on its organ as printed, and the structures that are measured for it.

Which organ a text names is told by the listed spellings of structures and by what bundled tables print; which
structures stand for one organ, by the rows of bundled tables and the lists of expected organs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from sbrtcheck.metric import DoseAtVolume, DoseStatistic, Stat, Unit, VolumeAtDose
from sbrtcheck.structure_names import (
    TARGETS,
    called,
    lies_inside,
    normalise,
    organ_named,
    parts,
    side_called,
    target_taken_out,
    without_margin,
)
from sbrtcheck.tables.slips import Slip, error, is_target, printed, summary, warning
from sbrtcheck.tables.table import ConstraintTable
from sbrtcheck.tables.values import Constraint, Select
from sbrtcheck.tables.yardsticks import WHOLE_BODY, Yardsticks, bodies_of, body, words_of

_WORD = re.compile(r"[^\W\d_]+", re.UNICODE)
_LONGEST = 4  # words of an organ's name
_MAXIMUM = re.compile(  # in the languages of `_MEAN`; no maxilla
    r"\b(d?m[aá]x(?!ill)\w*|massim\w*|mak[sz]\w*|hottest|peak|spitzen\w*|point dose|punktdosis"
    r"|d ?0[.,]0\d* ?cc)\b|最大",
    re.IGNORECASE,
)
_MINIMUM = re.compile(r"\b(d?min|m[ií]nim\w*|mindest\w*|coldest)\b|最小", re.IGNORECASE)
_VOLUME = re.compile(  # "maximum volume above the threshold", "max 33 %", "max. a third"
    r"\bvol|%|percent|\d ?/ ?\d|third|half|drittel|h[aä]lfte|tiers|moiti[eé]|\bd\d", re.IGNORECASE
)
_LARGE_SHARE = 20.0  # percent of an organ: no maximum
_MEAN = re.compile(
    r"\b(d?mean|averaged?|mld|d?median|d?min|minimum|dmoy|moyenn?e?s?|mittel\w*|mittler\w*|durchschnitt\w*|m[eé]di[ao]s?"
    r"|promedio|gemiddelde?|średni\w*|medel\w*)\b|平均",
    re.IGNORECASE,
)
_MEAN_ITSELF = re.compile(_MEAN.pattern.replace("d?median|d?min|minimum|", ""), re.IGNORECASE)
_OF_A_SIDE = re.compile(  # "left-sided tumours"
    r"[ik]psi|[ck]ontra|sided?\b|seitig|tumou?r|tumeur|target|l[eéä]si|cible|ziel|blanco|bersaglio", re.IGNORECASE
)
_LESS_THE_TARGET = re.compile(
    r"\b(minus|without|less|excluding|ohne|sans|moins|sin|menos|senza|meno|zonder|sem) "
    r"(the |el |la |le |il |het |o )?i?([pcgi]tv|target|tumou?r|tumeur)"
    r"|[-\u2010-\u2015\u2212] ?i?[pcgi]tv\s*($|[(,;/])",  # and not "- GTV adjacent"
    re.IGNORECASE,
)
_OF_THE_TUMOUR = re.compile(r"(?<![^\W_])(ipsi|[ck]ontra)", re.IGNORECASE)
_BOTH = "name the structure of both, or a union of them"
_PART_BREAK = re.compile(r"[(),;:/]")
_SKIN = "skin"
_BOWEL = "Bowel"
_SMALL_BOWEL = frozenset({"Bowel_Small", "Spc_Bowel_Small", "Jejunum_Ileum", "Jejunum", "Ileum", "Duodenum"})
_LARGE_BOWEL = frozenset(
    {"Bowel_Large", "Cecum", "Colon", "Rectum", "Colon_Ascending", "Colon_Transverse", "Colon_Decending"}
)
_OPERATOR = re.compile(r"[-+~^!&|]")
_PLACE_OF_TARGET = {"GTV": 0, "CTV": 1, "ITV": 1, "PTV": 2}  # from inside; a CTV and an ITV may lie either way
_TARGET = re.compile(rf"(?<![A-Za-z])({'|'.join(_PLACE_OF_TARGET)})", re.IGNORECASE)

Check = Callable[[ConstraintTable, Constraint, Yardsticks], Iterator[Slip]]


def _other_statistic(table: ConstraintTable, row: Constraint, _usual: Yardsticks) -> Iterator[Slip]:
    """A maximum by its name, and the minimum, mean or median of the organ by its metric; or the reverse."""
    text, metric = printed(row), row.metric
    if isinstance(metric, DoseAtVolume) and _is_far_from_maximum(metric) and row.is_upper_limit:
        if _MAXIMUM.search(text) and not _MEAN.search(text) and not _VOLUME.search(text):
            yield error(f"called a maximum, and '{metric}' is not", f"write 'Max[{metric.unit}]'")
        return
    if isinstance(metric, DoseStatistic) and not row.is_upper_limit:
        others = {Stat.MAX: (_MAXIMUM, "the hottest point"), Stat.MEAN: (_MEAN_ITSELF, "the mean")}
        own_name, what = others.get(metric.stat, (_MINIMUM, ""))
        if _MINIMUM.search(text) and not own_name.search(text):
            yield error(f"called a minimum, and '{metric}' is {what}", f"write 'Min[{metric.unit}]'")
        return
    explained = f"{row.note} {table.note}"
    if not isinstance(metric, DoseStatistic) or not row.is_upper_limit:
        return
    if metric.stat is not Stat.MAX and _MAXIMUM.search(text) and not _MEAN.search(text):
        remark = warning if _MEAN.search(explained) or is_target(row) else error
        yield remark(f"called a maximum, and '{metric}' is not", f"write 'Max[{metric.unit}]'")
    elif metric.stat is Stat.MAX and _MEAN.search(text) and not _MAXIMUM.search(text):
        yield warning(f"called a mean, and '{metric}' is the hottest point", f"write 'Mean[{metric.unit}]'")


def _is_far_from_maximum(metric: DoseAtVolume) -> bool:
    return not metric.cold and metric.volume_unit is Unit.PERCENT and metric.volume >= _LARGE_SHARE


# -------------------------------------------------------------------------------- the organ and the structure


def _other_organ(_table: ConstraintTable, row: Constraint, usual: Yardsticks) -> Iterator[Slip]:
    """The text names one organ, and the structures are another."""
    if any(_is_boolean(name) or name.upper().startswith(TARGETS) for name in row.structures):
        return
    named = _named(row.organ, usual) or frozenset(map(body, _organs_of_text(row.organ)))
    bodies = tuple(map(body, row.structures))
    if _SKIN in named and WHOLE_BODY & {*bodies}:  # it is contoured as the surface of the body
        return
    if WHOLE_BODY & named and WHOLE_BODY.issuperset(bodies):
        return
    if not named or any(_stand_for_each_other(one, other, usual) for one in bodies for other in named):
        return
    if any(lies_inside(name, organ) for name in row.structures for organ in _organs_of_text(row.organ)):
        return
    if not all(one in usual.together or organ_named(name) for one, name in zip(bodies, row.structures, strict=False)):
        return  # a name of the clinic's own, which may be of any organ
    what = f"printed for '{row.organ}', and measured on {', '.join(row.structures)}"
    yield (error if _are_apart(row, bodies, usual) else warning)(what, "correct organ, or structure")


def _is_boolean(name: str) -> bool:
    """Whether a structure is made of others; less the target it is the organ still."""
    return _OPERATOR.search(name) is not None and not target_taken_out(name)


def _other_bowel(_table: ConstraintTable, row: Constraint, _usual: Yardsticks) -> Iterator[Slip]:
    """The small bowel by its name, and the large one by its structure; or the reverse."""
    named = _organs_of_text(row.organ) - {_BOWEL}
    for printed_bowel, other in ((_LARGE_BOWEL, _SMALL_BOWEL), (_SMALL_BOWEL, _LARGE_BOWEL)):
        if named and named <= printed_bowel and all(organ_named(name) in other for name in row.structures):
            what = f"printed for '{row.organ}', and measured on {', '.join(row.structures)}"
            yield warning(what, "correct organ, or structure")


def _organ_on_a_target(_table: ConstraintTable, row: Constraint, usual: Yardsticks) -> Iterator[Slip]:
    """An organ at risk by its name, and a target by its structure, which is given more than any of them."""
    if not is_target(row) or not row.is_upper_limit or _TARGET.search(row.organ) or _OF_A_SIDE.search(row.organ):
        return
    named = {body(organ) for organ in _organs_of_text(row.organ)}
    in_gray = row.metric.unit is Unit.GY or (isinstance(row.metric, VolumeAtDose) and row.metric.dose_unit is Unit.GY)
    if in_gray and any(one in usual.numbers for one in named):
        what = f"printed for '{row.organ}', and measured on {', '.join(row.structures)}"
        yield warning(what, "correct organ, or structure")


def _target_among_organs(_table: ConstraintTable, row: Constraint, _usual: Yardsticks) -> Iterator[Slip]:
    """A target beside organs: what is asked of the one is not asked of the others."""
    targets = [name for name in row.structures if name.upper().startswith(TARGETS)]
    if targets and len(targets) < len(row.structures):
        yield warning(f"{targets[0]} is a target, and the others of the row are organs", f"take {targets[0]} out")


def _with_the_target(_table: ConstraintTable, row: Constraint, _usual: Yardsticks) -> Iterator[Slip]:
    """The organ less the target by its name, and the whole of it by its structure."""
    is_whole = all(organ_named(name) and not target_taken_out(name) for name in row.structures)
    if is_whole and not is_target(row) and _LESS_THE_TARGET.search(row.organ):
        name = row.structures[0]
        what = f"printed for '{row.organ}', and measured on {name} with its part in the target"
        yield warning(what, f"write the structure without it, such as {name}-GTV")


def _one_side_before_both(_table: ConstraintTable, row: Constraint, _usual: Yardsticks) -> Iterator[Slip]:
    """One organ of two as a choice beside both together: the other side is then not looked at."""
    if row.select is not Select.FIRST or side_called(row.organ) or _OF_A_SIDE.search(row.organ):
        return
    single = [choice.structures[0] for choice in row.choices if len(choice.structures) == 1]
    for name in single:
        stem, side = _key(name)[:-2], _side(name)
        of_both = any(not _side(other) and body(other) == body(name) for other in row.structures)
        of_both |= any(
            {_side(other) for other in choice.structures} == {"l", "r"} and body(name) in _bodies(choice.structures)
            for choice in row.choices
        )
        if (
            side
            and of_both
            and not any(_side(other) and _side(other) != side and _key(other)[:-2] == stem for other in single)
        ):
            what = f"{name} is a choice of the row, and its other side is none: that is not checked"
            yield warning(what, "name both sides, or a union of them")
            return


def _inner_target(_table: ConstraintTable, row: Constraint, _usual: Yardsticks) -> Iterator[Slip]:
    """One target by its name, and another that lies inside it as its structure: that is covered more easily."""
    named = {_PLACE_OF_TARGET[kind.upper()] for kind in _TARGET.findall(row.organ)}
    measured = [_target_place(name) for name in row.structures]
    if len(named) == 1 and measured and all(place is not None and place < min(named) for place in measured):
        what = f"printed for '{row.organ}', and measured on {', '.join(row.structures)}, which lies inside it"
        yield warning(what, "correct organ, or structure")


def _target_place(name: str) -> int | None:
    """How far outside a target lies; None of what is no target, or is made of several structures."""
    kind = _TARGET.match(name)
    return None if kind is None or _OPERATOR.search(name) else _PLACE_OF_TARGET[kind[0].upper()]


def _are_apart(row: Constraint, bodies: Sequence[str], usual: Yardsticks) -> bool:
    """Whether the text is the name of one organ, and all structures are organs that are certainly others."""
    others = [usual.apart.get(body(organ), ()) for organ in _organs_of_text(row.organ)]
    return bool(others) and all(one in WHOLE_BODY or all(one in apart for apart in others) for one in bodies)


def _organs_of_text(text: str) -> frozenset[str]:
    """The organ that the whole text, but for what follows in brackets or after a comma, is a name of in any language.

    Several where it is a name of several, or of an organ and of its parts.
    """
    phrase = re.split(r"[(,;:]", text)[0].strip()
    organ = organ_named(phrase)
    return called(phrase).organs if organ is None else frozenset({organ})


def _stand_for_each_other(one: str, other: str, usual: Yardsticks) -> bool:
    together = {*usual.together.get(one, ()), one}
    return other in together or one in usual.together.get(other, ()) or one in other or other in one


def _named(text: str, usual: Yardsticks) -> frozenset[str]:
    """Parts of the body that a text names: as bundled tables print it, or by words that follow each other."""
    words = tuple(_WORD.findall(text.lower()))
    found = {*usual.printed.get(words_of(text), ())}
    at = 0
    while at < len(words):
        for length in range(min(_LONGEST, len(words) - at), 0, -1):
            phrase = " ".join(words[at : at + length])
            bodies = _bodies_called(phrase) or usual.printed.get(phrase, ())
            if bodies:
                found.update(bodies)
                at += length
                break
        else:
            at += 1
    return frozenset(found)


@lru_cache(maxsize=4096)
def _bodies_called(phrase: str) -> tuple[str, ...]:
    organ = organ_named(phrase)
    return () if organ is None or organ in TARGETS else (body(organ),)


def _other_side(_table: ConstraintTable, row: Constraint, _usual: Yardsticks) -> Iterator[Slip]:
    """The left organ by its name, and the right one by its structure; or both together, which dilutes it."""
    if _OF_A_SIDE.search(row.organ):
        return
    phrases = _PART_BREAK.split(row.organ)
    of_organ = {side for part in phrases for side in _sides_of_organ(part, bodies_of(row))}
    text_sides = of_organ or set(filter(None, map(side_called, phrases)))
    if len(text_sides) != 1:
        return
    (wanted,) = text_sides
    sides = {_side(name) for name in row.structures}
    what = f"printed for '{row.organ}', and measured on {', '.join(row.structures)}"
    if sides == {"l", "r"} - {wanted}:
        yield (error if of_organ else warning)(what, "correct organ, or structure")
    elif sides == {"l", "r"} and row.select is not Select.EACH:
        yield error(what, "name the structure of that side alone")


def _sides_of_organ(part: str, bodies: Sequence[str]) -> Iterator[str]:
    """Sides on which a part of the text puts the organ itself: not the tumour, or an organ that was taken out."""
    words = _WORD.findall(part)
    if len(words) == 1 and (side := side_called(part)):
        yield side
    phrases = (words[at:end] for at in range(len(words)) for end in range(at + 1, min(at + _LONGEST, len(words)) + 1))
    for phrase in map(" ".join, phrases):
        by_name, by_language = organ_named(phrase), called(phrase)
        if by_name is not None and by_name not in TARGETS and body(by_name) in bodies and _side(by_name):
            yield _side(by_name)
        elif by_language.side in ("l", "r") and any(body(organ) in bodies for organ in by_language.organs):
            yield by_language.side
        elif (side := side_called(phrase)) and body(_without_sides(phrase)) in bodies:  # "Cochlea links"
            yield side


def _without_sides(phrase: str) -> str:
    return " ".join(word for word in phrase.split() if not side_called(word))


def _side(name: str) -> str:
    """``l``, ``r``, or nothing."""
    key = _key(name)
    return key[-1] if key.endswith(("_l", "_r")) and not key.endswith("_l_r") else ""


def _key(name: str) -> str:
    """The name as names are compared, of the organ that it is in any language, and that a target was taken out of."""
    itself = without_margin(name) if target_taken_out(name) else name
    return normalise(organ_named(itself) or itself)


# -------------------------------------------------------------------------------- structures that dilute


def _with_the_body(_table: ConstraintTable, row: Constraint, _usual: Yardsticks) -> Iterator[Slip]:
    """The whole patient beside, or in place of, an organ."""
    others = [
        name for name in row.structures if body(name) not in WHOLE_BODY and organ_named(name) not in (None, *TARGETS)
    ]
    whole = [name for name in row.structures if body(name) in WHOLE_BODY and not _OPERATOR.search(name)]
    if others and whole and body(others[0]) != _SKIN and row.select is not Select.EACH:
        as_what = "together with" if row.select is Select.UNION else "in place of"
        yield error(f"{whole[0]} {as_what} {others[0]}: that is the whole patient", f"take {whole[0]} out")


def _first_of_two_sides(_table: ConstraintTable, row: Constraint, _usual: Yardsticks) -> Iterator[Slip]:
    """Of a left and a right organ, the first that the plan has: the other is never looked at."""
    if row.select is not Select.FIRST:
        return
    single = [choice[0] for choice in _before_both(row) if len(choice) == 1]
    stems = {_key(name)[:-2]: name for name in single if _side(name) == "l"}
    for name in single:
        left = stems.get(_key(name)[:-2], "")
        if _side(name) == "r" and left:
            what = f"the first of {', '.join(row.structures)} that the plan has: the other side is not checked"
            yield error(what, f"write structure: {{each: [{left}, {name}]}}, or union for both together")
            return


def _diluted(_table: ConstraintTable, row: Constraint, usual: Yardsticks) -> Iterator[Slip]:
    """A share, or a mean, of several organs together: a large one hides what a small one gets."""
    if row.select is not Select.UNION or not _is_of_a_share(row) or is_target(row):
        return
    bodies = bodies_of(row)
    if any(other not in usual.together.get(bodies[0], ()) for other in bodies[1:]):
        what = f"{summary(row)} of {' + '.join(row.structures)} together: a large organ hides a small one"
        yield warning(what, "write structure: {each: [...]} for a limit on each")


def _is_of_a_share(row: Constraint) -> bool:
    match row.metric:
        case DoseAtVolume(volume_unit=Unit.PERCENT) | DoseStatistic(stat=Stat.MEAN | Stat.MEDIAN | Stat.MIN):
            return True
        case DoseAtVolume(cold=True) | VolumeAtDose(cold=True) | VolumeAtDose(unit=Unit.PERCENT):
            return True
        case _:
            return False


def _stands_in(_table: ConstraintTable, row: Constraint, usual: Yardsticks) -> Iterator[Slip]:
    """Another organ in the place of one that the plan does not have."""
    if row.select is not Select.FIRST or is_target(row):
        return
    first = _bodies(row.choices[0].structures)
    for choice in row.choices[1:]:
        others = _bodies(choice.structures)
        if not WHOLE_BODY & {*others} and not any(_stand_for_each_other(a, b, usual) for a in first for b in others):
            yield warning(f"{choice} in place of {row.choices[0]}: another organ", "give each organ a row of its own")
            return


def _bodies(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(map(body, names))


def _per_side(_table: ConstraintTable, row: Constraint, _usual: Yardsticks) -> Iterator[Slip]:
    """Critical volumes are of both sides together."""
    cold = isinstance(row.metric, DoseAtVolume | VolumeAtDose) and row.metric.cold
    in_cc = isinstance(row.metric, DoseAtVolume) and row.metric.volume_unit is Unit.CC
    in_cc |= isinstance(row.metric, VolumeAtDose) and row.metric.unit is Unit.CC
    if not cold or not in_cc:
        return
    for names in _measured_together(row):
        if all(map(_OF_THE_TUMOUR.search, names)):
            yield warning(f"'{row.metric}' is asked of one side, and a critical volume is of both together", _BOTH)
            return
        sides = {_side(name) or _side_of_whole(name) for name in names}
        if sides in ({"l"}, {"r"}):
            both = sorted({organ_or_stem(name) + side for name in names for side in ("_L", "_R")})
            what = f"'{row.metric}' is asked of one side, and a critical volume is of both together"
            yield error(what, f"write structure: {{union: [{', '.join(both)}]}}")
            return


def _side_of_whole(name: str) -> str:
    """The side of the organ that a structure is a listed part of: the left lung, of one of its lobes."""
    return next((side for part, whole in parts() if part == name and (side := _side(whole))), "")


def _measured_together(row: Constraint) -> Iterator[tuple[str, ...]]:
    """The structures that one value is measured on."""
    match row.select:
        case Select.UNION:
            yield row.structures
        case Select.FIRST:
            yield from _before_both(row)
        case Select.EACH:
            yield from ((name,) for name in row.structures)


def _before_both(row: Constraint) -> Iterator[tuple[str, ...]]:
    """The choices of a row, up to one of both sides together: after it, a plan that has both does not get."""
    for choice in row.choices:
        yield choice.structures
        if {"l", "r"} <= {_side(name) for name in choice.structures}:
            return


def organ_or_stem(name: str) -> str:
    """The TG-263 name of a structure, or its own, without a side."""
    return re.sub(r"_[LR]$", "", organ_named(name) or name)


ORGAN_CHECKS: tuple[Check, ...] = (
    _other_statistic,
    _other_organ,
    _target_among_organs,
    _with_the_target,
    _one_side_before_both,
    _other_bowel,
    _organ_on_a_target,
    _inner_target,
    _other_side,
    _with_the_body,
    _first_of_two_sides,
    _diluted,
    _stands_in,
    _per_side,
)
