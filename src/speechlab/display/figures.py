"""Figures that show themselves in notebooks, reports and scripts, readable on light and dark pages.

Only matplotlib's objects are used, never ``pyplot``: no global state, no window, no figure left open.
"""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image

from speechlab.config import AudioSpec
from speechlab.display.page import data_uri

INK = "#767676"  # 4.5:1 on white and on black
COLOURS = ("#3b82c4", "#d9792b", "#3d9a50", "#c2498f", "#8a6fd1", "#a8922a")
COLOUR_MAP = "magma"
HZ_TICKS = (0, 500, 1000, 2000, 4000, 8000, 16_000)
OFTEN, SOFT = 64, 96  # colours of a PNG: the most frequent opaque ones, and those of soft edges; the rest are even
DPI, SHARP = 100, 200  # pixels an inch of the page, and of the pictures that notebooks show at that size


class Plot(Figure):
    """A matplotlib figure on a transparent ground that any notebook front end shows as a picture."""

    def __init__(self, width: float = 9.0, height: float = 3.0, layout: str | None = "constrained"):
        super().__init__(figsize=(width, height), dpi=DPI, facecolor="none", layout=layout)
        FigureCanvasAgg(self)

    def encoded(self, image_format: str = "png", dpi: int = DPI) -> bytes:
        """Render to a small picture: PNG with few colours, or lossy WebP, a third of its size on spectrograms."""
        buffer = BytesIO()
        self.savefig(buffer, format="rgba", dpi=dpi, transparent=True)
        size = tuple(int(round(side * dpi)) for side in self.get_size_inches())
        image = Image.frombytes("RGBA", size, buffer.getvalue())
        small = BytesIO()
        if image_format == "webp":
            image.save(small, format="WEBP", quality=45, alpha_quality=50, method=4)
        else:
            few_colours(image).save(small, format="PNG", optimize=True)
        return small.getvalue()

    def uri(self, image_format: str = "webp", dpi: int = DPI) -> str:
        """The picture as a data URI for an ``<img>``."""
        return data_uri(self.encoded(image_format, dpi), f"image/{image_format}")

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        """Give the notebook a sharp picture, and the size at which it is to be seen."""
        width, height = (round(side * DPI) for side in self.get_size_inches())
        return self.encoded("png", SHARP), {"width": width, "height": height}


def few_colours(image: Image.Image) -> Image.Image:
    """Take an RGBA picture to a palette: opaque pixels to even steps of ``COLOUR_MAP`` or to what else they often are.

    Others, the edges of lines and letters, keep their transparency.
    """
    pixels = np.array(image)
    opaque = pixels[..., 3] == 255
    often = image.convert("RGB").quantize(OFTEN, method=Image.Quantize.MEDIANCUT).getpalette()[: 3 * OFTEN]
    even = 255 * colormaps[COLOUR_MAP](np.linspace(0, 1, 255 - SOFT - OFTEN))[:, :3]
    colours = np.resize(np.append(even.round().astype(np.uint8), np.uint8(often)), (255 - SOFT, 3))
    palette = Image.new("P", (1, 1))
    palette.putpalette(np.resize(colours, (256, 3)).tobytes())
    solid = np.array(image.convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE)) % len(colours)
    pixels[opaque] = 0
    soft = Image.fromarray(pixels).quantize(SOFT, method=Image.Quantize.FASTOCTREE)
    few = Image.fromarray(np.where(opaque, solid, np.array(soft) + len(colours)).astype(np.uint8))
    few.putpalette(np.insert(colours, 3, 255, axis=1).tobytes() + bytes(soft.getpalette("RGBA")), "RGBA")
    return few


def style_axes(axes: Axes, title: str = "", grid: bool = False) -> None:
    """Give axes the house look: grey ink, no box, the title on the left."""
    axes.set_facecolor("none")
    axes.tick_params(colors=INK, labelsize=9, length=3)
    for side, spine in axes.spines.items():
        spine.set_color(INK)
        spine.set_linewidth(0.8)
        spine.set_visible(side in ("left", "bottom"))
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_color(INK)
        label.set_size(9)
    if title:
        axes.set_title(title, color=INK, fontsize=10, loc="left")
    if grid:
        axes.grid(True, color=INK, alpha=0.25, linewidth=0.6)


def style_legend(axes: Axes) -> None:
    """Add a legend without a box, in grey ink."""
    axes.legend(frameon=False, labelcolor=INK, fontsize=9, loc="best")


def small_pictures(n_pictures: int, height: float) -> tuple[Plot, list[list[Axes]]]:
    """Make a figure of small pictures, at most three in a row, that they fill: 5 are 3 above 2, which are wider.

    Args:
        height: of a row, in inches.

    Returns:
        The figure, and its axes by row.
    """
    n_rows = -(-n_pictures // 3)
    lengths = [n_pictures // n_rows + (row < n_pictures % n_rows) for row in range(n_rows)]
    plot = Plot(9, 0.3 + height * n_rows)
    grid = plot.add_gridspec(n_rows, 6)
    spans = [[(6 // length * place, 6 // length * (place + 1)) for place in range(length)] for length in lengths]
    return plot, [[plot.add_subplot(grid[row, slice(*span)]) for span in of_row] for row, of_row in enumerate(spans)]


def to_numpy(values: Any) -> np.ndarray:
    """Turn a tensor on any device, or anything like an array, into float32 numpy."""
    if hasattr(values, "detach"):
        values = values.detach().float().cpu().numpy()
    return np.asarray(values, dtype=np.float32)


def mel_position(spec: AudioSpec) -> Callable[[float], float]:
    """Give the function from Hz to the (fractional) index of the mel channel centred there."""
    from speechlab.audio.mel import hz_to_mel

    low, high = hz_to_mel(spec.f_min), hz_to_mel(spec.f_max)
    return lambda frequency: (hz_to_mel(frequency) - low) / (high - low) * (spec.n_mels + 1) - 1


def draw_mel(axes: Axes, mel: np.ndarray, spec: AudioSpec, scale: tuple[float, float], offset_s: float = 0.0) -> Any:
    """Draw one log-mel (n_mels, frames) over seconds and Hz, and return the image for a colour bar."""
    end_s = offset_s + mel.shape[1] / spec.frame_rate
    extent = (offset_s, end_s, -0.5, spec.n_mels - 0.5)
    image = axes.imshow(
        mel,
        origin="lower",
        aspect="auto",
        extent=extent,
        cmap=COLOUR_MAP,
        vmin=scale[0],
        vmax=scale[1],
        interpolation="nearest",
    )
    place = mel_position(spec)
    ticks = [hertz for hertz in HZ_TICKS if spec.f_min <= hertz <= spec.f_max]
    axes.set_yticks([place(hertz) for hertz in ticks], [f"{hertz}" for hertz in ticks])
    axes.set_ylim(-1.5, spec.n_mels + 0.5)
    axes.set_ylabel("Hz")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, steps=[1, 2, 5, 10]))
    return image
