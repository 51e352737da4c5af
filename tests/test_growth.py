"""Readers take time and memory in proportion to their files: here, files at which squares would take hours."""

from __future__ import annotations

import io
import tomllib
import tracemalloc
import warnings
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from wavewright.base.errors import BadScore, BadSetting
from wavewright.base.toml_tables import parse_toml
from wavewright.effects.mixing.project import parse_project
from wavewright.music.formats import read_tunes
from wavewright.synth.waves import MAX_FILE_BYTES, MAX_POINTS, read_period

N = 400_000  # characters


@pytest.mark.parametrize(
    "text",
    [
        "<path " * (N // 6),
        "<path d=" * (N // 8),
        "<path " + "d=' " * (N // 4),
        "<path " + "a" * N,
        "<path " + " " * N + "d",
        "<path d='" + "9" * N,
        "<path d='M0 0 " + "C1 1 2 2 3 3 " * (N // 13) + "'>",
        "<path d='" + "M0 0L1 1" * (N // 8) + "'/>",
    ],
    ids=lambda text: text[:14],
)
def test_drawings(tmp_path, text):
    path = tmp_path / "a.svg"
    path.write_text(text)
    with suppress(BadSetting):
        assert np.abs(read_period(path)).max() == 1


def test_a_drawing_is_the_curve_of_its_first_path(tmp_path):
    """A cubic curve by the formula of Bernstein, whatever stands before it and around its attribute."""
    curve = "M0 0 C 1 9, 2 -9, 3 0"
    texts = [
        f'<svg><path id="a" d="{curve}"/><path d="M0 0L1 1"/></svg>',
        f"<svg><pathx d='M0 1L9 9'/><path\n d = '{curve}' id='b'/></svg>",
        f'<path class="x"d="{curve}">',
    ]
    t = np.arange(33) / 32
    x, y = 3 * t, -(27 * t * (1 - t) ** 2 - 27 * t**2 * (1 - t))
    expected = np.interp(3 * np.arange(4_096) / 4_096, x, y)
    expected -= expected.mean()
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.svg").write_text(text)
        np.testing.assert_allclose(
            read_period(tmp_path / f"{number}.svg"), expected / np.abs(expected).max(), atol=1e-9
        )


def test_tables_of_waves_are_read_up_to_a_limit(tmp_path):
    for name, text in (
        ("a.csv", "1\n" * (MAX_POINTS + 10)),
        ("b.csv", "1," * N),
        ("d.csv", "1\n" * MAX_FILE_BYTES),
    ):
        (tmp_path / name).write_text(text)
        tracemalloc.start()
        with pytest.raises(BadSetting, match=r"more than|give 2 to"):
            read_period(tmp_path / name)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 5e7, name


@pytest.mark.parametrize(
    "text",
    [
        "a." * (N // 2) + "b = 1",
        "[" + "a." * (N // 2) + "b]",
        "x = {" + "a . " * (N // 4) + "b = 1}",
        '"a".' * (N // 4) + "b = 1",
        "'!'.\t" * (N // 5) + "b = 1",
        "a = '''x''''\n" + "a." * (N // 2) + "b = 1",
        "a = 1 # '\n" + "a." * (N // 2) + "b = 1",
    ],
    ids=lambda text: text[:12],
)
def test_dotted_keys_of_toml(text):
    with pytest.raises(ValueError, match="more than 32 parts"):
        parse_toml(text)
    with pytest.raises(BadSetting, match="more than 32 parts"):
        parse_project(text)


@pytest.mark.parametrize(
    "text",
    [
        '"' + '\\"' * (N // 2),
        "a = '" + "'\n'" * (N // 3),
        'a = """' + '""\\"' * (N // 4),
        "a = " + "[" * N,
        "a = " + "{b = " * (N // 5),
        " " * N + "a",
        "#" + "." * N,
        "a" * N,
        "=" * N,
    ],
    ids=lambda text: text[:8],
)
def test_other_long_toml(text):
    reason = ""
    try:
        parse_toml(text)
    except (ValueError, RecursionError) as error:
        reason = str(error)
    assert "32 parts" not in reason


def test_toml_is_that_of_python():
    """Whatever is no long key is read as before: all files of the package, and texts with dots."""
    folder = Path(tomllib.__file__).parents[0]
    assert folder.is_dir()
    import wavewright

    for path in Path(wavewright.__file__).parent.rglob("*.toml"):
        text = path.read_text(encoding="utf-8")
        assert parse_toml(text) == tomllib.loads(text)
    dots = "e.g. this. " * 100
    text = (
        f'a = "{dots}"\nb = \'{dots}\'\nc = """{dots}"""\nd = [{"1.5, " * 100}]\n# {dots}\ne.f.g = 1.5\n[h.i."j.k"]\n'
    )
    assert parse_toml(text) == tomllib.loads(text)


@pytest.mark.parametrize(
    "music",
    [
        "[" * N,
        "[K:" * (N // 3),
        "{" * N,
        "!" * N,
        "+a" * (N // 8),
        ":" * N,
        "(3" * (N // 2),
        '"' * N,
        "[C{" * (N // 12),
    ],
)
def test_abc(tmp_path, music):
    path = tmp_path / "a.abc"
    path.write_text(f"X:1\nK:C\n{music}\nCDEF|\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (score,) = read_tunes(path)
    assert score.n_notes >= 4


def test_a_compressed_score_becomes_no_giant(tmp_path):
    path = tmp_path / "a.mxl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xml", "<score-partwise>" + "<a/>" * 10_000_000 + "</score-partwise>")
    assert path.stat().st_size < 100_000
    tracemalloc.start()
    with pytest.raises(BadScore, match="The score in the compressed file has more than"):
        read_tunes(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000 * path.stat().st_size


def test_compressed_scores_of_usual_ratios_are_read(tmp_path):
    note = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration></note>"
    start = "<score-partwise><part-list><score-part id='a'/></part-list><part id='a'><measure><attributes>"
    text = f"{start}<divisions>1</divisions></attributes>{note * 10_000}</measure></part></score-partwise>"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xml", text)
    (tmp_path / "a.mxl").write_bytes(buffer.getvalue())
    assert read_tunes(tmp_path / "a.mxl")[0].n_notes == 10_000
