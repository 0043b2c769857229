"""Draw every figure of the stored notebooks on one sheet: ``python docs/contact_sheet.py [FILE]``.

Figures that stand alone and the pictures of players are taken from the notebooks as they were last executed, with the
number of their cell, so that one look finds a figure that is out of line.
"""

import base64
import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parents[1]
SHEET = ROOT / "results" / "figures" / "contact_sheet.jpg"
WIDTH, GAP, LABEL, COLUMNS = 300, 10, 18, 8  # pixels of a figure, between figures, of its label; figures in a row
EMBEDDED = re.compile(r"data:image/(?:png|webp|jpeg);base64,([A-Za-z0-9+/=]+)")


def figures() -> Iterator[tuple[str, Image.Image]]:
    """Give every stored picture with its notebook and the number of its cell."""
    for path in [ROOT / "main.ipynb", *sorted((ROOT / "notebooks").rglob("*.ipynb"))]:
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                data = {kind: "".join(value) for kind, value in output.get("data", {}).items()}
                found = [data["image/png"]] if "image/png" in data else EMBEDDED.findall(data.get("text/html", ""))
                for picture in found:
                    image = Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGBA")
                    page = Image.new("RGBA", image.size, "white")
                    yield (
                        f"{path.stem}, cell {cell['execution_count']}",
                        Image.alpha_composite(page, image).convert("RGB"),
                    )


def draw(pictures: list[tuple[str, Image.Image]]) -> Image.Image:
    """Put pictures into columns, each under the shortest so far."""
    heights = [GAP] * COLUMNS
    placed = []
    for label, image in pictures:
        small = image.resize((WIDTH, max(round(image.height * WIDTH / image.width), 1)), Image.Resampling.LANCZOS)
        column = heights.index(min(heights))
        placed.append((label, small, GAP + column * (WIDTH + GAP), heights[column]))
        heights[column] += LABEL + small.height + GAP
    sheet = Image.new("RGB", (GAP + COLUMNS * (WIDTH + GAP), max(heights)), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for label, small, left, top in placed:
        pen.text((left, top), label, "black", font)
        sheet.paste(small, (left, top + LABEL))
    return sheet


def main() -> None:
    """Write the sheet."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else SHEET
    pictures = list(figures())
    draw(pictures).save(path, quality=70, optimize=True)
    print(f"{len(pictures)} figures: {path}")


if __name__ == "__main__":
    main()
