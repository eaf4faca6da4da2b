"""
Prints a paper: `python -m gateway.figures.press < paper.json > paper.pdf`; see paper.py.

A4, the PDF's own fonts, black on white with one accent. They know the letters of Indonesian and of
its neighbours; styled letters become plain, what else they do not know becomes a question mark.
"""

import sys
import unicodedata
from collections.abc import Sequence

import msgspec
from fpdf import FPDF
from fpdf.enums import MethodReturnValue, XPos, YPos

from gateway.figures.paper import Paper, Table, Tile

MARGIN, GAP = 16.0, 5.0
LINE, ROW = 4.6, 6.2
INK, SOFT, RULE, WASH = (22, 33, 31), (80, 96, 92), (221, 227, 225), (238, 244, 243)
ACCENT = (12, 90, 90)
TONES = {"plain": INK, "bad": (161, 31, 27), "warn": (122, 75, 0), "good": (29, 101, 52)}
TILE_HEIGHT = 20.0
TILES_IN_A_LINE = 4
# Lines of a cell; a name that takes more is cut.
MOST_LINES = 3
FONT = "Helvetica"
LETTERS = "windows-1252"


class _Sheet(FPDF):
    """Pages with a foot."""

    def __init__(self, paper: Paper) -> None:
        super().__init__(format="A4")
        self.paper = paper
        self.core_fonts_encoding = LETTERS
        self.set_margins(MARGIN, MARGIN, MARGIN)
        self.set_auto_page_break(auto=True, margin=MARGIN + 6)
        self.set_title(_known(paper.title))
        self.set_lang(paper.language)
        self.set_creator("LAPOR gateway")

    def footer(self) -> None:
        """On each page."""
        self.set_y(-MARGIN)
        self.write_in(8, SOFT)
        foot = self.paper.foot.format(page=self.page_no(), pages="{nb}")
        self.cell(0, LINE, _known(foot), align="L")

    def write_in(self, size: float, colour: tuple[int, int, int], style: str = "") -> None:
        """The letters from here on."""
        self.set_font(FONT, style=style, size=size)
        self.set_text_color(*colour)


def printed(paper: Paper) -> bytes:
    """The report as a PDF."""
    sheet = _Sheet(paper)
    sheet.add_page()
    _head(sheet, paper)
    _tiles(sheet, paper.tiles)
    for table in paper.tables:
        _table(sheet, table)
    return bytes(sheet.output())


def _head(sheet: _Sheet, paper: Paper) -> None:
    sheet.set_fill_color(*ACCENT)
    sheet.rect(0, 0, sheet.w, 3, style="F")
    _line(sheet, paper.office, 9, SOFT)
    _line(sheet, paper.title, 18, INK, "B", 9)
    _line(sheet, paper.subtitle, 10.5, SOFT)
    sheet.ln(GAP)


