"""The notebooks of the documentation: small, without paths of a machine, with outputs that a new run gives again."""

from __future__ import annotations

import base64
import importlib
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

DOCS = Path(__file__).parents[1] / "docs"
NOTEBOOKS = sorted((DOCS / "notebooks").glob("*.ipynb"))
AUDIO = re.compile(r'data:audio/(?:wav|ogg);base64,([^"]+)')
EMBEDDED = re.compile(r'data:(?:audio|image)/\w+;base64,[^"]+')

pytestmark = pytest.mark.skipif(not NOTEBOOKS, reason="the documents are not beside the tests")


def shown(output) -> str:
    """Return what a reader sees of an output: its HTML where it has some."""
    data = output.get("data", {"text/plain": output.get("text", "")})
    text = data.get("text/html", data.get("text/plain", ""))
    return text if isinstance(text, str) else "".join(text)


def waves(html: str) -> list[np.ndarray]:
    return [soundfile.read(io.BytesIO(base64.b64decode(contents)))[0] for contents in AUDIO.findall(html)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_small_and_name_no_machine(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) < 200_000
    notebook = json.loads(text)
    assert set(notebook["metadata"]) == {"kernelspec"}
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["execution_count"] == number for number, cell in enumerate(code, start=1))
    seen = [EMBEDDED.sub("", shown(output)) for cell in code for output in cell["outputs"]]
    assert not [each for each in seen if re.search(r"(?:^|[\s('\"])(?:/\w+/|[A-Z]:\\)", each)]
    assert all(output["output_type"] != "error" for cell in code for output in cell["outputs"])


@pytest.mark.filterwarnings("ignore")  # of Jupyter, whose kernel is another process
@pytest.mark.uses("drums", "en", "vocoder")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_new_run_shows_the_same(path, monkeypatch):
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.syspath_prepend(str(DOCS))
    runner = importlib.import_module("run_notebooks")
    before = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for old, new in zip(before, runner.executed(path).cells, strict=True):
        if old["cell_type"] != "code" or runner.VARIES in old["metadata"].get("tags", ()):
            continue
        old_shown, new_shown = "".join(map(shown, old["outputs"])), "".join(map(shown, new["outputs"]))
        assert EMBEDDED.sub("", new_shown) == EMBEDDED.sub("", old_shown)
        for old_wave, new_wave in zip(waves(old_shown), waves(new_shown), strict=True):
            np.testing.assert_allclose(new_wave, old_wave, atol=2e-3)
