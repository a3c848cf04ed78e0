"""Colours as the eye weighs them: sRGB hex, relative luminance, WCAG contrast, OKLCH tints.

Sources: WCAG 2.2 (relative luminance, contrast ratio); OKLab, Ottosson 2020. RGB arrays are uint8 or float 0-255.
"""

import math

import numpy as np

INK, PAPER = "#1c1c1e", "#ffffff"


def to_rgb(colour: str) -> np.ndarray:
    """Turn #rrggbb into three floats 0-255."""
    if len(colour) != 7 or colour[0] != "#":
        raise ValueError(f"colour {colour!r} is not #rrggbb")
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], np.float64)


def to_hex(rgb: np.ndarray) -> str:
    """Turn three numbers 0-255 into #rrggbb."""
    red, green, blue = (int(v) for v in np.clip(np.rint(rgb), 0, 255))
    return f"#{red:02x}{green:02x}{blue:02x}"


def _linear(rgb: np.ndarray) -> np.ndarray:
    if isinstance(rgb, np.ndarray) and rgb.dtype == np.uint8:
        return np.asarray(_LINEAR_OF_BYTE.take(rgb))
    share = np.asarray(rgb, np.float64) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


_LINEAR_OF_BYTE = _linear(np.arange(256, dtype=np.float64))


def luminance(rgb: np.ndarray) -> np.ndarray:
    """Relative luminance in [0, 1] of RGB values, (..., 3) to (...)."""
    return np.asarray(_linear(rgb) @ np.array([0.2126, 0.7152, 0.0722]))


def contrast(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Contrast ratio in [1, 21] of two arrays of luminances."""
    high, low = np.maximum(a, b), np.minimum(a, b)
    return np.asarray((high + 0.05) / (low + 0.05))


def ratio(a: str, b: str) -> float:
    """Contrast ratio in [1, 21] of two colours, #rrggbb."""
    return float(contrast(luminance(to_rgb(a)), luminance(to_rgb(b))))


def contrast_on(colour: str, pixels: np.ndarray) -> float:
    """Contrast ratio of a colour with the pixels behind it, (n, 3): the 5th percentile, so that 95 % are better."""
    if len(pixels) == 0:
        return 21.0
    return float(np.percentile(contrast(luminance(to_rgb(colour)), luminance(pixels)), 5))


def clutter(pixels: np.ndarray) -> float:
    """How restless pixels, (n, 3), are: the standard deviation of their lightness (OKLab), [0, 0.5]; lower is better
    to read on. Tiles, fur and foliage have 0.1 and more, a wall 0.03."""
    return float(lightness(pixels).std()) if len(pixels) else 0.0


def blend(pixels: np.ndarray, colour: str, opacity: float) -> np.ndarray:
    """Pixels as they look under a colour of an opacity in [0, 1]."""
    return np.asarray(pixels, np.float64) * (1 - opacity) + to_rgb(colour) * opacity


_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_FROM_LMS, _FROM_OKLAB = np.linalg.inv(_TO_LMS), np.linalg.inv(_TO_OKLAB)


def _lab(rgb: np.ndarray) -> np.ndarray:
    return np.asarray(np.cbrt(_linear(rgb) @ _TO_LMS.T) @ _TO_OKLAB.T)


def lightness(rgb: np.ndarray) -> np.ndarray:
    """Lightness in OKLab, [0, 1], of RGB values, (..., 3) to (...)."""
    return np.asarray(_lab(rgb)[..., 0])


def chroma(rgb: np.ndarray) -> np.ndarray:
    """Chroma in OKLab, [0, about 0.4], of RGB values, (..., 3) to (...)."""
    lab = _lab(rgb)
    return np.asarray(np.hypot(lab[..., 1], lab[..., 2]))


def to_oklch(rgb: np.ndarray) -> np.ndarray:
    """Lightness [0, 1], chroma [0, about 0.4] and hue (radians) of RGB values, (..., 3) to (..., 3)."""
    lab = _lab(rgb)
    return np.stack([lab[..., 0], np.hypot(lab[..., 1], lab[..., 2]), np.arctan2(lab[..., 2], lab[..., 1])], axis=-1)


def to_oklab(hex_colour: str) -> tuple[float, ...]:
    """Lightness and the two axes of #rrggbb in OKLab, in which distances are as the eye sees them."""
    lightness, chroma, hue = (float(value) for value in to_oklch(to_rgb(hex_colour)))
    return lightness, chroma * math.cos(hue), chroma * math.sin(hue)


def from_oklch(lightness: float, chroma: float, hue: float) -> str:
    """The #rrggbb nearest to an OKLCH colour; chroma shrinks until the colour is in sRGB."""
    for _ in range(24):
        lab = np.array([lightness, chroma * np.cos(hue), chroma * np.sin(hue)])
        linear = _FROM_LMS @ (_FROM_OKLAB @ lab) ** 3
        if linear.min() >= -1e-4 and linear.max() <= 1 + 1e-4:
            break
        chroma *= 0.9
    linear = np.clip(linear, 0, 1)
    return to_hex(255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055))


def tint(colour: str, lightness: float, most_chroma: float) -> str:
    """The colour's hue at another lightness, its chroma at most `most_chroma`."""
    _, chroma, hue = to_oklch(to_rgb(colour))
    return from_oklch(lightness, min(float(chroma), most_chroma), float(hue))


def dominant(pixels: np.ndarray, weights: np.ndarray | None = None) -> str:
    """The colour that fills the most of some pixels, (n, 3), weighed: the fullest of 16x16x16 bins, averaged."""
    pixels = np.asarray(pixels).reshape(-1, 3)
    if len(pixels) == 0:
        return PAPER
    bins, sums = _bins(pixels, weights)
    return to_hex(pixels[bins == sums.argmax()].mean(0))


def tones(pixels: np.ndarray, weights: np.ndarray, most: int = 6) -> tuple[tuple[str, float], ...]:
    """The colours that fill the most of some pixels, (n, 3), weighed, with their shares of what these colours fill, the
    fullest first; those of less than a fiftieth, such as the edges of letters, are left out."""
    pixels = np.asarray(pixels).reshape(-1, 3)
    bins, sums = _bins(pixels, weights)
    fullest = [int(i) for i in np.argsort(-sums, kind="stable")[:most] if sums[i] >= 0.02 * sums.sum() > 0]
    total = sum(sums[i] for i in fullest)
    return tuple((to_hex(pixels[bins == i].mean(0)), float(sums[i] / total)) for i in fullest)


def _bins(pixels: np.ndarray, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Which of 16x16x16 bins each of some pixels, (n, 3), lies in, and the weight of each bin."""
    weights = np.ones(len(pixels)) if weights is None else np.asarray(weights, np.float64).ravel()
    red, green, blue = (pixels[:, channel].astype(np.int64) // 16 for channel in range(3))
    bins = 256 * red + 16 * green + blue
    return bins, np.bincount(bins, weights, minlength=4096)
