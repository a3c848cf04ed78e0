"""Things drawn to be pasted: the demo's goods, bodies of many shapes, garments and people.

All give RGBA cut-outs (h, w, 4), uint8, the longer side at most `SIDE` px; the same rng state gives the same pixels.
They are drawn for their outlines and surfaces, not for their likeness.
"""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from layoutgen.goods.sheet import Array, Point, Sheet, bevel, flat, mix, noise, spline, turned
from layoutgen.goods.shots import ASPECTS, SHOTS
from layoutgen.imaging.shrinking import shrink

SIDE = 208
_SKINS = ("#f3d3bd", "#e8b998", "#c98d67", "#9a6442", "#6b4330", "#f7dfce")
_HAIRS = ("#1c1512", "#3a2418", "#6b4a2c", "#c79a5b", "#8a8a88", "#8a3b24")

Rng = np.random.Generator


def colour(rng: Rng) -> Array:
    """A colour, (3,) in [0, 1]: greys, muted and vivid ones, light and dark."""
    grey = np.full(3, rng.uniform(0.03, 0.99))
    hue = rng.uniform(0, 1, 3)
    hue = (hue - hue.min()) / max(float(np.ptp(hue)), 1e-6)
    return np.asarray(
        mix(grey.astype(np.float32), hue.astype(np.float32), float(rng.choice([0.03, 0.1, 0.25, 0.5, 0.8]))), np.float32
    )


def pattern(shape: tuple[int, int], rng: Rng) -> Array:
    """A surface (h, w, 3) in [0, 1]: plain, shaded, striped, checked, spotted, mottled or printed."""
    first, second = colour(rng), colour(rng)
    height, width = shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / max(shape)
    turn, pitch = rng.uniform(0, np.pi), rng.uniform(4, 30)
    u, v = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    match rng.choice(
        ["plain", "shaded", "stripes", "checks", "spots", "mottled", "print"], p=[0.34, 0.16, 0.1, 0.1, 0.08, 0.12, 0.1]
    ):
        case "plain":
            share = np.zeros(shape, np.float32)
        case "shaded":
            share = np.clip(u + rng.uniform(-0.3, 0.3), 0, 1)
        case "stripes":
            share = (np.sin(u * pitch * 6.28) > rng.uniform(-0.6, 0.6)).astype(np.float32)
        case "checks":
            share = 0.5 * ((np.sin(u * pitch * 6.28) > 0.2) + 1.0 * (np.sin(v * pitch * 6.28) > 0.2))
        case "spots":
            share = ((np.sin(u * pitch * 6.28) * np.sin(v * pitch * 6.28)) > rng.uniform(0.3, 0.7)).astype(np.float32)
        case "mottled":
            share = 0.5 + 0.5 * noise(shape, rng, rng.uniform(3, 40))
        case _:
            share = np.zeros(shape, np.float32)
            corner = rng.uniform(0.2, 0.5, 2)
            share[
                int(corner[0] * height) : int((corner[0] + 0.3) * height),
                int(corner[1] * width) : int((corner[1] + 0.4) * width),
            ] = 1
    made = mix(first, second, np.asarray(share, np.float32) * float(rng.choice([0.15, 0.5, 1.0])))
    return np.asarray(
        np.clip(made * (1 + rng.uniform(0, 0.06) * rng.standard_normal(shape)[..., None]), 0, 1), np.float32
    )


def goods(rng: Rng, keep: Callable[[str], bool] = lambda name: True) -> np.ndarray:
    """One of the demo's products whose drawing's name `keep` lets through, its hues turned."""
    shots = [shot for shot in SHOTS.values() if keep(shot.draw.__name__)]
    shot = shots[int(rng.integers(len(shots)))]
    sheet = Sheet(300, ASPECTS[shot.draw], rng)
    shot.draw(sheet, tuple(shot.colours.split()))
    return _recoloured(fitted(np.array(sheet.picture(300))), rng)


def _recoloured(cutout: np.ndarray, rng: Rng) -> np.ndarray:
    hsv = cv2.cvtColor(cutout[..., :3], cv2.COLOR_RGB2HSV).astype(np.int16)
    hsv[..., 0] = (hsv[..., 0] + rng.integers(180)) % 180
    hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(0.2, 1.5), 0, 255)
    return np.dstack([cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB), cutout[..., 3]])


