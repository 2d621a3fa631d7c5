"""The graph of a loss as a table for the terminal."""

from __future__ import annotations

from steepest.inspection.blocks import DATA, LAYER, PARAMETER, Arrow, Block, LossGraph
from steepest.views.tables.words import one_line

_MOST_LINES = 150
_MARKS = {PARAMETER: "■", DATA: "○", LAYER: "▣"}
_WIDEST = 48  # characters of what made a block
_MOST_ARROWS = 4


def graph_text(graph: LossGraph) -> str:
    """One line a block: name, what made it, value forward, partial derivative backward, local derivatives of the arrows into it.

    Examples
    --------
    >>> import steepest as sd
    >>> print(graph_text(sd.graph("-log(sigmoid(w*x))", at={"w": 0.5, "x": 2})))
    -log(sigmoid(w*x)) = 0.3133
    <BLANKLINE>
             block             value   dL/d(block)   local derivative from
      ■ w    parameter           0.5       -0.5379
      ■ x    parameter             2       -0.1345
        v1   w * x                 1       -0.2689   w ×2, x ×0.5
        v2   sigmoid(v1)      0.7311        -1.368   v1 ×0.1966
        v3   log(v2)         -0.3133            -1   v2 ×1.368
        L    -v3              0.3133             1   v3 ×-1
    """
    loss = graph.loss
    into: dict[int, list[Arrow]] = {}
    for arrow in graph.arrows:
        into.setdefault(arrow.target, []).append(arrow)
    head = ("", "", "block", "value", f"d{loss.name}/d(block)", "local derivative from")
    rows = [_row(graph, k, block, into.get(k, [])) for k, block in enumerate(graph.blocks)]
    left_out = len(rows) - _MOST_LINES
    if left_out > 0:
        half = _MOST_LINES // 2
        rows = [*rows[:half], ("…", "", f"{left_out:,} more, in .blocks", "", "", ""), *rows[-half:]]
    widths = [max(len(row[c]) for row in (head, *rows)) for c in range(6)]
    lines = [_line(row, widths) for row in (head, *rows)]
    return "\n".join([f"{one_line(graph.title, 100)} = {loss.value}", "", *lines])


def _row(graph: LossGraph, k: int, block: Block, arrows: list[Arrow]) -> tuple[str, ...]:
    shown = [f"{graph.blocks[a.source].name} {a.label}" for a in arrows if a.label]
    if len(shown) > _MOST_ARROWS:
        shown = [*shown[: _MOST_ARROWS - 1], f"… {len(shown) - _MOST_ARROWS + 1} more"]
    gradient = "" if block.gradient is None else str(block.gradient)
    made_by = one_line(block.made_by, _WIDEST) or block.kind
    return (_MARKS.get(block.kind, ""), one_line(block.name, 32), made_by, str(block.value), gradient, ", ".join(shown))


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    mark, name, made_by, value, gradient, arrows = (
        cell.rjust(width) if c in (3, 4) else cell.ljust(width) for c, (cell, width) in enumerate(zip(row, widths))
    )
    return f"  {mark} {name}   {made_by}   {value}   {gradient}   {arrows}".rstrip()