def _line(  # noqa: PLR0913, PLR0917 (how a line looks)
    sheet: _Sheet,
    text: str,
    size: float,
    colour: tuple[int, int, int],
    style: str = "",
    height: float = LINE,
) -> None:
    sheet.write_in(size, colour, style)
    sheet.cell(0, height, _known(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _tiles(sheet: _Sheet, tiles: Sequence[Tile]) -> None:
    width = (sheet.epw - GAP * (TILES_IN_A_LINE - 1)) / TILES_IN_A_LINE
    for at, tile in enumerate(tiles):
        column = at % TILES_IN_A_LINE
        if at and not column:
            sheet.set_y(sheet.get_y() + TILE_HEIGHT + GAP)
        left, top = MARGIN + column * (width + GAP), sheet.get_y()
        sheet.set_draw_color(*RULE)
        sheet.rect(left, top, width, TILE_HEIGHT, round_corners=True, corner_radius=1.2)
        for offset, text, size, colour, style in (
            (2.2, tile.label, 8.5, SOFT, ""),
            (6.8, tile.value, 17, TONES[tile.tone], "B"),
            (14.4, tile.note, 8, SOFT, ""),
        ):
            sheet.set_xy(left + 2, top + offset)
            sheet.write_in(size, colour, style)
            sheet.cell(width - 4, LINE, _fitting(sheet, text, width - 4))
        sheet.set_xy(MARGIN, top)
    sheet.set_y(sheet.get_y() + TILE_HEIGHT + GAP + 2)


def _table(sheet: _Sheet, table: Table) -> None:
    if sheet.will_page_break(4 * ROW + 10):
        sheet.add_page()
    _line(sheet, table.heading, 12, INK, "B", 7)
    if table.rows:
        widths = [column.width * sheet.epw for column in table.columns]
        _table_head(sheet, table, widths)
        for at, row in enumerate(table.rows):
            _row(sheet, table, row, widths, bold=table.summed and at == len(table.rows) - 1)
    if table.note:
        sheet.ln(1)
        sheet.write_in(8.5, SOFT)
        sheet.multi_cell(0, LINE, _known(table.note), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    sheet.ln(GAP)


def _table_head(sheet: _Sheet, table: Table, widths: Sequence[float]) -> None:
    sheet.write_in(8, SOFT, "B")
    sheet.set_fill_color(*WASH)
    heads = [column.head for column in table.columns]
    lines = [_lines(sheet, head, width) for head, width in zip(heads, widths, strict=True)]
    height = max(map(len, lines)) * 3.8 + 2
    sheet.rect(MARGIN, sheet.get_y(), sheet.epw, height, style="F")
    _cells(sheet, table, lines, widths, height=3.8)
    sheet.set_y(sheet.get_y() + height)


def _row(
    sheet: _Sheet, table: Table, row: Sequence[str], widths: Sequence[float], *, bold: bool
) -> None:
    sheet.write_in(9, INK, "B" if bold else "")
    lines = [_lines(sheet, text, width) for text, width in zip(row, widths, strict=True)]
    height = max(map(len, lines)) * LINE + 1.6
    if sheet.will_page_break(height):
        sheet.add_page()
        _table_head(sheet, table, widths)
        sheet.write_in(9, INK, "B" if bold else "")
    sheet.set_draw_color(*RULE)
    _cells(sheet, table, lines, widths, height=LINE)
    bottom = sheet.get_y() + height
    sheet.line(MARGIN, bottom, MARGIN + sheet.epw, bottom)
    sheet.set_y(bottom)


def _cells(
    sheet: _Sheet,
    table: Table,
    lines: Sequence[Sequence[str]],
    widths: Sequence[float],
    *,
    height: float,
) -> None:
    left, top = MARGIN, sheet.get_y()
    for column, width, parts in zip(table.columns, widths, lines, strict=True):
        for number, part in enumerate(parts):
            sheet.set_xy(left, top + 0.8 + number * height)
            sheet.cell(width, height, part, align="R" if column.number else "L")
        left += width
    sheet.set_xy(MARGIN, top)


def _lines(sheet: _Sheet, text: str, width: float) -> list[str]:
    """The text in lines of this width; the first few."""
    lines = sheet.multi_cell(
        width, LINE, _known(text), dry_run=True, output=MethodReturnValue.LINES
    )
    # They come back as the bytes of the file, each one as a letter.
    spelled = [str(line).encode("latin-1").decode(LETTERS) for line in lines]  # type: ignore[union-attr] # lines were asked for
    return spelled[:MOST_LINES]


def _fitting(sheet: _Sheet, text: str, width: float) -> str:
    known = _known(text)
    while known and sheet.get_string_width(known) > width:
        known = known[:-1]
    return known


def _known(text: str) -> str:
    """The text in letters the fonts have; line breaks and other controls are blanks."""
    plain = "".join(
        " " if unicodedata.category(sign).startswith(("C", "Z")) else sign for sign in text
    )
    if _spelled(plain) is None:
        plain = "".join(
            sign if _spelled(sign) is not None else unicodedata.normalize("NFKC", sign)
            for sign in plain
        )
    return plain.encode(LETTERS, "replace").decode(LETTERS)


def _spelled(text: str) -> bytes | None:
    try:
        return text.encode(LETTERS)
    except UnicodeEncodeError:
        return None


if __name__ == "__main__":
    sys.stdout.buffer.write(printed(msgspec.json.decode(sys.stdin.buffer.read(), type=Paper)))
