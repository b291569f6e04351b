"""The name of a structure in; how likely it is that the structure is an organ, a part of it or a surrogate of it out.

For suggestions alone: nothing here makes a match. `probable` is what a reader would read as the organ at once: its
name but for a slip of the pen, a number, ``old``, ``copy`` or a margin; a name cut off by the system that wrote it; a
part (``Lung_L`` of the lungs) or what is contoured in its place (the spinal canal for the cord), as listed in
``likeness.csv``; its name in another language, as listed in ``languages.csv``. `close` is the rest that is worth a
look. Names of targets, of couches, markers and doses, and of rings and the like that steer an optimiser are neither.
`Eso_2` and `Duod_prox` are the organ's abbreviation and which part of it; ``LMB`` is one with the side in it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache, lru_cache


class Likeness(IntEnum):
    """How like an organ's name a structure's is."""

    UNLIKE = 0
    CLOSE = 1
    PROBABLE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """A structure's name as words.

    ``stems`` are all its words but the side in one, and the same without words that tell versions and parts;
    ``placeless`` are both without those that tell where in the organ a part is; ``side`` is ``l``, ``r``, ``lr`` or
    nothing; ``is_cut_off`` says that the name may have been cut off.
    """

    words: tuple[str, ...]
    stems: frozenset[str]
    placeless: frozenset[str]
    side: str
    is_cut_off: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _OrganStems:
    """Stems that make a name an organ's: its own, those listed for it, and those listed as close."""

    own: frozenset[str]
    single: tuple[str, ...]  # own stems of one word
    probable: frozenset[str]  # those in other languages among them
    close: frozenset[str]
    patterns: tuple[re.Pattern[str], ...]
    own_words: tuple[str, ...]  # own stems long enough for a slip of the pen
    all_words: tuple[str, ...]  # and those listed
    side: str


