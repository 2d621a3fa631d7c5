"""Results on real data and on tasks that are known to be hard: what docs/results.md quotes."""

from __future__ import annotations


def main(mnist_folder: str | None = None) -> None:
    """Print every table; MNIST's only if the folder of its files is given."""
    from benchmarks.results import adding, classics, mnist, toy

    toy.main()
    print()
    classics.main()
    print()
    adding.main()
    if mnist_folder is None:
        print("\nMNIST: name the folder of its files, or one to fetch them into: python -m benchmarks results FOLDER")
    else:
        print()
        mnist.main(mnist_folder)
