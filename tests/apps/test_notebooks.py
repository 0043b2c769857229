"""The runner of notebooks: progress, products, and what is kept when a cell fails."""

import nbformat

from speechlab.apps.notebooks import WIDGET, execute, main
from speechlab.lab import find_root


def write_notebook(path, *cells):
    """Write a notebook of code cells."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbformat.write(notebook, path)


def test_products_are_named_and_the_notebook_is_executed_and_trusted(tmp_path, capsys):
    from nbformat.sign import NotebookNotary

    path, folder = tmp_path / "мой main.ipynb", tmp_path / "results" / "main"
    write_notebook(path, "import pathlib", f"pathlib.Path({str(folder / 'voice.wav')!r}).write_bytes(b'')", "1 + 1")
    folder.mkdir(parents=True)
    (folder / "old.wav").write_bytes(b"")
    import os

    os.utime(folder / "old.wav", (0, 0))
    assert execute(path, folder) == 0
    out = capsys.readouterr().out
    assert "cell  3 of 3" in out
    last = out.splitlines()[-2:]
    assert last[0].endswith("мой main.ipynb") and last[1].endswith("voice.wav")
    executed = nbformat.read(folder / path.name, as_version=4)
    assert executed.cells[2].outputs[0]["data"]["text/plain"] == "2"
    assert NotebookNotary().check_signature(executed)
    assert nbformat.read(path, as_version=4).cells[2].outputs == []  # the original stays as it was


def test_a_failing_cell_is_named_and_what_ran_is_kept(tmp_path, capsys):
    path = tmp_path / "main.ipynb"
    write_notebook(path, "kept = 41 + 1\nkept", "raise RuntimeError('broken on purpose')")
    assert execute(path, tmp_path / "out") == 1
    assert "broken on purpose" in capsys.readouterr().err
    executed = nbformat.read(tmp_path / "out" / "main.ipynb", as_version=4)
    assert executed.cells[0].outputs[0]["data"]["text/plain"] == "42"


def test_a_kept_notebook_has_no_widgets_warnings_or_machine_paths(tmp_path, capsys):
    path = tmp_path / "main.ipynb"
    write_notebook(
        path,
        "import ipywidgets, sys\ndisplay(ipywidgets.IntSlider())\nprint('of a library', file=sys.stderr)",
        f"print({str(find_root())!r})\nprint('second line')",
    )
    assert main([str(path), str(tmp_path / "out"), "--keep"]) == 0
    kept = nbformat.read(path, as_version=4)
    assert "widgets" not in kept.metadata
    assert kept.cells[0].outputs == []
    assert [output.text for output in kept.cells[1].outputs] == [".\nsecond line\n"]


def test_a_training_has_a_live_bar_in_a_kernel(tmp_path):
    path = tmp_path / "bar.ipynb"
    code = "from speechlab.training.live import LiveBar\nwith LiveBar('mine', 0, 2) as bar:\n    "
    write_notebook(path, code + "bar.advance({'loss': 0.5})")
    assert execute(path, tmp_path / "out") == 0
    (output,) = nbformat.read(tmp_path / "out" / "bar.ipynb", as_version=4).cells[0].outputs
    assert output.output_type == "display_data" and WIDGET in output.data