# kinds of ROI (RT ROI Interpreted Type) that no organ has
_NO_ORGAN = frozenset(
    {"MARKER", "ISOCENTER", "REGISTRATION", "SUPPORT", "FIXATION", "BOLUS", "EXTERNAL", "DOSE_REGION"}
    | {"TREATED_VOLUME", "IRRAD_VOLUME", "DOSE_MEASUREMENT"}
)
_OF_TARGETS = frozenset({"PTV", "CTV", "GTV", "ITV"})
_WHOLE_BODY = frozenset({"External", "Body", "Skin"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """What a phrase names: ``side`` is ``l``, ``r``, ``lr`` or nothing; ``organs`` are TG-263 names, with no side."""

    side: str
    organs: frozenset[str]


# a name with one of these words is of no organ: things beside the patient, marks, doses, lesions, aids of the optimiser
_NO_ORGAN_WORD = re.compile(
    r"couch.*|table|tisch|bolus|support.*|fixation|mask|marker.*|clips?|fiducial.*|seeds?|wire.*|iso|isoc.*|isodose.*"
    r"|dose|gy|cgy|poi|points?|refpoint|artifact.*|artefa[ck]t.*|implant|metal|ring.*|rim|shell.*|avoid.*|dummy|help.*"
    r"|hilf.*|hot|cold|cool|push|gradient|expan.*|overlap.*|inters.*|tuning|falloff|override|mets?|metasta.*|tumou?r.*"
    r"|lesion.*|nodule.*|mass|nodes?|ln|boost|target.*|scar|seroma"
)
# words that change nothing about which organ it is: versions, copies, margins, parts, helpers made of the organ
_ASIDE = re.compile(
    r"old|new|neu|alt|prev.*|copy.*|kopie.*|final|orig.*|oars?|organ|z+|x+|opti?|optim.*|eval.*|dvh|prv|mm|cm|v|ver"
    r"|version|rev|test|te?mp|sub(?!clav|mand|ling).*|part|partial|crop.*|cut|trim|minus|without|wo|ohne|ex|excl.*"
    r"|not|no|use|unused|donotuse|dont|do|ct|mri?|pet|plan|edit.*|mod.*|true|real|normal|uninvolved|healthy|whole"
    r"|entire|contour|structure|roi|the|of|auto|ai|atlas"
)
# words that tell where in an organ a part of it is: what is left may be a short form of the organ's name
_PLACE = re.compile(
    r"up(?:p|per)?|low(?:er)?|prox(?:imal)?|dist(?:al)?|mid(?:dle)?|cerv(?:ical)?|thor(?:ac(?:ic)?)?|abd(?:om(?:inal)?)?"
    r"|lumb(?:ar)?|sup(?:erior)?|inf(?:erior)?|ant(?:erior)?|post(?:erior)?|med(?:ial)?|lat(?:eral)?|cran(?:ial)?"
    r"|caud(?:al)?|head|tail|wall"
)
_SIDES = {
    **dict.fromkeys(("l", "lt", "left", "lef", "li", "links", "linke", "linker", "gauche", "izq", "izquierdo"), "l"),
    **dict.fromkeys(("r", "rt", "right", "righ", "rig", "re", "rechts", "rechte", "rechter", "droit", "droite"), "r"),
    **dict.fromkeys(("linken", "linkes", "linkem"), "l"),
    **dict.fromkeys(("rechten", "rechtes", "rechtem"), "r"),
    **dict.fromkeys(("gche", "izquierda", "izqdo", "izda", "izdo", "sinistro", "sinistra", "sin", "sx"), "l"),
    **dict.fromkeys(("esquerdo", "esquerda", "esq", "左"), "l"),
    **dict.fromkeys(("dte", "dt", "der", "derecho", "derecha", "dcho", "dcha", "destro", "destra", "dex", "dx"), "r"),
    **dict.fromkeys(("direito", "direita", "dir", "右"), "r"),
    **dict.fromkeys(("левый", "левая", "левое", "левые", "лев", "lewy", "lewa", "lewe", "vanster"), "l"),
    **dict.fromkeys(("правый", "правая", "правое", "правые", "прав", "prawy", "prawa", "prawe", "hoger"), "r"),
    **dict.fromkeys(("sinister", "sinistrum"), "l"),
    **dict.fromkeys(("dexter", "dextra", "dextrum"), "r"),
    **dict.fromkeys(("both", "bil", "bilat", "bilateral", "total", "combined", "lr", "rl", "beide", "beidseits"), "lr"),
    **dict.fromkeys(("beiden", "ambos", "ambas", "entrambi", "bilaterale", "双", "雙", "両", "兩", "两", "全"), "lr"),
}
_SIDES_AT_THE_END = {"b": "lr", "g": "l", "d": "r", "e": "l", "л": "l", "п": "r"}  # Lung B; Poumon G and D; Rim E
_RIM = "rim"  # a kidney in Portuguese, a ring in English: a kidney beside a Portuguese side
_SIDES_OF_RIM = frozenset({"direito", "esquerdo", "dir", "esq", "d", "e"})
_CUT_SIDES = {"le": "l", "ri": "r"}
_SIDED_WORDS = {"lmb": "l", "lmsb": "l", "rmb": "r", "rmsb": "r"}  # left and right main (stem) bronchus

_PIECE = re.compile(r"[^\W\d_]+|\d+|[-\u2010-\u2015\u2212~!+&|^]")
_CASE_BREAK = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NUMBER = re.compile(r"(?<!PRV)(?<!\d)\d{1,2}(?!\d)", re.ASCII)
_TARGET = re.compile(r"(?:i?gtv|[pci]tv)")
_SUBTRACTS = re.compile(
    r"[-\u2010-\u2015\u2212~!]|minus|without|wo|ohne|ex|excl.*|not|no|sans|moins|sin|menos|senza|meno|sem|zonder"
)
# Chinese and Japanese have no blanks: a side and letters of another script are words of their own
_IDEOGRAPH = r"[\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
_IDEOGRAPH_SIDE = re.compile(r"([左右双雙両兩两全])[侧側]?")
_SCRIPT_BREAK = re.compile(rf"(?<={_IDEOGRAPH})(?=[A-Za-z])|(?<=[A-Za-z])(?={_IDEOGRAPH})")
_OTHER_LETTERS = str.maketrans({"œ": "oe", "Œ": "Oe", "ł": "l", "Ł": "L"})  # no marks on a letter that come off
_SPELLED_UMLAUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
_SHAPE = re.compile(
    r"ring.*|rim|shell.*|avoid.*|dummy|expan.*|outer|outside|out|couch.*|bolus|minus|overlap.*|inters.*"
)

_LONGEST_NAME = 64  # ROI Name has the value representation LO; a longer one is no name to read or to show
_CUT_LENGTHS = range(15, 17)  # systems that keep 16 characters, the last of them perhaps a blank
_MIN_CUT_STEM = 8  # letters that are left of a name that was cut off
_MAX_WORDS = 10
_PROBABLE_SCORE = 86.0  # rapidfuzz ratio: one letter of a word of five
_CLOSE_SCORE = 72.0
_MIN_LETTERS = 4  # in a shorter word one letter is too much
_MIN_FOREIGN_LETTERS = 8  # a short word of one language is too near a word of another


def likeness(
    organ: str, spellings: tuple[str, ...], name: str, *, kind: str = "", is_other_organ: bool = False
) -> Likeness:
    """How like an organ's name a structure's name is.

    Parameters
    ----------
    organ
        TG-263 name, or any name a table uses; no target.
    spellings
        All names that are the organ's.
    name, kind
        Of the structure: ROI Name and RT ROI Interpreted Type.
    is_other_organ
        The name is one of another organ; then it is like this one only where the list says so.

    Examples
    --------
    >>> [likeness("SpinalCord", (), name).name for name in ("Spinal Canal", "SpinalCord_2", "Couch", "PTV SpinalCord")]
    ['PROBABLE', 'PROBABLE', 'UNLIKE', 'UNLIKE']
    """
    if kind in _NO_ORGAN and organ not in _WHOLE_BODY:
        return Likeness.UNLIKE
    organ_stems = _organ_stems(organ, spellings)
    reading = _reading(name)
    if reading is None or reading.side not in {"", "lr", organ_stems.side or reading.side}:
        return Likeness.UNLIKE
    if _numbers(organ) and not _numbers(organ) & _numbers(name):  # Rib02_L is not Rib01_L with a number behind it
        return Likeness.UNLIKE
    grade = _listed_likeness(reading, organ_stems)
    if grade is Likeness.UNLIKE and not is_other_organ and not reading.stems & _stems_elsewhere():
        grade = _spelling_likeness(reading, organ_stems)
    return Likeness.UNLIKE if grade is Likeness.CLOSE and kind in _OF_TARGETS else grade


def _numbers(name: str) -> set[int]:
    """Numbers in a name, but the millimetres of a margin."""
    return {int(number) for number in _NUMBER.findall(name)}


def is_like_target(name: str) -> bool:
    """Whether nothing in the name of a target speaks of something around it, or without it.

    Examples
    --------
    >>> [is_like_target(name) for name in ("1 PTV +1.0 mm", "PTV_opt", "PTV_ring", "PTV_Expand_2cm")]
    [True, True, False, False]
    """
    return len(name) <= _LONGEST_NAME and not any(_SHAPE.fullmatch(word) for word in _words(name))


def _listed_likeness(reading: _Reading, organ_stems: _OrganStems) -> Likeness:
    """What the organ's own names and the list say, without regard to what only looks alike."""
    if (reading.stems | reading.placeless) & (organ_stems.own | organ_stems.probable):
        return Likeness.PROBABLE
    if reading.is_cut_off and any(_is_cut_from(reading, stem) for stem in organ_stems.own | organ_stems.probable):
        return Likeness.PROBABLE
    if reading.stems & organ_stems.close:
        return Likeness.CLOSE
    if any(pattern.fullmatch(stem) for pattern in organ_stems.patterns for stem in reading.stems):
        return Likeness.PROBABLE
    return Likeness.UNLIKE


def _is_cut_from(reading: _Reading, stem: str) -> bool:
    """Whether the name may be the beginning of a longer one; what is a listed organ in full was not cut off."""
    cut_stems = (name_stem for name_stem in reading.stems - _whole_stems() if len(name_stem) >= _MIN_CUT_STEM)
    return any(stem.startswith(name_stem) for name_stem in cut_stems)


def _spelling_likeness(reading: _Reading, organ_stems: _OrganStems) -> Likeness:
    """An organ's name among other words, an abbreviation of it, or one with other letters."""
    if any(run in organ_stems.own for run in _runs(reading.words)):
        return Likeness.PROBABLE
    starts = [stem for stem in reading.stems if len(stem) >= _MIN_LETTERS - 1]
    if any(organ_word.startswith(stem) for organ_word in organ_stems.single for stem in starts):
        return Likeness.PROBABLE if max(map(len, starts)) >= _MIN_LETTERS else Likeness.CLOSE
    if any(_is_short_form(stem, organ_stems) for stem in reading.placeless):
        return Likeness.PROBABLE
    if any(_is_similar(stem, organ_stems.all_words, _PROBABLE_SCORE) for stem in reading.stems):
        return Likeness.PROBABLE
    is_close = any(_is_similar(stem, organ_stems.own_words, _CLOSE_SCORE) for stem in reading.stems)
    return Likeness.CLOSE if is_close else Likeness.UNLIKE


def _is_short_form(stem: str, organ_stems: _OrganStems) -> bool:
    """Whether it is the beginning of the organ's name, long enough to be no other's, and none that is listed."""
    is_beginning = any(word.startswith(stem) for word in organ_stems.single)
    return is_beginning and len(stem) >= _MIN_LETTERS and stem not in _stems_elsewhere()


def _is_similar(stem: str, stems: Sequence[str], score: float) -> bool:
    from rapidfuzz import fuzz, process

    return process.extractOne(stem, stems, scorer=fuzz.ratio, score_cutoff=score) is not None


def _runs(words: Sequence[str]) -> Iterator[str]:
    """Words that follow one another, in one."""
    count = min(len(words), _MAX_WORDS)
    for first in range(count):
        for last in range(first + 1, count + 1):
            run = _singular("".join(words[first:last]))
            if len(run) >= _MIN_LETTERS:
                yield run


@lru_cache(maxsize=1 << 14)
def _reading(name: str) -> _Reading | None:
    """Read a name that may be an organ's; None where it cannot be one."""
    if len(name) > _LONGEST_NAME:
        return None
    words = _without_target(_words(name))
    if words is None or _is_of_no_organ(words):
        return None
    is_cut_off = len(name.strip()) in _CUT_LENGTHS
    side, rest = _side_and_rest(words, is_cut_off=is_cut_off)
    distinctive = tuple(word for word in rest if not _ASIDE.fullmatch(word))
    stems = _joined(rest, distinctive)
    if not stems:
        return None
    placeless = _joined(*(tuple(word for word in kept if not _PLACE.fullmatch(word)) for kept in (rest, distinctive)))
    return _Reading(words=distinctive or rest, stems=stems, placeless=placeless, side=side, is_cut_off=is_cut_off)


def _joined(*several: Sequence[str]) -> frozenset[str]:
    """The words of each in one, without a plural's ``s``."""
    return frozenset(filter(None, (_singular("".join(words)) for words in several)))


def _is_of_no_organ(words: Sequence[str]) -> bool:
    telling = [word for word in words if _NO_ORGAN_WORD.fullmatch(word)]
    others = [word for word in words if word != _RIM]
    return bool(telling) and not (set(telling) == {_RIM} and others and _SIDES_OF_RIM.issuperset(others))


def _words(name: str) -> list[str]:
    """Words in small letters without accents, numbers, and operators."""
    text = name[: _LONGEST_NAME + 1]
    if text.isascii():
        bare = text
    else:
        text = unicodedata.normalize("NFKD", _decoded(text).translate(_OTHER_LETTERS))
        bare = "".join(letter for letter in text if not unicodedata.combining(letter))
        bare = _SCRIPT_BREAK.sub(" ", _IDEOGRAPH_SIDE.sub(r" \1 ", bare))
    return [word.casefold() for piece in _PIECE.findall(bare) for word in _CASE_BREAK.split(piece)]


def _decoded(name: str) -> str:
    """The name as it was meant, where its UTF-8 was read as Latin letters: ``SpeiserÃ¶hre``."""
    for codec in ("latin-1", "cp1252"):
        try:
            return name.encode(codec).decode("utf-8")
        except UnicodeError:
            continue
    return name


def called(phrase: str) -> Called:
    """Say which side a phrase of any listed language names, and which organs its other words are the name of.

    Examples
    --------
    >>> called("Lunge links").side, sorted(called("Lunge links").organs)
    ('l', ['Lung', 'Lungs'])
    >>> called("rein D").side, called("left-sided tumours").organs
    ('r', frozenset())
    """
    side, rest = _side_and_rest(_letters(phrase), is_cut_off=False)
    return Called(side=side, organs=_foreign_organs().get(_singular("".join(rest)), frozenset()))


def side_called(text: str) -> str:
    """``'l'`` or ``'r'`` where a text has words for one side alone, written out; no word for both, and no letter.

    Examples
    --------
    >>> side_called("Left kidney"), side_called("rein gauche"), side_called("beide Lungen"), side_called("Kidney L")
    ('l', 'l', '', '')
    """
    written_out = (word for word in _words(text) if len(word) >= _MIN_LETTERS or not word.isascii())
    sides = {_SIDES[word] for word in written_out if word in _SIDES}
    return sides.pop() if len(sides) == 1 and "lr" not in sides else ""


def target_taken_out(name: str) -> str:
    """Kind of the target that a structure's name says was subtracted from it, or nothing.

    Examples
    --------
    >>> target_taken_out("Esophagus-PTV"), target_taken_out("Lungs minus IGTV"), target_taken_out("PTV-GTV")
    ('PTV', 'ITV', '')
    """
    words = _words(name)
    at = next((place for place, word in enumerate(words) if _TARGET.match(word)), 0)
    if not any(_SUBTRACTS.fullmatch(word) for word in words[:at]):
        return ""
    kind = words[at][:4] if words[at].startswith("igtv") else words[at][:3]
    return "ITV" if kind == "igtv" else kind.upper()


def _without_target(words: Sequence[str]) -> list[str] | None:
    """Words of the organ that a target is subtracted from; all where no target is named; None for a target's name."""
    at = next((place for place, word in enumerate(words) if _TARGET.match(word)), len(words))
    before = list(words[:at])
    if at < len(words):
        if not any(_SUBTRACTS.fullmatch(word) for word in before):
            return None
        while before and _SUBTRACTS.fullmatch(before[-1]):  # "sin" is without in Spanish, and left in Italian
            before.pop()
    return [word for word in before if word.isalpha()]


def _side_and_rest(words: Sequence[str], *, is_cut_off: bool) -> tuple[str, tuple[str, ...]]:
    """The side that the words tell, and the other words."""
    last = len(words) - 1
    sides = [
        _SIDES.get(word)
        or (_SIDES_AT_THE_END.get(word) if place == last > 0 else None)
        or (_CUT_SIDES.get(word) if is_cut_off and place == last else None)
        for place, word in enumerate(words)
    ]
    distinct = set(filter(None, (*sides, *map(_SIDED_WORDS.get, words))))
    side = distinct.pop() if len(distinct) == 1 else "lr" if distinct else ""
    return side, tuple(word for word, side_of_word in zip(words, sides, strict=True) if side_of_word is None)


def _singular(stem: str) -> str:
    """Without a plural's ``s``; the same for names and for what they are compared with, so that it need not be one."""
    return stem.removesuffix("s") if len(stem) > _MIN_LETTERS - 1 else stem


@lru_cache(maxsize=1024)
def _organ_stems(organ: str, spellings: tuple[str, ...]) -> _OrganStems:
    base = organ.partition("-")[0]  # what Liver-GTV is made of
    side, rest = _side_and_rest(_letters(base), is_cut_off=False)
    words = [_side_and_rest(_letters(name.partition("-")[0]), is_cut_off=False)[1] for name in {organ, *spellings}]
    key = "".join(rest) if side else _key(base)
    listed, close = _listed_names().get(key, ((), ()))
    own = frozenset(filter(None, (_singular("".join(spelling)) for spelling in words)))
    probable = frozenset(_stem(name) for name in listed if "*" not in name)
    foreign = _foreign_stems().get(key, frozenset())
    long_foreign = {stem for stem in foreign if len(stem) >= _MIN_FOREIGN_LETTERS}
    return _OrganStems(
        own=own,
        single=tuple(spelling[0] for spelling in words if len(spelling) == 1),
        probable=probable | foreign,
        close=frozenset(map(_stem, close)),
        patterns=tuple(_pattern(name) for name in listed if "*" in name),
        own_words=_long_stems(own),
        all_words=_long_stems(own | probable | long_foreign),
        side=side,
    )


def _long_stems(stems: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(stem for stem in stems if len(stem) >= _MIN_LETTERS))


def _letters(name: str) -> list[str]:
    return [word for word in _words(name) if word.isalpha()]


def _stem(name: str) -> str:
    return _singular(_key(name))


def _pattern(name: str) -> re.Pattern[str]:
    """``*Bronch*Tree*`` for stems; each star is any letters."""
    return re.compile(".*".join(re.escape("".join(_words(part))) for part in name.split("*")))


def _key(organ: str) -> str:
    return "".join(_letters(organ))


@cache
def _foreign_stems() -> dict[str, frozenset[str]]:
    """Organ, in one word without side -> stems of its names in other languages, umlauts as one letter and as two."""
    stems: dict[str, set[str]] = {}
    for row in _rows("languages.csv"):
        names = [spelling for name in _names(row["names"]) for spelling in (name, name.translate(_SPELLED_UMLAUT))]
        for organ in _names(row["organs"]):
            stems.setdefault(_key(organ), set()).update(map(_stem, names))
    return {organ: frozenset(of_organ) for organ, of_organ in stems.items()}


@cache
def _foreign_organs() -> dict[str, frozenset[str]]:
    """Stem of a name in another language -> the organs that it may name."""
    organs: dict[str, set[str]] = {}
    for row in _rows("languages.csv"):
        for name in _names(row["names"]):
            for spelling in (name, name.translate(_SPELLED_UMLAUT)):
                organs.setdefault(_stem(spelling), set()).update(_names(row["organs"]))
    return {stem: frozenset(named) for stem, named in organs.items()}


@cache
def _listed_names() -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Organ, in one word without side -> names of structures that are probably it, and of those that are close."""
    rows = _rows("likeness.csv")
    return {_key(row["organ"]): (_names(row["probable"]), _names(row["close"])) for row in rows}


@cache
def _whole_stems() -> frozenset[str]:
    """Stems of the listed organs: `SpinalCord_PRV05` has 16 letters, and is no `SpinalCord_Sub` that was cut off."""
    return frozenset(map(_singular, _listed_names()))


def _rows(file: str) -> Iterable[Mapping[str, str]]:
    import csv
    import pkgutil  # importlib.resources needs 12 ms to import

    text = pkgutil.get_data(__package__, file)
    assert text is not None  # noqa: S101 - None is of loaders that have no files
    return csv.DictReader(text.decode().splitlines())


def _names(cell: str) -> tuple[str, ...]:
    return tuple(filter(None, cell.split(";")))


@cache
def _stems_elsewhere() -> frozenset[str]:
    """Stems of what is no organ of the list, or is one in another language: no slip of the pen makes it another."""
    return frozenset(map(_stem, _listed_names()["notlisted"][0])).union(*_foreign_stems().values())
