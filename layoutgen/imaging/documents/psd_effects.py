"""Stroke and shadow of a text as a PSD layer's effects, which stay when the text is changed."""

from typing import Any

from psd_tools.constants import Tag
from psd_tools.psd import descriptor
from psd_tools.psd.descriptor import Descriptor, DescriptorBlock2, Enumerated, UnitFloat
from psd_tools.psd.tagged_blocks import TaggedBlock
from psd_tools.terminology import Unit

from layoutgen.core.colour import to_rgb
from layoutgen.imaging.documents.page import Layer

_SHADOW_BLUR, _SHADOW_DROP = 0.09, 0.03  # of the font size, as the picture has it


def effects_block(layer: Layer) -> TaggedBlock | None:
    """The effects' block of a text; None where it has neither stroke nor shadow."""
    element = layer.element
    items: dict[bytes, Any] = {
        b"Scl ": UnitFloat(100.0, unit=Unit.Percent),
        b"masterFXSwitch": descriptor.Bool(True),
    }
    if element.shadow > 0:
        items[b"DrSh"] = filled(
            Descriptor(classID=b"DrSh"),
            {
                **_effect("Mltp", "#000000", min(100.0, 200.0 * element.shadow)),
                b"uglg": descriptor.Bool(False),
                b"lagl": UnitFloat(90.0, unit=Unit.Angle),
                b"Dstn": UnitFloat(round(_SHADOW_DROP * element.font_px), unit=Unit.Pixels),
                b"Ckmt": UnitFloat(0.0, unit=Unit.Pixels),
                b"blur": UnitFloat(2 * max(1.0, _SHADOW_BLUR * element.font_px), unit=Unit.Pixels),
                b"Nose": UnitFloat(0.0, unit=Unit.Percent),
                b"AntA": descriptor.Bool(False),
                b"TrnS": _linear_contour(),
                b"layerConceals": descriptor.Bool(False),
            },
        )
    if element.stroke_px > 0:
        items[b"FrFX"] = filled(
            Descriptor(classID=b"FrFX"),
            {
                **_effect("Nrml", element.stroke, 100.0),
                b"Styl": Enumerated(b"FStl", b"OutF"),
                b"PntT": Enumerated(b"FrFl", b"SClr"),
                b"Sz  ": UnitFloat(element.stroke_px, unit=Unit.Pixels),
                b"overprint": descriptor.Bool(False),
            },
        )
    if len(items) == 2:
        return None
    block: Any = filled(DescriptorBlock2(version=0, data_version=16, classID=b"null"), items)
    return TaggedBlock(key=Tag.OBJECT_BASED_EFFECTS_LAYER_INFO, data=block)


def filled(target: Any, items: dict[bytes, Any]) -> Any:
    """A descriptor with its items."""
    for key, value in items.items():
        target[key] = value
    return target


def _effect(mode: str, colour: str, percent: float) -> dict[bytes, Any]:
    """What all effects have: that they are there and shown, how they are blended, and their colour."""
    red, green, blue = (descriptor.Double(float(value)) for value in to_rgb(colour))
    return {
        b"enab": descriptor.Bool(True),
        b"present": descriptor.Bool(True),
        b"showInDialog": descriptor.Bool(True),
        b"Md  ": Enumerated(b"BlnM", mode.encode("ascii")),
        b"Clr ": filled(Descriptor(classID=b"RGBC"), {b"Rd  ": red, b"Grn ": green, b"Bl  ": blue}),
        b"Opct": UnitFloat(percent, unit=Unit.Percent),
    }


def _linear_contour() -> Descriptor:
    points = [
        filled(Descriptor(classID=b"CrPt"), {b"Hrzn": descriptor.Double(v), b"Vrtc": descriptor.Double(v)})
        for v in (0.0, 255.0)
    ]
    return filled(Descriptor(classID=b"ShpC"), {b"Nm  ": descriptor.String("Linear"), b"Crv ": descriptor.List(points)})
