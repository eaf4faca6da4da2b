"""
Pictures of numbers, drawn by the server: SVG without script, in the page's colours.

A picture is an address of its own, shown by the macro of templates/picture.html, and says nothing
that the table beside it does not say. It takes the reader's light or dark by itself.
"""

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import ceil, floor, log10
from typing import Any

from aiohttp import web

from gateway.console.pictures_style import FONT, style
from gateway.console.saying import NONE

#: A browser runs nothing in it and loads nothing for it.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
#: A browser that prints or turns chooses between wide and narrow again, and must not wait then.
KEPT = "private, max-age=10"
#: What a telephone shows in its full width; smaller letters nobody reads.
NARROW = 400
#: Of a lying bar, with the space around it.
BAR_HEIGHT = 26
LEGEND_WIDTH = 140
#: Between the labels of an axis.
LABEL_WIDTH = 58
#: Dots are drawn where they do not touch.
MOST_DOTS = 60
TICKS = 4
LETTERS = 13
SIZES = tuple(
    f"{what}_font_size" for what in ("label", "major_label", "legend", "value", "no_data")
)

Series = Mapping[str, Sequence[float | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How large a picture is, in pixels of the page, and how its numbers lie."""

    width: int = 900
    height: int = 250
    #: Series lie on each other: parts of a whole.
    stacked: bool = False
    #: Bars lie, with their labels beside them: for names. The first label is above.
    lying: bool = False
    #: Each bar says its number.
    values: bool = False
    say: Callable[[float], str] = lambda value: f"{value:g}"


UPRIGHT = Shape()


def bars(title: str, labels: Sequence[str], series: Series, shape: Shape = UPRIGHT) -> bytes:
    """Bars of each series over the labels, as an SVG document."""
    pygal = _pygal()
    if not shape.lying:
        kind = pygal.StackedBar if shape.stacked else pygal.Bar
        return _drawn(kind, title, labels, series, shape)
    kind = pygal.HorizontalStackedBar if shape.stacked else pygal.HorizontalBar
    turned = {name: [*values][::-1] for name, values in series.items()}
    tall = replace(shape, height=len(labels) * BAR_HEIGHT + 70)
    return _drawn(kind, title, labels[::-1], turned, tall)


def line(title: str, labels: Sequence[str], series: Series, shape: Shape = UPRIGHT) -> bytes:
    """A line of each series over the labels, as an SVG document; None leaves a gap."""
    return _drawn(_pygal().Line, title, labels, series, shape)


async def picture(
    request: web.Request, draw: Callable[[Shape], bytes], shape: Shape = UPRIGHT
) -> web.Response:
    """Answer with what `draw` makes, beside the event loop; `?narrow=1` asks for a phone's."""
    if "narrow" in request.query:
        shape = replace(shape, width=NARROW)
    body = await asyncio.to_thread(draw, shape)
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": KEPT}
    return web.Response(body=body, content_type="image/svg+xml", headers=headers)


def ticks(most: float) -> list[float]:
    """Round whole numbers from nought to the most or just above it: 0, 5, 10, 15."""
    raw = max(most, TICKS) / TICKS
    size = 10 ** floor(log10(raw))
    step = next(size * by for by in (1, 2, 5, 10) if size * by >= raw)
    return [step * at for at in range(max(1, ceil(most / step)) + 1)]


@cache
def _pygal() -> Any:  # noqa: ANN401 (it has no types)
    """The drawing library, 13 MB, loaded when the first picture is looked at."""
    import pygal  # type: ignore[import-untyped]  # noqa: PLC0415 (see above)

    # It finds plugins in a way Python 3.12 has left behind, and each later import would warn of it.
    sys.meta_path[:] = [
        one for one in sys.meta_path if not isinstance(one, pygal.PluginImportFixer)
    ]
    return pygal


def _drawn(  # noqa: PLR0917 (what both kinds take, and which)
    kind: Callable[..., Any], title: str, labels: Sequence[str], series: Series, shape: Shape
) -> bytes:
    scale = ticks(_most(series, stacked=shape.stacked))
    chart = kind(
        width=shape.width,
        height=shape.height,
        explicit_size=True,
        margin=4,
        margin_right=44 if shape.values else 4,
        style=_pygal().style.Style(font_family=FONT, **dict.fromkeys(SIZES, LETTERS)),
        spacing=8,
        css=[f"inline:{style()}"],
        js=[],  # else a script of a foreign host
        no_prefix=True,
        show_legend=len(series) > 1,
        legend_at_bottom=True,
        legend_at_bottom_columns=max(1, min(len(series), shape.width // LEGEND_WIDTH)),
        legend_box_size=11,
        truncate_legend=-1,
        truncate_label=-1,
        show_dots=len(labels) <= MOST_DOTS,
        dots_size=2.5,
        print_values=shape.values,
        print_values_position="top",
        print_zeroes=False,
        value_formatter=shape.say,
        y_labels=scale,
        range=(0, scale[-1]),
        no_data_text=NONE,
        disable_xml_declaration=True,
    )
    chart.x_labels = list(labels)
    if not shape.lying:
        room = max(1, shape.width // LABEL_WIDTH)
        chart.x_labels_major_every = max(1, ceil(len(labels) / room))
        chart.show_minor_x_labels = False
    for name, values in (series or {"": []}).items():
        chart.add(name, list(values))
    chart.add_xml_filter(lambda root: _cleaned(root, title))
    drawn: str = chart.render()
    return drawn.encode()


def _most(series: Series, *, stacked: bool) -> float:
    columns = zip(*series.values(), strict=True)
    together = sum if stacked else max
    return max((together(value or 0 for value in column) for column in columns), default=0)


def _cleaned(root: Any, title: str) -> Any:  # noqa: ANN401 (an element of whichever etree there is)
    """Without what only a script would need: the drawing and its name stay."""
    del root.attrib["id"]
    for parent in list(root.iter()):
        for part in list(parent):
            kind = part.tag.rpartition("}")[2] if isinstance(part.tag, str) else "comment"
            if kind in {"comment", "script", "desc"} or "tooltip" in part.get("class", "").split():
                parent.remove(part)
    named = next(part for part in root.iter() if str(part.tag).endswith("title"))
    named.text = title
    return root
