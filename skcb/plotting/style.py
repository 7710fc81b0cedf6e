"""How every picture looks: colours, markers, widths and sizes of letters, each said here once.

A colour here can be text on white (contrast of 4.5 or more), so it can be a line or a mark, too (3 or more). Those
of `SERIES` keep apart for readers who cannot tell red from green, or blue from green; markers tell them apart in
grey. `tests/test_plotting.py` measures all of this.
"""

from typing import Any

import numpy as np

#: Text and axes; notes and baselines; lines that only guide the eye, which need not be seen.
INK, MUTED, RULE = "#1a1a1a", "#5f5f5f", "#d9d9d9"
BLUE, VERMILION, GREEN, PURPLE = "#006bdc", "#c24400", "#0e6546", "#a0588f"
#: Colour and marker of things beside each other, in this order.
SERIES = ((INK, "X"), (BLUE, "o"), (VERMILION, "s"), (GREEN, "D"), (PURPLE, "^"))
#: Colour, marker and name of a family of strategies.
FAMILIES = {
    "none": (*SERIES[0], "no strategy"),
    "weights": (*SERIES[1], "weights"),
    "resampling": (*SERIES[2], "resampling"),
    "decisions": (*SERIES[3], "moved decisions"),
    "other": (*SERIES[4], "other"),
}
#: Groups of classes by their training samples, as in skcb.shot_accuracy: colour, marker, meaning.
SHOTS = {
    "many": (BLUE, "^", "more than 100 training samples"),
    "medium": (PURPLE, "s", "20 to 100"),
    "few": (VERMILION, "D", "fewer than 20"),
}

SMALL, NORMAL, LARGE = 10, 11.5, 13
LINE, MARK = 2.0, 7.0
#: What a script or a notebook takes over: ``plt.rcParams.update(style.RC)``.
RC: dict[str, Any] = {
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.h_pad": 0.08,
    "figure.constrained_layout.w_pad": 0.08,
    "savefig.dpi": 150,
    "font.size": NORMAL,
    "axes.titlesize": LARGE,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": NORMAL,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.7,
    "figure.titlesize": LARGE + 1,
    "figure.titleweight": "bold",
    "legend.frameon": False,
    "legend.fontsize": NORMAL,
    "lines.linewidth": LINE,
    "lines.markersize": MARK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": SMALL + 0.5,
    "ytick.labelsize": SMALL + 0.5,
}


def in_order(number: int) -> list[str]:
    """Colours for a sequence, such as several beta, from dark to light: their order is seen in grey too."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    # Lighter than .62 of this map is too faint on white.
    return [to_hex(colormaps["inferno"](position)) for position in np.linspace(0.08, 0.62, number)]


def tint(color: str, share: float) -> str:
    """A paler colour for an area: this share of the colour, the rest white."""
    from matplotlib.colors import to_hex, to_rgb

    red, green, blue = (1 - share * (1 - channel) for channel in to_rgb(color))
    return to_hex((red, green, blue))
