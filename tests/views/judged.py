"""What every picture must keep to: nothing cut off, titles clear of panels, texts large enough."""

from __future__ import annotations

from typing import Any

from matplotlib.text import Text

SMALLEST = 6.0  # points, of text that is there to be read


def judge(picture: Any) -> None:
    """Assert that everything lies within the paper, that titles do not lie on panels, and that texts can be read."""
    picture.canvas.draw()
    box = picture.get_tightbbox()
    width, height = picture.get_size_inches()
    edge = 0.01  # inches
    assert min(box.x0, box.y0) >= -edge, box
    assert box.x1 <= width + edge, (box, width)
    assert box.y1 <= height + edge, (box, height)
    for title in picture.texts:
        assert all(not title.get_window_extent().overlaps(axes.bbox) for axes in picture.axes), title
    for axes in picture.axes:
        if axes.get_visible() and axes.axison and axes.get_label() != "<colorbar>":
            assert axes.bbox.width > 30, "no room is left for a panel"
            assert axes.bbox.height > 30, "no room is left for a panel"
    for text in picture.findobj(Text):
        if text.get_visible() and text.get_text().strip():
            assert text.get_fontsize() >= SMALLEST, (text.get_text(), text.get_fontsize())


def legend_of(axes: Any) -> list[str]:
    legend = axes.get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]


def line(axes: Any, label: str) -> Any:
    """The line whose label begins so."""
    return next(each for each in axes.get_lines() if str(each.get_label()).startswith(label))
