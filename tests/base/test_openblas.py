import pytest

from steepest.base import openblas


@pytest.mark.parametrize("package", ["numpy", "scipy"])
def test_a_library_takes_one_thread_for_a_while_and_has_its_own_back(package: str) -> None:
    library = openblas.library(package)
    if library is None:
        pytest.skip("this wheel has no OpenBLAS of its own")
    threads = getattr(library, f"scipy_openblas_get_num_threads{'64_' if package == 'numpy' else ''}")
    before = threads()
    with openblas.one_thread(package), openblas.one_thread(package):
        assert threads() == 1
    assert threads() == before


def test_an_error_gives_the_threads_back() -> None:
    with openblas.one_thread() as before:
        pass
    with pytest.raises(ValueError, match="inside"), openblas.one_thread():
        raise ValueError("inside")
    with openblas.one_thread() as after:
        assert before == after


def test_another_blas_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openblas, "library", lambda package: None)
    with openblas.one_thread("scipy") as allowed:
        assert allowed >= 1
