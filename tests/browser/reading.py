"""Reading a page back: marks from its probe, pixels from its canvases, values from axes and colour keys."""

import base64
import re
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from playwright.sync_api import Locator, Page

Mark = dict[str, Any]

PIXELS = """(canvas) => {
  const { width, height } = canvas;
  const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
  let text = '';
  for (let i = 0; i < data.length; i += 8192) text += String.fromCharCode(...data.subarray(i, i + 8192));
  return { width, height, data: btoa(text) };
}"""
# the page becomes a canvas with a picture that is given as a data address
DECODE = """async (data) => {
  const image = new Image();
  image.src = data;
  await image.decode();
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext('2d').drawImage(image, 0, 0);
  document.body.replaceChildren(canvas);
}"""
TEXTS = """(root, selector) => [...root.querySelectorAll(selector)].map((element) => {
  const { x, y, width, height } = element.getBoundingClientRect();
  return { text: element.textContent.trim(), x: x + scrollX + width / 2, y: y + scrollY + height / 2 };
})"""


def marks(page: Page, view: str) -> list[Mark]:
    """What the probe says of one view."""
    found: list[Mark] = page.evaluate("(view) => glassbert.probe(view)[view]", view)
    return found


def wait_until(page: Page, expression: str, *, seconds: float = 60) -> None:
    """Poll from here: Playwright's own waiting evaluates strings in the page, which its policy forbids."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, f"never true: {expression}"
        page.wait_for_timeout(20)


def named(page: Page, view: str, name: str) -> list[Mark]:
    return [mark for mark in marks(page, view) if mark["name"] == name]


def middle(mark: Mark) -> tuple[float, float]:
    box = mark["box"]
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def pixels(canvas: Locator) -> np.ndarray:
    """A canvas as uint8 [height, width, 4], as it was drawn."""
    read = canvas.evaluate(PIXELS)
    flat = np.frombuffer(base64.b64decode(read["data"]), np.uint8)
    return flat.reshape(read["height"], read["width"], 4)


def number(text: str) -> float:
    """A number as the page writes it: 1,234, −0.05, 2e−4, 95 %."""
    plain = text.replace("−", "-").replace(",", "").replace("\xa0", "")
    found = re.search(r"-?\d+(\.\d+)?(e-?\d+)?", plain)
    assert found, text
    return float(found[0]) / (100 if "%" in plain else 1)


@dataclass(frozen=True)
class Axis:
    """A linear scale recovered from the tick labels that a reader sees: position in pixels to value."""

    slope: float
    offset: float

    @classmethod
    def of(cls, ticks: list[tuple[float, float]]) -> "Axis":
        """From (position, value) pairs; they must lie on one line."""
        positions, values = np.array(ticks).T
        slope, offset = np.polyfit(positions, values, 1)
        assert np.abs(slope * positions + offset - values).max() < 0.6 * abs(slope), (
            "the ticks are not linear"
        )
        return cls(slope=float(slope), offset=float(offset))

    def value(self, position: float) -> float:
        return self.slope * position + self.offset

    def position(self, value: float) -> float:
        return (value - self.offset) / self.slope

    @property
    def pixel(self) -> float:
        """What one pixel is worth."""
        return abs(self.slope)


def axis(root: Locator, selector: str, direction: str) -> Axis:
    """The scale of the SVG tick labels under `root`; `direction` is "x" or "y"."""
    texts = root.evaluate(TEXTS, selector)
    return Axis.of([(tick[direction], number(tick["text"])) for tick in texts])


class Ramp:
    """A colour key, read from the screen: the place on the scale, 0 to 1, of any colour on it."""

    def __init__(self, canvas: Locator) -> None:
        (self.colors,) = pixels(canvas)[:, :, :3].astype(int)
        assert len(self.colors) in (255, 256)  # an odd number where zero has a colour of its own

    def places(self, colors: np.ndarray, *, tolerance: int = 0) -> np.ndarray:
        """[..., 3] colours to [...] places; a colour that is not on the key fails."""
        flat = np.asarray(colors, int).reshape(-1, 3)
        distance = np.abs(flat[:, None, :] - self.colors[None]).max(axis=2)
        assert distance.min(axis=1).max() <= tolerance, "a colour that the key does not have"
        return (distance.argmin(axis=1) / (len(self.colors) - 1)).reshape(np.asarray(colors).shape[:-1])
