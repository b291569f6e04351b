"""DVH exports written anew from points of tissue, for tests: what each dialect prints, and what is true."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sbrtcheck.plan import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Organ:
    """Points of equal volume, each with its dose; ``doses_gy`` rises."""

    name: str
    volume_cc: float
    doses_gy: tuple[float, ...]

    def percent_with(self, dose_gy: float) -> float:
        """Part of the volume that gets at least a dose; everything below 0 Gy."""
        return 100.0 * sum(dose >= dose_gy - 1e-9 for dose in self.doses_gy) / len(self.doses_gy)

    def hottest(self, place: int) -> float:
        """The dose of the hottest point but ``place``."""
        return self.doses_gy[-1 - place]

    @property
    def mean_gy(self) -> float:
        return float(np.mean(self.doses_gy))


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """A dialect: how it is printed, whether it says at least which dose, whether volumes in cc can be had."""

    name: str
    write: Callable[[Sequence[Organ], FloatArray, int], str]
    edge_is_said: bool = False
    in_cc: bool = False


def rows(organ: Organ, steps_gy: FloatArray, shift: int) -> list[tuple[float, float]]:
    """Dose and percent: volume with at least the dose, of the row itself or of one ``shift`` rows on."""
    width = steps_gy[1] - steps_gy[0]
    return [(float(dose), organ.percent_with(float(dose) + shift * width)) for dose in steps_gy]


def eclipse(organs: Sequence[Organ], steps_gy: FloatArray, _shift: int, *, unit: str = "cGy", mark: str = ".") -> str:
    """Absolute dose, relative volume, volumes to 0.1 cc; a table ends at the structure's maximum."""
    f = {"cGy": 100.0, "Gy": 1.0}[unit]
    text = (
        "Patient Name         : Doe, John\nPatient ID           : 4711\nType                 : Cumulative Dose Volume"
        " Histogram\nDescription          : The cumulative DVH displays the percentage (relative)\n   or volume of"
        " structures that receive a dose\n   equal to or greater than a given dose.\n\n"
        f"Plan: One\nCourse: C\nTotal dose [{unit}]: {50 * f:.1f}\n% for dose (%): 100.0\n\n"
    )
    for organ in organs:
        text += (
            f"Structure: {organ.name}\nPlan: One\nCourse: C\nVolume [cm³]: {organ.volume_cc:.1f}\n"
            f"Min Dose [{unit}]: {organ.doses_gy[0] * f:.2f}\nMax Dose [{unit}]: {organ.doses_gy[-1] * f:.2f}\n"
            f"Mean Dose [{unit}]: {organ.mean_gy * f:.2f}\n\nDose [{unit}]   Ratio of Total Structure Volume [%]\n"
        )
        for dose, percent in rows(organ, steps_gy, 0):
            if dose <= organ.doses_gy[-1]:
                text += f"{dose * f:>10.6g}{percent:>20.6g}\n"
        text += "\n"
    return text if mark == "." else _with_comma(text)


def eclipse_differential(organs: Sequence[Organ], steps_gy: FloatArray, _shift: int) -> str:
    """Volume of each bin over its width, in the row of its lower edge."""
    width = float(steps_gy[1] - steps_gy[0])
    text = (
        "Type : Differential Dose Volume Histogram\n\nPlan: One\nPrescribed dose [Gy]: 50.0\n% for dose (%): 100.0\n\n"
    )
    for organ in organs:
        text += (
            f"Structure: {organ.name}\nVolume [cm³]: {organ.volume_cc:.1f}\n\nDose [Gy] dVolume / dDose [cm³ / Gy]\n"
        )
        for dose, percent in rows(organ, steps_gy, 0):
            part = (percent - organ.percent_with(dose + width)) / 100 * organ.volume_cc
            text += f"{dose:.6g} {part / width:.6f}\n"
        text += "\n"
    return text


def _with_comma(text: str) -> str:
    head, _, rest = text.partition("Plan: One")
    return head + "Plan: One" + rest.replace(".", ",")


def raystation(organs: Sequence[Organ], steps_gy: FloatArray, shift: int) -> str:
    text = "#PatientName:Doe^John\n#PatientId:4711\n#Dosename:One\n"
    for organ in organs:
        text += f"#RoiName:{organ.name}\n#RoiVolume: {organ.volume_cc:.2f}\n#Unit: cGy\n"
        text += "".join(f"{100 * dose:.3f}\t{percent:.3f}\n" for dose, percent in rows(organ, steps_gy, shift))
    return text


