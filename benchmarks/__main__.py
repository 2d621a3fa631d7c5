"""`python -m benchmarks` lists the benchmarks, `python -m benchmarks NAME` runs one."""

from __future__ import annotations

import importlib
import sys

NAMES = {
    "startup": "start of Python, NumPy, steepest and the command",
    "loop": "a step of the training loop against the same step by hand",
    "nist": "digits of certified fits, against SciPy's curve_fit",
}


def main() -> int:
    if len(sys.argv) != 2 or sys.argv[1] not in NAMES:
        print("python -m benchmarks NAME, where NAME is one of")
        for name, what in NAMES.items():
            print(f"  {name:10} {what}")
        return 2
    importlib.import_module(f"benchmarks.{sys.argv[1]}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
