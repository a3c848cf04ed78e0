"""What makes a PSD's layer a text that can be edited: the type tool's block, its descriptor and its engine data.

The document has 72 px an inch, so that a point is a px. A text is point text: its first baseline starts, is centred or
ends, by its alignment, at the origin, to which the block's matrix moves it; each line is a paragraph, which Photoshop
sets at a fixed leading below the one before. Each run has a style of its own, in the order in which the text is read.
"""

from typing import Any

from psd_tools.constants import Tag
from psd_tools.psd import descriptor, engine_data
from psd_tools.psd.descriptor import Descriptor, DescriptorBlock, Enumerated, UnitFloat
from psd_tools.psd.tagged_blocks import TaggedBlock, TypeToolObjectSetting
from psd_tools.terminology import Unit

from layoutgen.core.colour import to_rgb
from layoutgen.core.layout import Box, Run
from layoutgen.imaging.documents.font_records import record
from layoutgen.imaging.documents.page import Layer, Page
from layoutgen.imaging.documents.psd_effects import filled
from layoutgen.imaging.documents.xml_text import legal

_TEXT_VERSION = 50
_JUSTIFICATIONS = {"left": 0, "right": 1, "center": 2}
_DIRECTIONS = {"ltr": 1, "rtl": 2}
_FALLBACK_FONT = "AdobeInvisFont"  # which Photoshop expects as the first font of a set
_IDENTITY = {"Axis": [1.0, 0.0, 1.0], "XY": [0.0, 0.0]}


def type_block(page: Page, layer: Layer, ink: Box) -> TaggedBlock:
    """The type tool's block of a text whose glyphs fill the box `ink`, px of the canvas."""
    lines = [
        [(legal(text).replace("\r", " ").replace("\n", " "), run) for text, run in layer.reading_order(number)]
        for number in range(len(layer.element.lines))
    ]
    x, y = _origin(layer)
    text = "\r".join("".join(piece for piece, _ in line) for line in lines)
    left, top, right, bottom = layer.box
    items = {
        b"Txt ": descriptor.String(text),
        b"textGridding": Enumerated(b"textGridding", b"None"),
        b"Ornt": Enumerated(b"Ornt", b"Hrzn"),
        b"AntA": Enumerated(b"Annt", b"AnSm"),
        b"bounds": _bounds(b"bounds", (left - x, top - y, right - x, bottom - y)),
        b"boundingBox": _bounds(b"boundingBox", (ink[0] - x, ink[1] - y, ink[2] - x, ink[3] - y)),
        b"TextIndex": descriptor.Integer(0),
        b"EngineData": descriptor.RawData(_engine(page, layer, lines).tobytes()),
    }
    setting: Any = TypeToolObjectSetting(
        version=1,
        transform=(1.0, 0.0, 0.0, 1.0, x, y),
        text_version=_TEXT_VERSION,
        text_data=filled(DescriptorBlock(classID=b"TxLr"), items),
        warp_version=1,
        warp=_no_warp(),
    )
    return TaggedBlock(key=Tag.TYPE_TOOL_OBJECT_SETTING, data=setting)


def _origin(layer: Layer) -> tuple[float, float]:
    """Where the first baseline starts, is centred or ends, px of the canvas."""
    left, top, right, _ = layer.box
    first = layer.runs[0]
    x = {"left": left, "center": (left + right) / 2, "right": right}[layer.element.alignment]
    return x, top + first.baseline_px - first.line * layer.element.line_height_px


def _engine(page: Page, layer: Layer, lines: list[list[tuple[str, Run]]]) -> engine_data.EngineData:
    """The text engine's data: the text, its paragraphs and its runs with their styles, and the fonts."""
    element = layer.element
    fonts = [_FALLBACK_FONT, *sorted({record(page.face(run.font)).postscript for run in layer.runs})]
    styles, style_lengths, paragraph_lengths, text = [], [], [], ""
    run = layer.runs[0]
    for line in lines:
        length = 0
        for piece, run in line:
            styles.append(_style(page, layer, run, fonts))
            style_lengths.append(_units(piece))
            length += _units(piece)
        if not line:
            styles.append(_style(page, layer, run, fonts))
            style_lengths.append(0)
        style_lengths[-1] += 1  # the paragraph's end
        paragraph_lengths.append(length + 1)
        text += "".join(piece for piece, _ in line) + "\r"
    sheet = {"DefaultStyleSheet": 0, "Properties": _paragraph(element.alignment)}
    paragraphs = [{"ParagraphSheet": sheet, "Adjustments": _IDENTITY} for _ in lines]
    resources = _resources(fonts, styles[0], sheet)
    value = {
        "EngineDict": {
            "Editor": {"Text": text},
            "ParagraphRun": {
                "DefaultRunData": {
                    "ParagraphSheet": {"DefaultStyleSheet": 0, "Properties": {}},
                    "Adjustments": _IDENTITY,
                },
                "RunArray": paragraphs,
                "RunLengthArray": paragraph_lengths,
                "IsJoinable": 1,
            },
            "StyleRun": {
                "DefaultRunData": {"StyleSheet": {"StyleSheetData": {}}},
                "RunArray": [{"StyleSheet": {"StyleSheetData": style}} for style in styles],
                "RunLengthArray": style_lengths,
                "IsJoinable": 2,
            },
            "GridInfo": {
                "GridIsOn": False,
                "ShowGrid": False,
                "GridSize": 18.0,
                "GridLeading": 22.0,
                "GridColor": _paint("#0000ff"),
                "GridLeadingFillColor": _paint("#0000ff"),
                "AlignLineHeightToGridFlags": False,
            },
            "AntiAlias": 3,
            "UseFractionalGlyphWidths": True,
            "Rendered": {"Version": 1, "Shapes": {"WritingDirection": 0, "Children": [_point_shape()]}},
        },
        "ResourceDict": resources,
        "DocumentResources": resources,
    }
    return engine_data.EngineData(_tokens(value)._items)