def monaco(organs: Sequence[Organ], steps_gy: FloatArray, shift: int) -> str:
    text = "Patient ID: Doe~4711 | Plan Name: One | Bin Width: 0.5(Gy) | Dose Units: Gy | Volume Units: cm³\n"
    text += "German (Germany) Format In-use\nStructure Name   Dose (Gy)   Volume (cm³)\n"
    for organ in organs:
        for dose, percent in rows(organ, steps_gy, shift):
            text += f"{organ.name}      {dose:.4f}      {percent / 100 * organ.volume_cc:.4f}\n"
    return text + "\n2020-01-17-Fri 09:45:07\n"


def oncentra(organs: Sequence[Organ], steps_gy: FloatArray, shift: int) -> str:
    text = "Case: Doe 4711\nPlan: One\nCumulative mode\nAbsolute dose - in [Gy]\nAbsolute volume - in [ccm]\n"
    for organ in organs:
        text += f"\nDose: One\nROI: {organ.name}\n{'*' * 30}\nBin Dose Volume\n"
        for number, (dose, percent) in enumerate(rows(organ, steps_gy, shift), start=1):
            text += f"{number:03d}  {dose:.3f}  {percent / 100 * organ.volume_cc:.3f}\n"
    return text


def proknow(organs: Sequence[Organ], steps_gy: FloatArray, shift: int) -> str:
    text = ",".join(["Dose (Gy)", *(f"{organ.name} (%)" for organ in organs)]) + "\n"
    printed = [rows(organ, steps_gy, shift) for organ in organs]
    for place, dose in enumerate(steps_gy):
        text += ",".join([f"{dose:.2f}", *(f"{one[place][1]:.2f}" for one in printed)]) + "\n"
    return text


def slicer(organs: Sequence[Organ], steps_gy: FloatArray, shift: int) -> str:
    heads = (f"{o.name} Dose (GY),{o.name} Value (% of {o.volume_cc:.3f} cc)" for o in organs)
    text = ",".join(heads) + ",\n"
    printed = [rows(organ, steps_gy, shift) for organ in organs]
    for place in range(len(steps_gy)):
        text += "".join(f"{one[place][0]:.6f},{one[place][1]:.6f}," for one in printed) + "\n"
    return text


def hiart(organs: Sequence[Organ], steps_gy: FloatArray, shift: int, *, absolute: bool = False) -> str:
    """Three columns a structure, each as long as its own table; nothing below the names."""
    volume = "Absolute Volume (cc)" if absolute else "Relative Volume (%)"
    text = ",".join(f"{organ.name}(STANDARD),Dose (Gy),{volume}" for organ in organs) + "\n"
    tables = []
    for organ in organs:
        printed = rows(organ, steps_gy, shift)
        last = next((at for at, (_, percent) in enumerate(printed) if percent <= 0.0), len(printed) - 1)
        factor = organ.volume_cc / 100 if absolute else 1.0
        tables.append([f",{dose:.4f},{percent * factor:.6E}" for dose, percent in printed[: last + 1]])
    for place in range(max(map(len, tables))):
        text += ",".join(table[place] if place < len(table) else ",," for table in tables) + "\n"
    return text


def hiart_cc(organs: Sequence[Organ], steps_gy: FloatArray, shift: int) -> str:
    return hiart(organs, steps_gy, shift, absolute=True)


def primo(organs: Sequence[Organ], steps_gy: FloatArray, shift: int) -> str:
    text = "# PRIMO\n# Project: One\n# Date: 17.01.2020 09:45\n# Type: Cumulative\n"
    for organ in organs:
        text += (
            f"# {'.' * 40}\n# Structure: {organ.name}\n# Volume [cm³]: {organ.volume_cc:.4f}\n"
            f"# Min. Dose [Gy]: {organ.doses_gy[0]:.4f} (0.10)\n# Max. Dose [Gy]: {organ.doses_gy[-1]:.4f} (0.10)\n"
            f"# Ave. Dose [Gy]: {organ.mean_gy:.4f} (0.10)\n# Dose [Gy]\tRel. dose [%]\tVolume [%]\n# {'.' * 40}\n"
        )
        for dose, percent in rows(organ, steps_gy, shift):
            text += f"{dose:.4f}\t{2 * dose:.4f}\t{percent:.4f}\n"
    return text + f"# {'.' * 40}\n"


