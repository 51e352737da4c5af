"""The documentation site: a complete menu, valid links and commands, and no resources from other hosts."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

import pytest
import test_documents

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"

pytestmark = pytest.mark.skipif(not (ROOT / "mkdocs.yml").is_file(), reason="the documents are not beside the tests")


@pytest.fixture
def hooks(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    yield importlib.import_module("hooks")
    for name in ("hooks", "gallery", "run_notebooks"):
        sys.modules.pop(name, None)


def test_the_menu_has_every_page_once(hooks):
    menu = re.findall(
        r"^ +- (?:[^:\n]+: )?([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE
    )
    written = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")} | set(hooks.ROOT_PAGES)
    made = {"gallery.md", *(f"reference/{name}.md" for name in ("index", "commands", *hooks.PACKAGES))}
    made |= hooks.notebook_pages().keys()
    assert sorted(menu) == sorted(written | made)


def test_notebooks_are_pages_that_show_their_outputs(hooks):
    pages = hooks.notebook_pages()
    assert pages.keys() == {f"notebooks/{name}.md" for name in ("first-sounds", "speech", "three-models", "train")}
    for text in pages.values():
        assert text.startswith("# ")
        assert "```python\nimport wavewright" in text or "import wavewright" in text
        assert text.count('<div class="output">') >= 2
    assert "<audio controls" in pages["notebooks/speech.md"]
    assert "<svg" in pages["notebooks/train.md"]


def test_every_package_of_the_reference_exists(hooks):
    packages = {path.parent.name for path in (ROOT / "src" / "wavewright").glob("*/__init__.py")}
    # A new package belongs in PACKAGES of docs/hooks.py and in the menu of mkdocs.yml. Tasks are on the page of Python.
    assert packages - set(hooks.PACKAGES) == {"tasks"}


@pytest.mark.parametrize(
    ("in_root", "text", "on_the_site"),
    [
        (True, "[a](docs/training.md#sizes) [b](SECURITY.md)", "[a](training.md#sizes) [b](SECURITY.md)"),
        (False, "[a](../README.md) [b](training.md)", "[a](README.md) [b](training.md)"),
        (True, "[a](https://example.org/docs/x)", "[a](https://example.org/docs/x)"),
    ],
)
def test_links_between_the_root_and_the_pages(hooks, in_root, text, on_the_site):
    assert hooks.site_links(text, in_root) == on_the_site


def test_commands_of_the_gallery_parse(hooks, tmp_path, monkeypatch, capsys):
    page = tmp_path / "gallery.md"
    page.write_text(hooks.gallery_page(), encoding="utf-8")
    gallery = importlib.import_module("gallery")
    n_commands = sum(len(row.commands) for chapter in gallery.CHAPTERS for row in chapter.rows)
    assert len(list(test_documents.commands_of(page.read_text(encoding="utf-8")))) == n_commands
    test_documents.test_every_command_line_parses(page, monkeypatch, capsys)


def test_the_reference_of_commands_shows_ranges_and_defaults(hooks):
    page = hooks.commands_page()
    options = page.split("\n## generate\n")[1].split("\n## ")[0]
    assert "wavewright generate MODEL [OPTIONS]" in options
    assert "| `--count INTEGER 1..100000` | `8` | Number of clips. |" in options
    assert "\n## data inspect\n" in page


def test_the_reference_of_python_shows_types_and_defaults(hooks):
    page = hooks.python_page()
    assert "::: wavewright.audio.clip.Clip\n" in page
    verb = page.split("::: wavewright.tasks.generate.generate\n")[1].split("\n:::")[0]
    assert "| `label` | `str | None` | `None` |" in verb
    assert "| `out` | `Path` | `'wavewright-clips'` |" in verb


@pytest.mark.parametrize(
    "html",
    [
        '<link rel="stylesheet" href="https://fonts.example/css?family=A">',
        '<link rel=preconnect href="//fonts.example">',
        "<script src=https://cdn.example/a.js></script>",
        '<img src="http://example.org/a.png">',
        '<img srcset="a.png 1x, https://example.org/b.png 2x">',
        '<audio src="//example.org/a.ogg"></audio>',
        "<style>@import 'https://example.org/a.css'; p { color: red }</style>",
        '<p style="background: url(https://example.org/a.png)">',
    ],
)
def test_what_is_loaded_from_elsewhere_is_found(hooks, html):
    (address,) = hooks.foreign_in_page(f"<html><body>{html}</body></html>")
    assert "example" in address


@pytest.mark.parametrize(
    "html",
    [
        '<a href="https://example.org">there</a>',
        '<link rel="next" href="https://example.org">',
        '<img src="a.png"><script src="assets/a.js"></script><img src="data:image/png;base64,//8=">',
        "<code>url(https://example.org)</code>",
    ],
)
def test_links_and_own_files_are_not_counted(hooks, html):
    assert hooks.foreign_in_page(html) == []


def test_styles_of_a_built_site_are_searched(hooks, tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "a.css").write_text(
        "@font-face { src: url('https://fonts.example/a.woff2') }", encoding="utf-8"
    )
    (tmp_path / "index.html").write_text("<p>nothing</p>", encoding="utf-8")
    assert hooks.foreign_resources(tmp_path) == ["assets/a.css: https://fonts.example/a.woff2"]


# ------------------------------------------------------------------------------------------- colours and the search

BACKGROUNDS = {"default": ("#ffffff", "#f5f5f5"), "slate": ("#1e2129", "#272a35")}
"""Backgrounds of the theme's two schemes: of the page, and of code."""


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """Return the contrast of two colours (WCAG 2.2)."""
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", BACKGROUNDS)
def test_text_contrasts_with_its_background(scheme):
    assert contrast("#ffffff", "#009485") == pytest.approx(3.76, abs=0.01)  # the theme's, as axe-core measures it
    styles = (DOCS / "site.css").read_text(encoding="utf-8")
    blocks = re.findall(rf'\[data-md-color-scheme="{scheme}"\][^{{]*{{([^}}]*)}}', styles)
    colours = dict(re.findall(r"(--md-[\w-]+): (#[0-9a-f]{6});", "".join(blocks)))
    heads = {name: colour for name, colour in colours.items() if name.startswith("--md-primary")}
    assert "--md-typeset-a-color" in colours
    for name, colour in colours.items():
        behind = ("#ffffff",) if name in heads else BACKGROUNDS[scheme]
        assert min(contrast(colour, each) for each in behind) >= 4.5, name


def test_the_search_needs_no_server_and_no_other_host():
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert re.search(r"^  - offline\b", settings, re.MULTILINE)
    (polyfill,) = re.findall(r"^  polyfills: \[(\S+)\]", settings, re.MULTILINE)
    assert "iframe-worker" in polyfill  # which keeps the plugin from loading its own
    assert (DOCS / "theme" / polyfill).is_file()