def body(rng: Rng) -> np.ndarray:
    """A body of one to three parts: blobs, boxes, polygons, turned profiles; sometimes with a hole."""
    sheet = Sheet(SIDE, float(rng.uniform(0.5, 1.7)), rng)
    for _ in range(int(rng.choice([1, 1, 2, 3]))):
        mask = _part(sheet, rng)
        if rng.random() < 0.12:
            mask = mask * (1 - sheet.ellipse(0.5, 0.5 * sheet.aspect, *rng.uniform(0.05, 0.2, 2)))
        form = [flat(), bevel(0.03), bevel(0.12), turned()][int(rng.integers(4))]
        look: dict[str, Any] = {"gloss": float(rng.uniform(0, 0.5)), "rough": float(rng.uniform(0.2, 0.9))}
        if rng.random() < 0.4:
            look["bump"] = sheet.grain(float(rng.uniform(6, 80)), float(rng.uniform(0.5, 5)))
        sheet.paint(mask, pattern(sheet.shape, rng), form, **look)
    if rng.random() < 0.4:  # a label
        left, top = rng.uniform(0.25, 0.45), rng.uniform(0.3, 0.5) * sheet.aspect
        sheet.tint(sheet.box(left, top, left + 0.3, top + 0.3 * sheet.aspect, 0.02), pattern(sheet.shape, rng))
        sheet.tint(
            sheet.text("SOLE AURA 500 ml 清新"[: int(rng.integers(3, 12))], 0.5, 0.5 * sheet.aspect, 0.07), colour(rng)
        )
    return fitted(np.array(sheet.picture(SIDE)))


def _part(s: Sheet, rng: Rng) -> Array:
    cx, cy = 0.5 + rng.uniform(-0.12, 0.12), s.aspect * (0.5 + rng.uniform(-0.12, 0.12))
    rx, ry = rng.uniform(0.15, 0.36), rng.uniform(0.15, 0.36) * s.aspect
    match rng.choice(["blob", "ellipse", "box", "polygon", "profile", "bar"]):
        case "blob":
            turns = np.linspace(0, 2 * np.pi, int(rng.integers(5, 12)), endpoint=False)
            reach = rng.uniform(0.55, 1.25, len(turns))
            return s.curve(
                [(cx + rx * r * np.cos(t), cy + ry * r * np.sin(t)) for t, r in zip(turns, reach, strict=True)]
            )
        case "ellipse":
            return s.ellipse(cx, cy, rx, ry)
        case "box":
            return s.box(cx - rx, cy - ry, cx + rx, cy + ry, rng.uniform(0, 0.15))
        case "polygon":
            turns = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 8))))
            return s.polygon([(cx + rx * np.cos(t), cy + ry * np.sin(t)) for t in turns])
        case "bar":
            ends: list[Point] = [(float(x), float(y)) for x, y in rng.uniform(0.1, 0.9, (3, 2)) * (1, s.aspect)]
            return s.stroke(ends, rng.uniform(0.02, 0.09))
        case _:
            heights = np.linspace(0.04, 0.96, int(rng.integers(4, 8))) * s.aspect
            return s.mirrored([(0.5 - rng.uniform(0.06, 0.42), float(y)) for y in heights])


