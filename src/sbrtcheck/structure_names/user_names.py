"""What a user says of structure names: names for one plan, and a clinic's dictionary of spellings for every plan.

`UserNames` is both. As a mapping it is the names for the plan, so that it goes wherever these go and brings the
dictionary along.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from sbrtcheck.by_value import ByValue
from sbrtcheck.structure_names.spellings import normalise, organ_named


@lru_cache(maxsize=1 << 16)
def dictionary_key(spelling: str) -> str:
    """What makes two spellings of a dictionary the same: as `normalise`, but ``_`` in front keeps its meaning.

    TG-263 lets names begin with ``_`` that are not for evaluation.

    Examples
    --------
    >>> dictionary_key("Lt Lung"), dictionary_key("_Lung L")
    ('lung_l', '_lung_l')
    """
    mark = "_" if spelling.strip().startswith("_") else ""
    return mark + normalise(spelling)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dictionary(ByValue):
    """A clinic's spellings of organs, for every plan.

    Parameters
    ----------
    spellings
        TG-263 name, or any name a table uses -> spellings. No spelling is that of two organs.
    file
        The file that they are from; None where there is none.
    """

    spellings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    file: str | None = None
    _by_key: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the spellings."""
        by_key = {dictionary_key(spelling): organ for organ, several in self.spellings.items() for spelling in several}
        object.__setattr__(self, "_by_key", by_key)

    def organ_of(self, name: str) -> str | None:
        """The organ that a structure of that name is; None for a name that is not in the dictionary.

        Examples
        --------
        >>> dictionary = Dictionary(spellings={"Bronchus_Main": ("Bronchus", "Hauptbronchus")})
        >>> dictionary.organ_of("HAUPTBRONCHUS"), dictionary.organ_of("Heart")
        ('Bronchus_Main', None)
        """
        return self._by_key.get(dictionary_key(name)) if self._by_key else None

    def is_organ(self, organ: str, name: str) -> bool:
        """Whether the dictionary says that a structure of that name is the organ, however the organ is spelled."""
        known = self.organ_of(name)
        return known is not None and (known == organ or normalise(known) == normalise(organ))


NO_DICTIONARY = Dictionary()


class UserNames(Mapping[str, str]):
    """Organ -> structure of one plan, as the user gave it, with the clinic's dictionary.

    Parameters
    ----------
    names
        Organ -> structure name; those of another `UserNames` come without its dictionary.
    dictionary
        Spellings of organs, for every plan.
    """

    __slots__ = ("_names", "dictionary")

    def __init__(self, names: Mapping[str, str] | None = None, dictionary: Dictionary = NO_DICTIONARY) -> None:
        self._names = dict(names or {})
        self.dictionary = dictionary

    def __getitem__(self, organ: str) -> str:
        """Name of the structure that the user gave for the organ; KeyError where none was given."""
        return self._names[organ]

    def __iter__(self) -> Iterator[str]:
        """Organs that a name was given for."""
        return iter(self._names)

    def __len__(self) -> int:
        """Number of names that were given; the dictionary's do not count."""
        return len(self._names)

    def __repr__(self) -> str:
        """Names and dictionary."""
        return f"UserNames({self._names!r}, {self.dictionary!r})"


def dictionary_of(names: Mapping[str, str] | None) -> Dictionary:
    """The dictionary that came with the names; an empty one where none did."""
    return names.dictionary if isinstance(names, UserNames) else NO_DICTIONARY


def given_name(organ: str, names: Mapping[str, str]) -> str | None:
    """ROI name that the user gave for the organ, however the organ is spelled; None for none or an empty one.

    Examples
    --------
    >>> given_name("SpinalCord", {"spinal cord": "Cord_2"}), given_name("Heart", {"Heart": ""})
    ('Cord_2', None)
    """
    if names.get(organ):
        return names[organ]
    same_organ = sorted(key for key, name in names.items() if name and normalise(key) == normalise(organ))
    return names[same_organ[0]] if same_organ else None


def organ_by_name(name: str, dictionary: Dictionary) -> str | None:
    """The organ of a structure's name, as `match` has it: the TG-263 name, then the dictionary's, then a listed alias.

    Examples
    --------
    >>> dictionary = Dictionary(spellings={"Bronchus_Main": ("Bronchus",), "SpinalCord": ("RM",)})
    >>> [organ_by_name(name, dictionary) for name in ("Bronchus", "RM", "Heart", "Lt Lung", "Hart")]
    ['Bronchus_Main', 'SpinalCord', 'Heart', 'Lung_L', None]
    """
    organ = organ_named(name)
    return organ if organ == name else dictionary.organ_of(name) or organ
