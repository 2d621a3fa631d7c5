"""FitFiles: the files that a fit leaves, which can be told before it begins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steepest.cli.output import as_json

if TYPE_CHECKING:
    from steepest.fitting.ranking import Ranking
    from steepest.fitting.result import Fit

_KINDS = {
    ".png": "picture",
    ".html": "report",
    ".py": "Python",
    ".onnx": "ONNX",
    ".tex": "LaTeX",
    ".steepest": "events",
}


@dataclass(frozen=True)
class FitFiles:
    """What was asked for, as paths.

    Attributes
    ----------
    folder : Path or None
        Of ``--out``: for the model, the history and the result.
    picture, report : Path or None
    exports : list of str
        Names that end in .py, .onnx or .tex.
    tensorboard : str or None
        A folder for the history as events.
    theme : str
        Of the picture.
    """

    folder: Path | None
    picture: Path | None
    report: Path | None
    exports: list[str]
    tensorboard: str | None
    theme: str

    def check(self) -> None:
        """Tell what cannot be done before anything is.

        Raises
        ------
        SteepestError
            The theme or an ending is unknown, or a package is missing.
        """
        from steepest.views.style import style_of

        style_of(self.theme)
        if self.tensorboard is not None:
            from steepest.exports.event_files import require_tensorboard

            require_tensorboard()
        if self.exports:
            from steepest.exports.export import check_export

            for path in self.exports:
                check_export(path)

    def write(self, fit: Fit, ranking: Ranking | None, data: str, command: str, options: dict[str, Any]) -> list[Path]:
        """Write the files and return them, the picture last; the others are what the report tells of."""
        files: list[Path] = []
        if self.exports:
            from steepest.exports.export import export

            files += [export(fit, path) for path in self.exports]
        if self.tensorboard is not None:
            files.append(fit.history.to_tensorboard(self.tensorboard))
        folder = self.folder
        if folder is not None:
            files += [
                fit.save(folder / "model.json"),
                fit.history.to_csv(folder / "history.csv"),
                folder / "result.json",
            ]
        if self.report is not None:
            files.append((ranking or fit).report(self.report, data=data, command=command, options=options))
        if self.picture is not None:
            fit.plot(self.picture, theme=self.theme)
            files.append(self.picture)
        if folder is not None:
            from steepest.base.files import write_whole

            write_whole(folder / "result.json", as_json(result_object(fit, files, ranking)) + "\n")
        return files


def result_object(fit: Fit, files: list[Path], ranking: Ranking | None) -> dict[str, Any]:
    """What ``--json`` prints and ``result.json`` holds."""
    from steepest.cli.report import fit_object, ranking_object

    return fit_object(fit, files) | ({} if ranking is None else {"ranking": ranking_object(ranking)})


def kind(file: Path) -> str:
    """What a file is called in the list of files.

    Examples
    --------
    >>> kind(Path("a/fit.png")), kind(Path("model.json"))
    ('picture', 'model')
    """
    return _KINDS.get(file.suffix, file.stem)