def _style(page: Page, layer: Layer, run: Run, fonts: list[str]) -> dict[str, Any]:
    element, font = layer.element, record(page.face(run.font))
    return {
        "Font": fonts.index(font.postscript),
        "FontSize": float(element.font_px * run.scale),
        "FauxBold": False,
        "FauxItalic": False,
        "AutoLeading": False,
        "Leading": float(element.line_height_px),
        "HorizontalScale": 1.0,
        "VerticalScale": 1.0,
        "Tracking": round(1000 * run.letter_spacing_px / max(1, element.font_px * run.scale)),
        "AutoKerning": True,
        "Kerning": 0,
        "BaselineShift": 0.0,
        "FontCaps": 0,
        "FontBaseline": 0,
        "Underline": False,
        "Strikethrough": element.strike,
        "Ligatures": True,
        "DLigatures": False,
        "BaselineDirection": 2,
        "Tsume": 0.0,
        "StyleRunAlignment": 2,
        "Language": 0,
        "NoBreak": False,
        "FillColor": _paint(element.colour),
        "StrokeColor": _paint("#000000"),
        "FillFlag": True,
        "StrokeFlag": False,
        "FillFirst": True,
        "YUnderline": 1,
        "OutlineWidth": 1.0,
        "CharacterDirection": _DIRECTIONS[run.direction],
        "HindiNumbers": False,
        "Kashida": 1,
        "DiacriticPos": 2,
    }


def _paragraph(alignment: str) -> dict[str, Any]:
    return {
        "Justification": _JUSTIFICATIONS[alignment],
        "FirstLineIndent": 0.0,
        "StartIndent": 0.0,
        "EndIndent": 0.0,
        "SpaceBefore": 0.0,
        "SpaceAfter": 0.0,
        "AutoHyphenate": False,
        "HyphenatedWordSize": 6,
        "PreHyphen": 2,
        "PostHyphen": 2,
        "ConsecutiveHyphens": 8,
        "Zone": 36.0,
        "WordSpacing": [0.8, 1.0, 1.33],
        "LetterSpacing": [0.0, 0.0, 0.0],
        "GlyphSpacing": [1.0, 1.0, 1.0],
        "AutoLeading": 1.2,
        "LeadingType": 0,
        "Hanging": False,
        "Burasagari": False,
        "KinsokuOrder": 0,
        "EveryLineComposer": False,
    }


def _resources(fonts: list[str], style: dict[str, Any], sheet: dict[str, Any]) -> dict[str, Any]:
    name = "Normal RGB"
    return {
        "KinsokuSet": [],
        "MojiKumiSet": [],
        "TheNormalStyleSheet": 0,
        "TheNormalParagraphSheet": 0,
        "ParagraphSheetSet": [{"Name": name, **sheet}],
        "StyleSheetSet": [{"Name": name, "StyleSheetData": style}],
        "FontSet": [{"Name": font, "Script": 0, "FontType": 0, "Synthetic": 0} for font in fonts],
        "SuperscriptSize": 0.583,
        "SuperscriptPosition": 0.333,
        "SubscriptSize": 0.583,
        "SubscriptPosition": 0.333,
        "SmallCapSize": 0.7,
    }


def _point_shape() -> dict[str, Any]:
    base = {"ShapeType": 0, "TransformPoint0": [1.0, 0.0], "TransformPoint1": [0.0, 1.0], "TransformPoint2": [0.0, 0.0]}
    return {
        "ShapeType": 0,
        "Procession": 0,
        "Lines": {"WritingDirection": 0, "Children": []},
        "Cookie": {"Photoshop": {"ShapeType": 0, "PointBase": [0.0, 0.0], "Base": base}},
    }


def _paint(colour: str) -> dict[str, Any]:
    return {"Type": 1, "Values": [1.0, *(float(value) / 255 for value in to_rgb(colour))]}


def _tokens(value: Any) -> Any:
    """Plain values as the text engine's tokens; of a dictionary, the order of its keys counts."""
    match value:
        case dict():
            tokens = engine_data.Dict()
            for name, inner in value.items():
                tokens[name] = _tokens(inner)
            return tokens
        case list():
            return engine_data.List([_tokens(inner) for inner in value])
        case bool():
            return engine_data.Bool(value)
        case int():
            return engine_data.Integer(value)
        case float():
            return engine_data.Float(value)
        case _:
            return engine_data.String(value)


def _units(text: str) -> int:
    """Length in UTF-16 code units, in which the text engine counts."""
    return len(text.encode("utf-16-le")) // 2


def _no_warp() -> DescriptorBlock:
    return filled(
        DescriptorBlock(classID=b"warp"),
        {
            b"warpStyle": Enumerated(b"warpStyle", b"warpNone"),
            b"warpValue": descriptor.Double(0.0),
            b"warpPerspective": descriptor.Double(0.0),
            b"warpPerspectiveOther": descriptor.Double(0.0),
            b"warpRotate": Enumerated(b"Ornt", b"Hrzn"),
        },
    )


def _bounds(kind: bytes, box: Box) -> Descriptor:
    names = (b"Left", b"Top ", b"Rght", b"Btom")
    sides = {name: UnitFloat(side, unit=Unit.Points) for name, side in zip(names, box, strict=True)}
    return filled(Descriptor(classID=kind), sides)
