"""The topology of networks: circles, lines, blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_hex

import steepest as sd
from steepest.views.pictures.network_shape import columns_of
from steepest.views.pictures.topology_picture import plot_topology
from steepest.views.style import LIGHT
from views.judged import judge


def texts(picture: Any) -> list[str]:
    return [text.get_text() for text in picture.axes[0].texts]


def circles(picture: Any) -> list[int]:
    return [len(each.get_offsets()) for each in picture.axes[0].collections if isinstance(each, PathCollection)]


def lines(picture: Any) -> list[LineCollection]:
    return [
        each for each in picture.axes[0].collections if isinstance(each, LineCollection) and len(each.get_segments())
    ]


def test_four_inputs_to_two_classes() -> None:
    picture = plot_topology(sd.MLP(4, [8], 2), inputs=["a", "b", "c", "d"], outputs=["yes", "no"])
    assert circles(picture) == [4, 8, 2]
    assert [len(each.get_segments()) for each in lines(picture)] == [32, 16]
    assert set(texts(picture)) == {"4 inputs", "8\nReLU", "2 outputs", "a", "b", "c", "d", "yes", "no"}
    assert picture.get_suptitle() == "MLP: 4 → 8 → 2, 58 parameters"
    judge(picture)


def test_weights_are_widths_and_signs_are_colours_and_dashes() -> None:
    weights = np.array([[4.0, -2.0], [0.0, 1.0], [-4.0, 2.0]])
    picture = plot_topology(sd.Linear(2, 3), params={"weight": weights, "bias": np.zeros(3)})
    positive, negative = lines(picture)
    assert to_hex(positive.get_colors()[0]) == LIGHT.data
    assert to_hex(negative.get_colors()[0]) == LIGHT.fit
    assert positive.get_linestyles()[0][1] is None
    assert negative.get_linestyles()[0][1] is not None
    # Input 0 reaches outputs 0, 1, 2 with 4, 0, -4; input 1 with -2, 1, 2.
    widths = np.array(positive.get_linewidths()) - min(positive.get_linewidths())
    np.testing.assert_allclose(widths / widths.max(), [1, 0, 0.25, 0.5])
    assert [text.get_text() for text in picture.axes[0].get_legend().get_texts()] == [
        "positive weight",
        "negative weight",
    ]


def test_a_run_shows_its_own_weights() -> None:
    x = np.random.default_rng(0).normal(size=(20, 3))
    net = sd.MLP(3, [4], 1, "tanh")
    params, state = net.init(0)
    run = sd.Run(sd.Problem(net, params, x, x[:, :1], state=state), sd.Descent(learning_rate=0.1), steps=3).finish()
    counted = sum(len(each.get_segments()) for each in lines(run.plot.topology()))
    assert counted == 16
    positive = sum(int((run.params[name] >= 0).sum()) for name in ("0.weight", "2.weight"))
    first, *_ = lines(run.plot.topology())
    assert len(first.get_segments()) + len(lines(run.plot.topology())[2].get_segments()) == positive


def test_large_layers_and_deep_networks_are_shortened() -> None:
    picture = plot_topology(sd.MLP(784, [128], 10))
    assert circles(picture) == [8, 8, 8]
    assert texts(picture).count("⋮") == 3
    assert "784 inputs" in texts(picture)
    assert circles(plot_topology(sd.MLP(784, [128], 10), most=20)) == [19, 19, 10]
    deep = plot_topology(sd.MLP(3, [6] * 20, 1))
    assert "…\n14 more\nlayers" in texts(deep)
    assert deep.get_size_inches()[0] <= 9
    judge(deep)


def test_layers_of_other_kinds_are_blocks() -> None:
    net = sd.Sequential(
        sd.Flatten(), sd.Linear(20, 10), sd.BatchNorm(10), sd.ReLU(), sd.GRU(10, 3), sd.Dropout(0.2), sd.Linear(3, 1)
    )
    picture = plot_topology(net)
    assert {"GRU\n10 → 3\nover time", "20 inputs\nFlatten", "10\nBatchNorm\nReLU", "Dropout(0.2)", "1 output"} <= set(
        texts(picture)
    )
    assert circles(picture) == [8, 8, 1]
    judge(picture)


def test_a_module_of_ones_own_is_a_block() -> None:
    class Twice(sd.Module):
        def apply(self, params: Any, state: Any, x: Any, key: Any, training: bool) -> Any:
            return 2 * x, state

    picture = plot_topology(sd.Sequential(sd.Linear(2, 3), Twice()))
    assert "Twice" in texts(picture)
    judge(plot_topology(Twice()))


def test_nested_networks_unfold() -> None:
    net = sd.Sequential(sd.Sequential(sd.Linear(2, 3), sd.Tanh()), sd.Linear(3, 1))
    columns = columns_of(net, net.init(0)[0])
    assert [(column.units, column.below) for column in columns] == [(2, []), (3, ["Tanh"]), (1, [])]


def test_numbers_that_are_not_finite_are_shown_as_such() -> None:
    weights = np.array([[np.nan, 1.0]])
    picture = plot_topology(sd.Linear(2, 1, bias=False), params={"weight": weights})
    assert [to_hex(each.get_colors()[0]) for each in lines(picture)] == [LIGHT.data, LIGHT.warning]
    assert picture.axes[0].get_legend().get_texts()[-1].get_text() == "not finite"


def test_refusals() -> None:
    with pytest.raises(sd.SteepestError, match="there are 4 inputs, and 3 names for them"):
        plot_topology(sd.MLP(4, [8], 2), inputs=["a", "b", "c"])
    with pytest.raises(sd.SteepestError, match="a topology is drawn of a network"):
        plot_topology(3)
    with pytest.raises(sd.SteepestError, match=r"of another network: this one needs '0\.weight' of shape"):
        plot_topology(sd.MLP(4, [8], 2), params=sd.MLP(4, [7], 2).init(0)[0])
    with pytest.raises(sd.SteepestError, match="no network"):
        sd.minimize(lambda x: x**2, 1.0).plot.topology()
    with pytest.raises(sd.SteepestError, match="most must be a whole number, at least 3"):
        plot_topology(sd.MLP(4, [8], 2), most=2)
