"""What pictures look like: the page's colours by day and by night, apart by more than colour."""

#: No font is fetched: each system has one of these.
FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif'
#: Series one to six; each is three times as light or dark as the card it lies on.
LIGHT = ("#0c5a5a", "#c2571a", "#5465b0", "#7d7a12", "#a5447b", "#6f7f7a")
DARK = ("#6accc1", "#f0a36c", "#a4b3f2", "#d3cf6c", "#e79cc4", "#9fafab")

_SERIES = """
.color-{at} rect, .color-{at} .dot, rect.color-{at} {{ fill: {colour}; stroke: {card}; }}
.color-{at} path.line {{ stroke: {colour}; }}
"""
_GROUND = """
text {{ fill: {soft}; }}
.guide.line {{ stroke: {line}; }}
.axis > .line, .axis .always_show .line, .axis .axis.line {{ stroke: {edge}; }}
"""
_FORM = """
text { stroke: none; font-variant-numeric: tabular-nums; }
.background { fill: none; }
.axis .line { fill: none; stroke-width: 1; }
.vertical .axis.x .guide.line, .horizontal .axis.y .guide.line { opacity: 0; }
.axis .always_show .line { opacity: 1 !important; }
.axis.x text, .centered, .no_data { text-anchor: middle; }
.axis.y text { text-anchor: end; }
.horizontal .series text { text-anchor: start; transform: translateX(5px); }
.legend text { text-anchor: start; }
.reactive { stroke-width: 1; }
path.line { fill: none; stroke-width: 2.5; stroke-linejoin: round; stroke-linecap: round; }
.color-1 path.line { stroke-dasharray: 8 4; }
.color-2 path.line { stroke-dasharray: 2 5; }
.color-3 path.line { stroke-dasharray: 12 4 2 4; }
.dot { stroke-width: 1; }
"""


def style() -> str:
    """The stylesheet of every picture."""
    day = _colours(LIGHT, card="#ffffff", soft="#50605c", line="#dde3e1", edge="#6f7f7a")
    night = _colours(DARK, card="#151e1d", soft="#a5b4b0", line="#283634", edge="#7c8c88")
    return f"{_FORM}{day}@media (prefers-color-scheme: dark) {{{night}}}"


def _colours(series: tuple[str, ...], **ground: str) -> str:
    # A seventh series begins the colours again; its name is in the legend and in the table.
    colours = (
        _SERIES.format(at=at, colour=series[at % len(series)], card=ground["card"])
        for at in range(2 * len(series))
    )
    return _GROUND.format(**ground) + "".join(colours)
