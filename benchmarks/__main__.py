"""`python -m benchmarks` lists the benchmarks, `python -m benchmarks NAME` runs one."""

from __future__ import annotations

import importlib
import sys

NAMES = {
    "large": "fits to 1e5, 1e6 and 1e7 rows from Parquet: time and memory, against curve_fit; large ROWS for other than 1e7",
    "startup": "start of Python, NumPy, steepest and the command",
    "speed": "microseconds a step and whole fits, against PyTorch, JAX, C and others; speed --help",
    "scaling": "a step against batch, width, depth and rows, as a picture; scaling --help",
    "products": "matrix products in machine code, by OpenBLAS and by loops",
    "recurrent": "GRU, LSTM and RNN, forwards and back through time; recurrent PYTHON PYTHON with ones that have PyTorch or JAX",
    "loop": "a step of the training loop against the same step by hand",
    "nist": "digits of certified fits, against SciPy's curve_fit and lmfit; nist FOLDER for more than six problems",
    "starts": "fits without a start, by families of curves; starts SEEDS LOSS for other than 100 and mse",
    "results": "networks on real data and hard tasks; MNIST too with the folder of its files: results FOLDER",
    "estimators": "time and accuracy against scikit-learn's own estimators; MNIST too with its folder: estimators FOLDER",
    "probes": "what sd.Watch costs a training",
    "gradient_flow": "error gradients through 10 and 20 layers before any training",
    "animation": "animations of 100 frames, as GIF and as page: seconds and sizes",
}
MOST_ARGUMENTS = {
    "recurrent": 2,
    "large": 1,
    "speed": 99,
    "scaling": 99,
    "estimators": 1,
    "results": 1,
    "nist": 1,
    "starts": 2,
}


def main() -> int:
    name, *arguments = sys.argv[1:] or [""]
    if name not in NAMES or len(arguments) > MOST_ARGUMENTS.get(name, 0):
        print("python -m benchmarks NAME, where NAME is one of")
        for each, what in NAMES.items():
            print(f"  {each:14} {what}")
        return 2
    importlib.import_module(f"benchmarks.{name}").main(*arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
