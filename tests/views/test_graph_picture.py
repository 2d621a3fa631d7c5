"""Pictures of graphs: no arrow through a block, no text over another or cut off."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.transforms import Bbox

import steepest as sd
from steepest.base.errors import ModelError, SteepestError
from steepest.views.graphs.graph_layout import laid_out
from steepest.views.graphs.graph_picture import MOST_BLOCKS, plot_graph
from views.graph_cases import CASES


def dense(points: np.ndarray) -> np.ndarray:
    pieces = [np.linspace(a, b, 40) for a, b in itertools.pairwise(points)]
    return np.concatenate(pieces)


def overlap(a: Bbox, b: Bbox, slack: float = 0.3) -> bool:
    return bool(min(a.x1, b.x1) - max(a.x0, b.x0) > slack and min(a.y1, b.y1) - max(a.y0, b.y0) > slack)


def within(a: Bbox, b: Bbox) -> bool:
    return bool(b.x0 <= a.x0 and a.x1 <= b.x1 and b.y0 <= a.y0 and a.y1 <= b.y1)


@pytest.mark.parametrize("name", CASES)
def test_nothing_overlaps_and_nothing_is_cut(name):
    graph = CASES[name]()
    picture = plot_graph(graph)
    axes = picture.axes[0]
    picture.set_dpi(72)
    picture.draw_without_rendering()
    back = axes.transData.inverted()

    def page(box: Bbox) -> Bbox:
        (x0, y0), (x1, y1) = back.transform(box.get_points())
        return Bbox([[min(x0, x1), min(y0, y1)], [max(x0, x1), max(y0, y1)]])

    texts = [(t, page(t.get_window_extent())) for t in axes.texts]
    whole = page(axes.bbox)
    for text, box in texts:
        assert within(box, whole), f"cut: {text.get_text()}"
    # One name may stand twice at one place: where two arrows of one block leave a band together.
    for (a, box_a), (b, box_b) in itertools.combinations(texts, 2):
        same = a.get_text() == b.get_text() and a.get_position() == b.get_position()
        assert same or not overlap(box_a, box_b), f"{a.get_text()} over {b.get_text()}"
    frames = [p for p in axes.patches if isinstance(p, FancyBboxPatch) and p.get_facecolor()[3] > 0]
    boxes = [Bbox.from_bounds(p.get_x(), p.get_y(), p.get_width(), p.get_height()) for p in frames]
    blocks = boxes[: len(graph.blocks)]
    for a, b in itertools.combinations(boxes, 2):
        assert not overlap(a, b)
    inside = [box for _, box in texts if any(overlap(box, frame) for frame in blocks)]
    for box in inside:
        assert any(within(box, frame) for frame in blocks)
    wires = [
        dense(np.array(p.get_path().to_polygons(closed_only=False)[0])) for p in axes.patches if type(p) is PathPatch
    ]
    assert len(wires) >= len(graph.arrows)
    for wire in wires:
        for box in blocks:
            hit = (
                (wire[:, 0] > box.x0 + 0.1)
                & (wire[:, 0] < box.x1 - 0.1)
                & (wire[:, 1] > box.y0)
                & (wire[:, 1] < box.y1)
            )
            assert not hit.any()
        for text, box in texts:
            hit = (wire[:, 0] > box.x0) & (wire[:, 0] < box.x1) & (wire[:, 1] > box.y0 + 1) & (wire[:, 1] < box.y1 - 1)
            assert not hit.any(), f"an arrow through {text.get_text()}"


@pytest.mark.parametrize("seed", range(40))
def test_layout_of_random_graphs(seed):
    random = np.random.default_rng(seed)
    n = int(random.integers(2, 60))
    arrows = sorted(
        {(int(random.integers(max(0, t - 12), t)), t) for t in range(1, n) for _ in range(random.integers(1, 4))}
    )
    used = sorted({q for arrow in arrows for q in arrow})
    arrows = [(used.index(a), used.index(b)) for a, b in arrows] + [
        (used.index(a), len(used) - 1)
        for a in used[:-1]
        if not any(s == a for s, _ in arrows)
    ]  # fmt: skip
    sizes = [(float(random.uniform(40, 160)), float(random.uniform(30, 70))) for _ in used]
    layout = laid_out(sizes, arrows, [float(random.uniform(0, 60)) for _ in arrows], [30.0] * len(used), 700.0)
    assert laid_out(sizes, arrows, [0.0] * len(arrows), [30.0] * len(used), 700.0).height > 0
    frames = [Bbox.from_bounds(b.x, b.y, b.width, b.height) for b in layout.boxes]
    page = Bbox([[-1e-9, -1e-9], [layout.width + 1e-9, layout.height + 1e-9]])
    for box, frame, (width, height) in zip(layout.boxes, frames, sizes):
        assert box.width >= width - 1e-9
        assert box.height >= height - 1e-9
        assert within(frame, page)
    for a, b in itertools.combinations(frames, 2):
        assert not overlap(a, b, 1.0)
    ends = []
    for (source, target), wire in zip(arrows, layout.wires):
        start, end = layout.boxes[source], layout.boxes[target]
        assert wire.pieces[0][0] == pytest.approx((start.x + start.width, start.y + start.height / 2))
        x, y = wire.pieces[-1][-1]
        assert x == pytest.approx(end.x)
        assert end.y < y < end.y + end.height
        ends.append((target, y))
        for piece in wire.pieces:
            for (x0, y0), (x1, y1) in itertools.pairwise(piece):
                assert x1 >= x0 - 1e-9
                for frame in frames:
                    between = min(y0, y1) < frame.y1 - 0.1 and max(y0, y1) > frame.y0 + 0.1
                    assert not (between and x0 < frame.x1 - 0.1 and x1 > frame.x0 + 0.1)
    assert len(set(ends)) == len(ends), "each arrow has a place of its own"


def test_the_same_graph_gives_the_same_file(tmp_path: Path):
    for kind in ("svg", "png"):
        paths = [tmp_path / f"{i}.{kind}" for i in (1, 2)]
        for path in paths:
            CASES["blocks"]().plot(path)
        assert paths[0].read_bytes() == paths[1].read_bytes()


def test_files_themes_and_notebooks(tmp_path: Path):
    graph = CASES["blocks"]()
    for kind, start in (("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")):
        graph.plot(tmp_path / f"loss.{kind}", theme="dark")
        assert (tmp_path / f"loss.{kind}").read_bytes().startswith(start)
    assert "<svg" in graph._repr_html_()
    assert graph.plot()._repr_png_().startswith(b"\x89PNG")
    with pytest.raises(SteepestError, match=r"End its name in"):
        graph.plot(tmp_path / "loss.gif")
    with pytest.raises(SteepestError, match="theme"):
        graph.plot(theme="sepia")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["loss.pdf", "loss.png", "loss.svg"]


def sines(count: int) -> Any:
    y = sd.tensor(0.5, requires_grad=True)
    for _ in range(count):
        y = np.sin(y)
    return sd.graph(y)


def test_too_many_blocks_are_told_and_the_most_are_drawn(tmp_path: Path):
    with pytest.raises(ModelError, match=f"{MOST_BLOCKS + 1} blocks"):
        sines(MOST_BLOCKS).plot(tmp_path / "no.png")
    assert not list(tmp_path.iterdir())
    picture = sines(MOST_BLOCKS - 1).plot()
    assert picture.get_figwidth() < 20
    net = sd.MLP(3, [4] * 60, 1)
    params, state = net.init(0)
    problem = sd.Problem(net, params, np.ones((2, 3)), np.ones((2, 1)), state=state)
    with pytest.raises(ModelError, match="unfold="):
        sd.graph(problem, unfold="all").plot()


def test_a_graph_as_text_needs_no_drawing():
    code = "import steepest as sd; print(sd.graph('w*x', {'w': 1, 'x': 2}))"
    code += "\nimport sys; assert not {'matplotlib', 'fast_sugiyama', 'scipy'} & {m.split('.')[0] for m in sys.modules}"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_text_is_aligned_and_whole():
    for make in CASES.values():
        graph = make()
        lines = str(graph).splitlines()
        assert len(lines) == len(graph.blocks) + 3
        column = lines[2].index("block")
        for line, block in zip(lines[3:], graph.blocks):
            assert line[column - 1] == " "
            assert line[column] != " "
            assert len(line) < 260, block.name
