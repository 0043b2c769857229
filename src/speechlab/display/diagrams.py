"""Diagrams of models: boxes for what is computed, arrows with the shapes of what flows between them."""

from collections.abc import Collection, Mapping, Sequence

from matplotlib.patches import FancyBboxPatch

from speechlab.display.figures import COLOURS, INK, Plot

BOX_WIDTH, BOX_HEIGHT = 0.6, 0.5  # of a column and of a row
INCHES_A_ROW = 0.85
FILL, INK_ON_FILL = "#cfe0f0", "#202020"  # opaque, so that the text is readable on dark pages too


def show_diagram(
    boxes: Mapping[str, tuple[float, float]], arrows: Sequence[tuple[str, str, str]], learned: Collection[str] = ()
) -> Plot:
    """Draw a model from left to right.

    Args:
        boxes: what stands in a box to its place, (column, row); rows count from the top.
        arrows: (from, to, shape of what flows).
        learned: the boxes that have weights; they are filled.
    """
    columns, rows = (1 + max(place[axis] for place in boxes.values()) for axis in (0, 1))
    plot = Plot(9, INCHES_A_ROW * rows)
    axes = plot.subplots()
    for text, (column, row) in boxes.items():
        draw_box(axes, text, column, -row, filled=text in learned)
    for start, end, shape in arrows:
        (left, upper), (right, lower) = boxes[start], boxes[end]
        turn = BOX_HEIGHT / 4 * ((lower > upper) - (lower < upper))  # slanted arrows end away from straight ones
        tail, head = (left + BOX_WIDTH / 2, -upper), (right - BOX_WIDTH / 2, turn - lower)
        axes.annotate("", head, tail, arrowprops={"arrowstyle": "->", "color": INK, "shrinkA": 1, "shrinkB": 1})
        if upper == lower:
            place, align = ((tail[0] + head[0]) / 2, tail[1] + 0.05), ("center", "bottom")
        else:  # beside the beginning of a slanted arrow, on the side from which it turns away
            up = lower < upper
            place, align = (tail[0] + 0.04, tail[1] + (-0.05 if up else 0.05)), ("left", "top" if up else "bottom")
        axes.text(*place, shape, ha=align[0], va=align[1], fontsize=7.5, color=INK)
    axes.set_xlim(-0.4, columns - 0.6)
    axes.set_ylim(0.45 - rows, 0.55)
    axes.axis("off")
    return plot


def draw_box(axes, text: str, column: float, height: float, filled: bool) -> None:
    """Draw one box around a place, with its text inside."""
    corner = (column - BOX_WIDTH / 2, height - BOX_HEIGHT / 2)
    box = FancyBboxPatch(corner, BOX_WIDTH, BOX_HEIGHT, boxstyle="round,pad=0,rounding_size=0.06", linewidth=1.2,
                         edgecolor=COLOURS[0], facecolor=FILL if filled else "none")  # fmt: skip
    axes.add_patch(box)
    axes.text(column, height, text, ha="center", va="center", fontsize=8, color=INK_ON_FILL if filled else INK)