def cadplan(organs: Sequence[Organ], steps_gy: FloatArray, shift: int) -> str:
    text = "Patient Name : Doe, John\nPatient ID   : 4711\nPLAN One\nCumulative Dose Volume Histogram\n"
    for organ in organs:
        text += (
            f"\nHistogram         : {organ.name}\nPrescr. dose (Gy) : 50.0\n% for dose        : 100.0\n"
            f"Volume (CC)       : {organ.volume_cc:.4f}\nDose minimum (Gy) : {organ.doses_gy[0]:.4f}\n"
            f"Dose maximum (Gy) : {organ.doses_gy[-1]:.4f}\nDose mean (Gy)    : {organ.mean_gy:.4f}\n"
            "\nDose (Gy)  Volume (cm3)\n"
        )
        for dose, percent in rows(organ, steps_gy, shift):
            text += f"{dose:.4f}  {percent / 100 * organ.volume_cc:.5f}\n"
    return text


def prosoma(organs: Sequence[Organ], steps_gy: FloatArray, shift: int, *, unit: str = "") -> str:
    """Volumes in percent where their heading says so or says nothing."""
    text = "Doe, John\nCumulative DVH\n"
    for organ in organs:
        text += (
            f"\nName: {organ.name}\nVolume [cm³]: {organ.volume_cc:.4f}\nMin [Gy]: {organ.doses_gy[0]:.4f}\n"
            f"Max [Gy]: {organ.doses_gy[-1]:.4f}\nAverage [Gy]: {organ.mean_gy:.4f}\n"
            f"D50% [Gy]: {float(np.median(organ.doses_gy)):.4f}\nDose [Gy]\tVolume{unit}\n"
        )
        for dose, percent in rows(organ, steps_gy, shift):
            text += f"{dose:.4f}\t{percent if unit != ' [cm³]' else percent / 100 * organ.volume_cc:.5f}\n"
    return text


def onkodicom(organs: Sequence[Organ], steps_gy: FloatArray, shift: int) -> str:
    text = ",".join(["Patient ID", "ROI", "Volume (mL)", *(f"{100 * dose:.0f}cGy" for dose in steps_gy)]) + "\n"
    for organ in organs:
        volumes = (f"{percent:.2f}" for _, percent in rows(organ, steps_gy, shift))
        text += ",".join(["4711", organ.name, f"{organ.volume_cc:.2f}", *volumes]) + "\n"
    return text


def long_rows(organs: Sequence[Organ], steps_gy: FloatArray, shift: int) -> str:
    text = "structure;Dose [Gy];Volume [cc]\n"
    for organ in organs:
        for dose, percent in rows(organ, steps_gy, shift):
            text += f"{organ.name};{dose:.2f};{percent / 100 * organ.volume_cc:.4f}\n".replace(".", ",")
    return text


WRITERS = (
    Writer(name="eclipse", write=eclipse, edge_is_said=True, in_cc=True),
    Writer(name="eclipse_differential", write=eclipse_differential, edge_is_said=True, in_cc=True),
    Writer(name="raystation", write=raystation, in_cc=True),
    Writer(name="monaco", write=monaco, in_cc=True),
    Writer(name="oncentra", write=oncentra, in_cc=True),
    Writer(name="proknow", write=proknow),
    Writer(name="slicer", write=slicer, in_cc=True),
    Writer(name="hiart", write=hiart),
    Writer(name="hiart_cc", write=hiart_cc, in_cc=True),
    Writer(name="primo", write=primo, in_cc=True),
    Writer(name="cadplan", write=cadplan, in_cc=True),
    Writer(name="prosoma", write=prosoma, in_cc=True),
    Writer(name="onkodicom", write=onkodicom, in_cc=True),
    Writer(name="long_rows", write=long_rows, in_cc=True),
)


def steps_gy(organs: Sequence[Organ], width_gy: float) -> FloatArray:
    """Doses of the rows: from 0 to two steps above the highest dose."""
    count = math.ceil(max(organ.doses_gy[-1] for organ in organs) / width_gy) + 3
    return np.arange(count) * width_gy
