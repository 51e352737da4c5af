"""Run the notebooks of the documentation and write their outputs: ``python docs/run_notebooks.py``.

Each runs in an empty folder, so that their outputs name no folder of this machine. ``tests/test_notebooks.py`` runs
them again and compares; a cell with the tag ``varies`` has outputs that differ from run to run.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

FOLDER = Path(__file__).resolve().parent / "notebooks"
NOTEBOOKS = tuple(sorted(FOLDER.glob("*.ipynb")))
TIMEOUT_SECONDS = 600
VARIES = "varies"
MAX_BYTES = 200_000


def executed(path: Path, kernel: str = "python3") -> NotebookNode:
    """Return a notebook with the outputs of a new run, without times, the version of Python and standard error."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        NotebookClient(notebook, timeout=TIMEOUT_SECONDS, kernel_name=kernel, resources=resources).execute()
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )
    for cell in notebook.cells:
        if cell.cell_type == "code":  # what is compiled, once on each machine, is reported on standard error
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
        cell.metadata = nbformat.from_dict({"tags": cell.metadata["tags"]} if cell.metadata.get("tags") else {})
    return notebook


def page(path: Path) -> str:
    """Return a notebook as a page in Markdown: its text, its code, and what its cells show."""
    import json

    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n\n".join(part for cell in cells for part in _parts(cell)) + "\n"


def _parts(cell: dict[str, object]) -> list[str]:
    """Return the Markdown of a cell, and of its outputs."""
    source = _joined(cell["source"])
    if cell["cell_type"] == "markdown":
        return [source]
    outputs = cell["outputs"]
    return [f"```python\n{source}\n```", *(_output(each) for each in outputs if isinstance(each, dict))]


def _output(output: dict[str, object]) -> str:
    """Return an output: its HTML where it has some, else its text."""
    data = output.get("data")
    if isinstance(data, dict) and "text/html" in data:
        return f'<div class="output">\n{_joined(data["text/html"])}\n</div>'
    text = output.get("text") if data is None else data.get("text/plain")
    return f"```text\n{_joined(text).rstrip()}\n```"


def _joined(text: object) -> str:
    return "".join(text) if isinstance(text, list) else str(text)


def main() -> None:
    """Run all notebooks, or those named."""
    import nbformat

    for path in [FOLDER / name for name in sys.argv[1:]] or NOTEBOOKS:
        nbformat.write(executed(path), path)
        print(f"{path.name}: {path.stat().st_size / 1_000:.0f} kB")
        if path.stat().st_size > MAX_BYTES:
            sys.exit(f"{path.name} is larger than {MAX_BYTES} bytes; show fewer or shorter clips.")


if __name__ == "__main__":
    main()