def garment(rng: Rng) -> np.ndarray:
    """A garment laid flat or on a hanger: tops with or without sleeves, trousers, shorts, skirts, dresses, pairs of
    shoes; wrinkled, hung a little askew."""
    s = Sheet(SIDE, float(rng.uniform(0.8, 1.6)), rng)
    a = s.aspect
    wrinkles = s.grain(float(rng.uniform(3, 9)), float(rng.uniform(3, 14)), 3) + s.grain(60, 0.6)
    look = {"gloss": 0.02, "rough": 0.95, "bump": wrinkles}
    cloth = pattern(s.shape, rng)

    def bent(points: list[Point]) -> Array:
        shaken = [(x + rng.normal(0, 0.008), y + rng.normal(0, 0.008)) for x, y in points]
        return s.polygon(spline(shaken, closed=True, steps=5)) if rng.random() < 0.5 else s.polygon(shaken)

    kind = rng.choice(["top", "trousers", "skirt", "dress", "shoes"], p=[0.45, 0.22, 0.12, 0.11, 0.1])
    hip, waist, shoulder = rng.uniform(0.2, 0.34), rng.uniform(0.16, 0.27), rng.uniform(0.2, 0.28)
    mask = np.zeros(s.shape, np.float32)
    if kind in ("top", "dress"):
        foot = a * rng.uniform(0.82, 0.97)
        neck, depth = rng.uniform(0.06, 0.14), rng.uniform(0.02, 0.2)
        hem = hip * (1.25 if kind == "dress" else 1.0)
        right = [(0.5 + neck, 0.05), (0.5 + shoulder, 0.05 + 0.06), (0.5 + waist, 0.5 * a), (0.5 + hem, foot)]
        left = [(1 - x, y) for x, y in reversed(right)]
        mask = bent([(0.5, 0.05 + depth), *right, *left])
        sleeve, wide = rng.choice([0.0, 0.16, 0.2, 0.45, 0.55]), rng.uniform(0.09, 0.15)
        for side in (1, -1) if sleeve else ():
            angle = rng.uniform(0.15, 1.3)
            start = (0.5 + side * (shoulder - 0.04), 0.05 + 0.09)
            end = (start[0] + side * sleeve * np.cos(angle), start[1] + sleeve * np.sin(angle))
            mask = np.maximum(mask, s.stroke([start, end], wide * 0.62, wide * 0.45))
    elif kind == "skirt":
        mask = bent([(0.5 - waist, 0.08), (0.5 + waist, 0.08), (0.5 + hip * 1.4, a * 0.9), (0.5 - hip * 1.4, a * 0.9)])
    elif kind == "trousers":
        foot, crotch, leg = a * rng.uniform(0.5, 0.97), a * rng.uniform(0.3, 0.42), rng.uniform(0.1, 0.18)
        for side in (1, -1):
            spread = side * rng.uniform(0.03, 0.14)
            outer: list[Point] = [
                (0.5 + side * waist, 0.06),
                (0.5 + side * hip, crotch),
                (0.5 + spread + side * leg, foot),
            ]
            inner: list[Point] = [(0.5 + spread - side * 0.02, foot), (0.5 - side * 0.01, crotch), (0.5, 0.06)]
            mask = np.maximum(mask, bent([*outer, *inner]))
    else:
        for x in (0.27, 0.73):
            shoe = s.mirrored([(x - 0.05, 0.12 * a), (x - 0.16, 0.3 * a), (x - 0.13, 0.6 * a), (x - 0.16, 0.86 * a)], x)
            s.paint(shoe, cloth, bevel(0.08), gloss=0.2)
            s.paint(s.ellipse(x, 0.66 * a, 0.09, 0.16 * a), colour(rng), bevel(0.03))
        return fitted(np.array(s.picture(SIDE)))
    s.paint(mask, cloth, bevel(float(rng.uniform(0.01, 0.06)), 0.8, 0.5), **look)
    if rng.random() < 0.35:
        s.tint(mask * s.ellipse(0.5, 0.4 * a, rng.uniform(0.06, 0.14), rng.uniform(0.05, 0.14)), pattern(s.shape, rng))
    if rng.random() < 0.4:
        s.tint(mask * s.box(0.493, 0, 0.507, a), colour(rng), 0.8)
    return fitted(np.array(s.picture(SIDE)))


