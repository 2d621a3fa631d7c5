"""Tables and pictures of fits with a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import steepest as sd
from steepest.base.errors import ModelError
from steepest.views.pictures.network_picture import plot_network
from steepest.views.tables.network_table import confusion_rows, percent, quality_rows
from steepest.views.tables.table import facts, parameter_rows, summary_html, summary_text
from views.judged import judge

DRAWS = np.random.default_rng(4)
ROWS = 240
X, Z = DRAWS.standard_normal((2, ROWS))


def fitted(formula: str, target: Any = None, **options: Any) -> Any:
    data = {"x": X, "z": Z, "place": np.where(Z > 0, "here", "there"), "y": X + 0.1 * Z if target is None else target}
    return sd.fit(formula, data, **{"epochs": 3, **options})


def labels(count: int, name: str = "class number {}") -> Any:
    return np.array([name.format(k) for k in np.arange(ROWS) % count])


# ---- tables
def test_the_table_of_classes_counts_what_the_fit_counts() -> None:
    fit = fitted("y ~ mlp(x, z, 4)", np.where(X > 0, "plus", "minus"))
    title, (head, rows) = confusion_rows(fit)
    assert title == "36 rows held out: true class by row, predicted class by column"
    assert head == ("", "minus", "plus", "right")
    counts = [[int(cell.replace("·", "0")) for cell in row[1:-1]] for row in rows]
    assert counts == fit.confusion.tolist()
    assert rows[0][-1] == percent(fit.confusion[0, 0] / fit.confusion[0].sum())
    text = summary_text(fit)
    for line in (
        "accuracy",
        "always class",
        "loss (cross_entropy)",
        "36 rows held out",
        "mlp      2-4-2, ReLU",
        "weights  22",
    ):
        assert line in text
    assert max(map(len, text.splitlines())) <= 80
    assert "<td>plus</td>" in summary_html(fit)
    assert quality_rows(fit)[1][0] == ("rows", "204", "36")


@pytest.mark.parametrize("count", [2, 3, 9, 15, 40])
@pytest.mark.parametrize("name", ["{}", "a class with a very long name indeed, number {}"])
def test_any_number_of_classes_fits_the_page(count: int, name: str) -> None:
    fit = fitted("category(y) ~ mlp(x, 2)", labels(count, name))
    text = summary_text(fit)
    assert max(map(len, text.splitlines())) <= 80
    _, (head, rows) = confusion_rows(fit)
    if head[-1] == "right":
        assert len(rows) == count
    else:
        assert head == ("true class", "predicted", "rows", "")
        assert len(rows) <= 10
        assert int(rows[0][2]) == (fit.confusion - np.diag(np.diag(fit.confusion))).max()


def test_numbers_and_laws_have_their_tables() -> None:
    fit = fitted("y ~ a*z + mlp(x, 4)")
    assert parameter_rows(fit)[0] == ("parameter", "value")
    assert [row[0] for row in parameter_rows(fit)[1]] == ["a"]
    assert dict(facts(fit))["rows"] == "240"
    text = summary_text(fit)
    assert "No standard errors" in text
    assert "RMSE" in text
    assert fit._repr_html_().count("<table>") == 3
    small = fitted("y ~ mlp(x, 4)", validation=0.0)
    assert quality_rows(small)[0] == ("", "training")
    assert parameter_rows(small)[1] == []
    assert "dropped" not in summary_text(small)


# ---- pictures
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("formula", "target", "across"),
    [
        ("y ~ mlp(x, z, 4)", labels(3), "predicted class"),
        ("y ~ mlp(x, z, 4)", labels(10, "{}x"), "predicted class"),
        ("y ~ mlp(x, 4)", None, "x"),
        ("y ~ mlp(x, z, 4)", None, "predicted y"),
        ("y ~ mlp(place, 4)", None, "predicted y"),
        ("y ~ a*z + mlp(place, 4)", None, "predicted y"),
        ("y ~ mlp(place, 4)", np.full(ROWS, 3.5), "predicted y"),
    ],
)
def test_pictures_can_be_read(formula: str, target: Any, across: str, theme: str) -> None:
    fit = fitted(formula, target)
    picture = fit.plot(theme=theme)
    assert picture.axes[0].get_xlabel() == across
    assert picture.axes[1].get_xlabel() == "epoch"
    assert not judge(picture)


def test_what_the_picture_shows() -> None:
    fit = fitted("y ~ mlp(x, z, 4)", labels(3), epochs=12, patience=3)
    picture = plot_network(fit)
    assert picture.axes[0].get_title() == f"36 rows held out, {percent(fit.accuracy)} right"
    held = next(line for line in picture.axes[1].lines if line.get_label() == "held out")
    np.testing.assert_allclose(held.get_ydata(), fit.validation_hook.column("loss"))
    numbers = fitted("y ~ mlp(x, 4)")
    curve = numbers.plot().axes[1]
    held = next(line for line in curve.lines if line.get_label() == "held out")
    assert held.get_ydata()[-1] == pytest.approx(
        np.sqrt(np.mean(numbers.residuals[numbers.held_rows] ** 2)), rel=1e-6
    ) or numbers.validation_hook.best["epoch"] < 3  # fmt: skip
    assert curve.get_ylabel() == "RMSE of y"


def test_other_pictures_of_a_network(tmp_path: Path) -> None:
    numbers, classes = fitted("y ~ mlp(x, 4)"), fitted("y ~ mlp(x, z, 4)", labels(3))
    assert dir(numbers.plot) == ["confusion", "layers", "loss", "network", "residuals", "topology"]
    for name in ("loss", "residuals", "topology"):
        assert getattr(numbers.plot, name)(tmp_path / f"{name}.png").axes
    assert classes.plot.confusion().axes[0].get_title().startswith("36 held-out rows")
    assert [text.get_text() for text in classes.plot.confusion().axes[0].get_yticklabels()] == list(classes.classes)
    with pytest.raises(ModelError, match="confusion"):
        classes.plot.residuals()
    with pytest.raises(AttributeError, match="picture of a NetworkFit"):
        numbers.plot.predictions()
