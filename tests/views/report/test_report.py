"""The report: everything that it should say, and nothing that a user's text could do."""

from __future__ import annotations

import base64
import csv
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import steepest as sd
import steepest.views.report.data_part
from steepest.views.report.answer_part import fit_answer
from steepest.views.report.data_part import data_part
from steepest.views.report.report import model_part, page

DATA = Path(__file__).parents[3] / "examples" / "data" / "misra1a.csv"
MISRA = "volume ~ a*(1 - exp(-b*pressure))"
VOID = {"meta", "img", "source", "br", "input", "link"}


class Seen(HTMLParser):
    """Tags with their attributes, text, and whether every element is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, Any]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.text += data.replace("\xa0", " ")

    def all(self, tag: str) -> list[dict[str, Any]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def misra() -> tuple[sd.Fit, str]:
    fit = sd.fit(MISRA, DATA)
    return fit, page(fit, data=DATA, command=f"steepest fit misra1a.csv '{MISRA}' --report")


def test_it_holds_what_was_found(misra: tuple[sd.Fit, str]) -> None:
    fit, text = misra
    seen = Seen(text)
    for said in ("238.9", "0.000550", fit.outcome.message[1:], "14 rows", "pressure", "77.6", "R²", *fit.remarks):
        assert said in seen.text, said
    assert [attributes["id"] for attributes in seen.all("section")] == [
        "answer", "model", "pictures", "motion", "data", "history", "record",
    ]  # fmt: skip
    assert hashlib.sha256(DATA.read_bytes()).hexdigest() in seen.text
    assert f"steepest fit misra1a.csv '{MISRA}' --report" in seen.text
    assert sd.__version__ in seen.text


def test_it_asks_nothing_of_a_network(misra: tuple[sd.Fit, str]) -> None:
    seen = Seen(misra[1])
    for tag, attributes in seen.tags:
        for name in ("src", "href", "srcset"):
            if name in attributes:
                assert attributes[name].startswith(("data:", "#")), (tag, attributes[name][:80])
    assert not seen.all("link")
    assert all("src" not in attributes for attributes in seen.all("script"))
    assert "default-src 'none'" in misra[1]
    assert len(misra[1]) < 1_000_000


def test_it_is_accessible_in_its_structure(misra: tuple[sd.Fit, str]) -> None:
    seen = Seen(misra[1])
    assert len(seen.all("h1")) == 1
    ids = [attributes["id"] for _, attributes in seen.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert all(attributes["alt"] for attributes in seen.all("img"))
    assert all(attributes["title"] for attributes in seen.all("iframe"))
    assert {attributes["href"][1:] for attributes in seen.all("a") if attributes["href"].startswith("#")} <= set(ids)
    assert seen.all("html")[0]["lang"] == "en"
    assert all("scope" in attributes for attributes in seen.all("th"))


def test_the_history_can_be_downloaded(misra: tuple[sd.Fit, str]) -> None:
    fit, text = misra
    (link,) = (each for each in Seen(text).all("a") if "download" in each)
    rows = list(csv.DictReader(base64.b64decode(link["href"].partition("base64,")[2]).decode().splitlines()))
    assert [float(row["loss"]) for row in rows] == fit.history["loss"].tolist()


def test_a_users_text_stays_text() -> None:
    nasty = "<script>alert(1)</script>"
    other = "'\"><img src=x onerror=alert(2)>&lt;"
    x = np.linspace(1, 5, 30)
    data = sd.Table({nasty: x, other: 2 * x + np.cos(9 * x), "words": np.array(["</td><script>boo()</script>"] * 30)})
    fit = sd.fit(f"`{other}` ~ a + b*`{nasty}`", data)
    text = page(fit, data=data, command="steepest fit '<script>boo()</script>'")
    seen = Seen(text)
    assert nasty in seen.text
    assert other in seen.text
    assert len(seen.all("script")) == 1  # the page's own
    assert not any("onerror" in attributes for _, attributes in seen.tags)
    inner = Seen(seen.all("iframe")[0]["srcdoc"]) if seen.all("iframe") else None
    assert inner is None or len(inner.all("script")) == 2  # the animation's data and its own


def test_a_fit_that_failed_says_so_first() -> None:
    x = np.linspace(1, 5, 30)
    fit = sd.fit("y ~ a + b*x", {"x": x, "y": x}, method="gradient_descent", learning_rate=5.0)
    assert not fit.outcome.ok
    seen = Seen(page(fit, animation=False))
    assert "outcome bad" in [attributes.get("class") for attributes in seen.all("p")]
    assert "There are no standard errors" in seen.text
    assert fit.outcome.remedy in seen.text


def test_a_ranking_has_all_formulas() -> None:
    x = np.linspace(0, 3, 40)
    ranking = sd.rank(["y ~ a + b*x", "y ~ a*exp(b*x)"], {"x": x, "y": 1 + 2 * x + 0.1 * np.cos(40 * x)})
    seen = Seen(page(ranking, animation=False))
    assert seen.all("section")[0]["id"] == "ranking"
    assert "y ~ a*exp(b*x)" in seen.text
    assert ranking.verdict in seen.text


def test_runs_of_networks_and_of_functions() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 4))
    run = sd.train(sd.MLP(4, [5], 3), x, (x[:, 0] > 0) + (x[:, 1] > 0), loss="cross_entropy", steps=30)
    seen = Seen(page(run, animation=False))
    assert "Linear(4, 5)" in seen.text
    assert any(each["alt"].startswith("Confusion matrix") for each in seen.all("img"))
    function = sd.minimize(lambda x: x**2, 3.0, method="gradient_descent", learning_rate=0.1, steps=20)
    seen = Seen(page(function))
    assert "no data" in seen.text
    assert seen.all("iframe")


def test_fits_with_networks_in_their_formulas() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=120)
    kind = np.array(["a", "b", "<script>c</script>"], dtype=object)[rng.integers(0, 3, 120)]
    data = {"x": x, "kind": kind, "side": np.where(x + (kind == "b") > 0.3, "yes", "no"), "y": 2 * x + (kind == "b")}
    fit = sd.fit("side ~ mlp(., 5)", {k: data[k] for k in ("x", "kind", "side")}, epochs=10)
    seen = Seen(page(fit, data=data, animation=False))
    for said in ("kind = <script>c</script>", "Confusion matrix of", "accuracy", "Linear(4, 5)", "yes", *fit.remarks):
        assert said in seen.text, said
    assert len(seen.all("script")) == 1
    assert fit.outcome.message[1:] in seen.text
    fit = sd.fit("y ~ a*x + mlp(kind, 4)", data, epochs=10)
    seen = Seen(page(fit, animation=False))
    assert "Parameters of the formula" in seen.text
    assert "RMSE" in seen.text
    assert [each["alt"].split(" ")[0] for each in seen.all("img")] == ["120", "Observed", "The"]


def test_functions_weights_and_constraints() -> None:
    t = np.linspace(0, 4, 25)
    fit = sd.fit(lambda t, a, b: a * np.exp(-b * t), (t,), 3 * np.exp(-0.7 * t) + 0.01 * np.cos(9 * t))
    assert "a Python function" in model_part(fit, fit.run)
    data = {"t": t, "y": fit.observed, "s": np.full(25, 0.01)}
    fit = sd.fit("y ~ a*exp(-b*t) + c + d", data, sigma="s", fix={"c": 0.0}, tie="d = a/100", bounds="b > 0")
    assert "reduced chi-squared" in fit_answer(fit)
    assert "0 ≤ b" in model_part(fit, fit.run)


def test_how_to_do_it_again(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("x,y,s\n" + "".join(f"{k},{2 * k + k % 3},0.5\n" for k in range(40)))
    options = {"sigma": "s", "fix": {"a": 1.0}, "seed": 3}
    fit = sd.fit("y ~ a + b*x", tmp_path / "d.csv", **options)
    seen = Seen(page(fit, data=tmp_path / "d.csv", options=options, animation=False))
    assert "standard error of the row" in seen.text
    code = re.search(r"import steepest as sd\n\nanswer = .*", seen.text)[0]
    space: dict[str, Any] = {}
    exec(code, space)
    assert space["answer"].params == fit.params


def test_many_rows_stay_small() -> None:
    x = np.linspace(0, 9, 60_000)
    fit = sd.fit("y ~ a + b*x", {"x": x, "y": 1 + 2 * x + np.cos(999 * x)})
    text = page(fit)
    assert len(text) < 2_000_000
    assert not Seen(text).all("iframe")


def test_a_large_file_is_not_read_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(steepest.views.report.data_part, "_WHOLE_BELOW", 100)
    (tmp_path / "d.csv").write_text("x,y,other\n" + "".join(f"{k},{2 * k + k % 3},7\n" for k in range(40)))
    text = data_part(sd.fit("y ~ a + b*x", tmp_path / "d.csv"), tmp_path / "d.csv", {})
    assert "read by the model" in text
    assert "other" not in text


def test_what_cannot_be() -> None:
    with pytest.raises(sd.ModelError, match="a report is about a fit, a run or a ranking, not int"):
        page(3)
    fit = sd.fit("y ~ a*x", {"x": [1.0, 2.0], "y": [1.0, 2.1]})
    with pytest.raises(sd.SteepestError, match=r"End its name in \.html"):
        fit.report("report.pdf")
    with pytest.raises(sd.SteepestError, match="does not exist"):
        fit.report("/no/such/folder/report.html")


def test_it_is_written_whole(tmp_path: Path) -> None:
    fit = sd.fit("y ~ a*x", {"x": [1.0, 2.0], "y": [1.0, 2.1]})
    path = fit.report(tmp_path / "r.html", animation=False)
    assert re.search(r"</html>\s*$", path.read_text())
    assert [p.name for p in tmp_path.iterdir()] == ["r.html"]