def person(rng: Rng) -> np.ndarray:
    """A person, whole, half or only the head, seen from the front; some hold a thing. Drawn for its shape, not its
    likeness."""
    reach = rng.choice(["whole", "half", "head"], p=[0.35, 0.4, 0.25])
    head = {"whole": 0.085, "half": 0.15, "head": 0.26}[str(reach)] * rng.uniform(0.9, 1.1)
    s = Sheet(SIDE, {"whole": 2.1, "half": 1.25, "head": 1.1}[str(reach)], rng)
    skin, hair = _SKINS[int(rng.integers(len(_SKINS)))], _HAIRS[int(rng.integers(len(_HAIRS)))]
    middle, top = 0.5 + rng.uniform(-0.04, 0.04), head * 1.45
    chin, shoulder = top + head * 1.2, head * rng.uniform(1.7, 2.3)
    cloth = pattern(s.shape, rng)
    if rng.random() < 0.5:  # long hair behind
        locks = [(-0.3, top - 1.3 * head), (-1.1, top - 0.4 * head), (-1.2, chin + head * rng.uniform(0, 1.6))]
        fall = s.mirrored([(middle + x * head, float(y)) for x, y in locks], middle)
        s.paint(fall, hair, bevel(0.04), bump=s.grain(60, 2))
    s.paint(
        s.box(middle - 0.42 * head, top + 0.5 * head, middle + 0.42 * head, chin + 0.6 * head, 0.05),
        mix(skin, "#000000", 0.12),
        turned(),
    )
    foot = chin + head * 4.6
    torso: list[Point] = [
        (middle - 0.35 * head, chin + 0.3 * head),
        (middle - shoulder, chin + 0.75 * head),
        (middle - shoulder * 0.8, chin + 3 * head),
        (middle - shoulder * 0.8, foot),
    ]
    if reach == "whole":
        legs = pattern(s.shape, rng)
        for side in (1, -1):
            ankle = (middle + side * head * rng.uniform(0.4, 1.4), foot + head * 6)
            s.paint(
                s.stroke([(middle + side * 0.7 * head, foot - 0.2 * head), ankle], 0.75 * head, 0.4 * head),
                legs,
                bevel(0.03),
                bump=s.grain(8, 4),
            )
            s.paint(
                s.ellipse(ankle[0] + side * 0.15 * head, ankle[1] + 0.15 * head, 0.5 * head, 0.28 * head),
                colour(rng),
                bevel(0.02),
            )
    s.paint(s.mirrored(torso, middle), cloth, bevel(0.06), gloss=0.03, rough=0.9, bump=s.grain(7, 6))
    for side in (1, -1):
        elbow = (middle + side * shoulder * rng.uniform(1.0, 1.5), chin + head * rng.uniform(2.0, 2.8))
        hand = (middle + side * shoulder * rng.uniform(0.1, 1.6), chin + head * rng.uniform(1.5, 4.6))
        arm: list[Point] = [(middle + side * shoulder * 0.86, chin + 1.05 * head), elbow, hand]
        s.paint(s.stroke(arm, 0.42 * head, 0.3 * head), cloth if rng.random() < 0.6 else skin, bevel(0.03), rough=0.9)
        s.paint(s.ellipse(*hand, 0.3 * head), skin, bevel(0.03))
        if rng.random() < 0.2:
            s.paint(
                s.box(hand[0] - 0.5 * head, hand[1] - 0.9 * head, hand[0] + 0.4 * head, hand[1] + 0.2 * head, 0.03),
                pattern(s.shape, rng),
                bevel(0.03),
            )
    s.paint(s.ellipse(middle, top, 0.86 * head, 1.16 * head), skin, bevel(0.14, 0.8), gloss=0.06, rough=0.8)
    for side in (1, -1):
        eye = (middle + side * 0.34 * head, top - 0.02 * head)
        s.tint(s.ellipse(*eye, 0.15 * head, 0.08 * head), "#f4f0ea", 0.9)
        s.tint(s.ellipse(*eye, 0.075 * head), "#241812")
        s.tint(
            s.stroke(
                [
                    (eye[0] - 0.2 * head, eye[1] - 0.2 * head),
                    (eye[0], eye[1] - 0.26 * head),
                    (eye[0] + 0.2 * head, eye[1] - 0.2 * head),
                ],
                0.04 * head,
            ),
            hair,
            0.8,
        )
    s.tint(
        s.stroke([(middle, top), (middle + 0.08 * head, top + 0.32 * head), (middle, top + 0.36 * head)], 0.03 * head),
        mix(skin, "#3a1a10", 0.4),
        0.8,
    )
    s.tint(s.ellipse(middle, top + 0.62 * head, 0.28 * head, 0.08 * head), "#b3524c", 0.8)
    fringe = s.mirrored(
        [
            (middle, top - 1.32 * head),
            (middle - 0.8 * head, top - 0.95 * head),
            (middle - 1.0 * head, top - 0.1 * head),
            (middle - 0.76 * head, top - 0.45 * head),
            (middle - 0.2 * head, top - 0.75 * head),
        ],
        middle,
    )
    s.paint(fringe, hair, bevel(0.04), bump=s.grain(50, 2))
    return fitted(np.array(s.picture(SIDE)))


def fitted(cutout: np.ndarray, side: int = SIDE) -> np.ndarray:
    """Cut to what is seen, and scale to the longer side."""
    rows, columns = np.flatnonzero(cutout[..., 3].max(1) > 20), np.flatnonzero(cutout[..., 3].max(0) > 20)
    if len(rows) < 4 or len(columns) < 4:
        return np.full((8, 8, 4), 255, np.uint8)
    return shrink(np.ascontiguousarray(cutout[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]), side)
