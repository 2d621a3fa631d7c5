"""Checkpoints: a run on disk, from which it goes on as if it had never stopped."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from steepest.base.errors import CheckpointError
from steepest.base.folders import write_folder_whole
from steepest.base.params import Array, Params

FORMAT = "steepest checkpoint, version 1"
KEEP = 2
_PREFIX = "step-"


def write(folder: str | os.PathLike[str], step: int, weights: Mapping[str, Array], content: Mapping[str, Any]) -> Path:
    """Write one checkpoint into `folder`, whole or not at all, and keep beside it only the one before it.

    Later steps in the folder are dropped too: they are damaged, or of a run that this one replaces.

    Parameters
    ----------
    folder : path
        Made if it is not there; each checkpoint is a folder ``step-…`` in it.
    weights : mapping of str to ndarray
        Stored as ``weights.safetensors`` under exactly these names, so that ``torch.nn.Module.load_state_dict`` takes it.
    content : nested dict of arrays, numbers, text, None, lists and Params
        Everything else; arrays go to ``state.safetensors``, the rest to ``run.json``.

    Raises
    ------
    SteepestError
        The folder cannot be written.
    """
    from safetensors.numpy import save as encode

    arrays: dict[str, Array] = {}
    skeleton = _take_arrays(content, "", arrays)
    weights_bytes = encode({name: np.asarray(a, order="C") for name, a in weights.items()})
    state_bytes = encode(arrays)
    described = {
        "format": FORMAT,
        "step": step,
        "content": skeleton,
        "checksums": {"weights.safetensors": _digest(weights_bytes), "state.safetensors": _digest(state_bytes)},
    }
    text = json.dumps({**described, "checksum": _digest(_canonical(described))}, indent=1)
    target = Path(folder) / f"{_PREFIX}{step:012d}"
    files = {"weights.safetensors": weights_bytes, "state.safetensors": state_bytes, "run.json": text.encode()}
    write_folder_whole(target, files)
    kept = [path for path in _found(folder) if path.name <= target.name][-KEEP:]
    for path in Path(folder).iterdir():  # what a killed process was writing begins with a dot
        if path.name.startswith((_PREFIX, f".{_PREFIX}")) and path not in kept:
            shutil.rmtree(path, ignore_errors=True)
    return target


def read(folder: str | os.PathLike[str], tell: Callable[[str], None] = lambda text: None) -> dict[str, Any]:
    """The newest checkpoint in `folder` that is whole: ``{"step", "weights", "content"}``.

    A damaged one is passed over, and `tell` is called with a sentence that says so.

    Raises
    ------
    CheckpointError
        There is none, or none is whole.
    """
    found = _found(folder)
    if not found:
        raise CheckpointError(f"there is no checkpoint in {folder}. Start the run without resuming.")
    reasons = []
    for path in reversed(found):
        try:
            loaded = _read_one(path)
        except CheckpointError as error:
            reasons.append(str(error))
            continue
        if reasons:
            tell(f"{reasons[-1]} The one before it, {path.name}, is used.")
        return loaded
    raise CheckpointError(f"no checkpoint in {folder} is whole: {reasons[0]}")


def _found(folder: str | os.PathLike[str]) -> list[Path]:
    return sorted(p for p in Path(folder).glob(f"{_PREFIX}*") if p.is_dir())


def _read_one(path: Path) -> dict[str, Any]:
    from safetensors.numpy import load as decode

    try:
        described = json.loads((path / "run.json").read_text(encoding="utf-8"))
        checksum = described.pop("checksum")
        whole = described["format"] == FORMAT and checksum == _digest(_canonical(described))
        blobs = {name: (path / name).read_bytes() for name in described["checksums"]} if whole else {}
        whole = whole and all(_digest(blobs[name]) == digest for name, digest in described["checksums"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        whole = False
    if not whole:
        raise CheckpointError(f"the checkpoint {path} is damaged.")
    arrays = decode(blobs["state.safetensors"])
    return {
        "step": described["step"],
        "weights": decode(blobs["weights.safetensors"]),
        "content": _put_arrays(described["content"], arrays),
    }


def _take_arrays(node: Any, path: str, arrays: dict[str, Array]) -> Any:
    """Replace arrays in nested containers by their names in `arrays`; what JSON cannot hold is refused."""
    if isinstance(node, Params):
        return {"$params": [[name, _take_arrays(node[name], f"{path}.{name}", arrays)] for name in node]}
    if isinstance(node, (np.ndarray, np.generic)):
        arrays[path] = np.asarray(node, order="C")  # not ascontiguousarray, which makes one row of a single number
        return {"$array": path, "$scalar": isinstance(node, np.generic)}
    if isinstance(node, Mapping):
        if any(not isinstance(key, str) for key in node):  # keys such as step numbers
            return {"$items": [[k, _take_arrays(v, f"{path}.{k}", arrays)] for k, v in node.items()]}
        return {key: _take_arrays(value, f"{path}.{key}" if path else key, arrays) for key, value in node.items()}
    if isinstance(node, tuple):
        return {"$tuple": [_take_arrays(value, f"{path}.{i}", arrays) for i, value in enumerate(node)]}
    if isinstance(node, list):
        return [_take_arrays(value, f"{path}.{i}", arrays) for i, value in enumerate(node)]
    if node is None or isinstance(node, (bool, int, float, str)):
        return node  # Python writes and reads floats, infinities too, without loss
    raise CheckpointError(f"'{path}' holds a {type(node).__name__}, which a checkpoint cannot store.")


def _put_arrays(node: Any, arrays: Mapping[str, Array]) -> Any:
    if isinstance(node, list):
        return [_put_arrays(value, arrays) for value in node]
    if not isinstance(node, dict):
        return node
    if "$array" in node:
        array = arrays[node["$array"]]
        return array[()] if node["$scalar"] else array
    if "$params" in node:
        return Params({name: _put_arrays(value, arrays) for name, value in node["$params"]})
    if "$items" in node:
        return {key: _put_arrays(value, arrays) for key, value in node["$items"]}
    if "$tuple" in node:
        return tuple(_put_arrays(value, arrays) for value in node["$tuple"])
    return {key: _put_arrays(value, arrays) for key, value in node.items()}


def _canonical(described: Mapping[str, Any]) -> bytes:
    return json.dumps(described, sort_keys=True).encode()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
