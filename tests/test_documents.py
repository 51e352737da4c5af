"""The documents: the lines of the first steps run in order, every command line parses, every link has a target."""

from __future__ import annotations

import ast
import functools
import re
import shlex
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from wavewright.apps.cli import command, run
from wavewright.audio.clip import Clip

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
FIRST_STEPS = ROOT / "docs" / "first-steps.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
COMMENT = re.compile(r"\s#(?=\s|$).*")

pytestmark = pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="the documents are not beside the tests")


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def section(page: Path, title: str) -> str:
    return text_of(page).split(f"\n## {title}\n")[1].split("\n## ")[0]


def shell_lines(text: str) -> list[str]:
    """Return the lines of blocks without a language, continued lines joined."""
    blocks = "".join(body for language, body in BLOCK.findall(text) if not language)
    return re.sub(r"\\\n\s*", "", blocks).splitlines()


def commands_of(text: str) -> Iterator[list[str]]:
    """Yield the arguments of each call of ``wavewright`` in a text, one list for each side of a pipe."""
    blocks = "\n".join(re.sub(r"\\\n\s*", "", body) for language, body in BLOCK.findall(text) if not language)
    for match in re.finditer(
        r"(?:^|[|&] |-m )wavewright (?P<rest>(?:'[^']*'|\"[^\"]*\"|[^'\"|&>\n])*)", blocks, re.MULTILINE
    ):
        yield shlex.split(match["rest"], comments=True)


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    counts: dict[str, int] = {}
    names = set()
    for heading in re.findall(r"^#+ (.+)$", re.sub(BLOCK, "", text_of(page)), re.MULTILINE):
        name = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-")
        names.add(name if name not in counts else f"{name}-{counts[name]}")
        counts[name] = counts.get(name, 0) + 1
    return names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    broken = []
    for target in LINK.findall(re.sub(BLOCK, "", text_of(page))):
        if target.startswith(("https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


def test_the_menu_names_every_page():
    named = set(re.findall(r"[\w-]+\.md", text_of(ROOT / "mkdocs.yml").split("\nnav:\n")[1]))
    assert {page.name for page in (ROOT / "docs").glob("*.md")} <= named


def test_every_command_is_on_the_page_of_commands():
    from wavewright.apps.cli import COMMANDS

    named = set(
        re.findall(
            r"`([\w-]+)[\w -]*`", "".join(re.findall(r"^\| (.*?) \|", text_of(ROOT / "docs" / "verbs.md"), re.M))
        )
    )
    assert set(COMMANDS.commands) <= named


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_line_parses(page, monkeypatch, capsys):
    """Names, options, their types and ranges are compared; nothing runs."""

    def without_running(task, names=None):
        stub = functools.wraps(task)(lambda *args, **kwargs: None)
        return compare(stub, names)

    compare = command.checked
    monkeypatch.setattr(command, "checked", without_running)
    monkeypatch.setattr(command, "Signer", SimpleNamespace(of=lambda *_: SimpleNamespace(sign=lambda _: ())))
    refused = {
        shlex.join(arguments): capsys.readouterr().err for arguments in commands_of(text_of(page)) if run(arguments)
    }
    assert refused == {}


@pytest.mark.parametrize(
    "line", ["wavewright sing", "wavewright generate drums --cuont 3", "wavewright generate drums --count 0"]
)
def test_a_line_that_does_not_parse_would_be_found(line, tmp_path, monkeypatch, capsys):
    page = tmp_path / "page.md"
    page.write_text(f"```\n{line}\n```\n", encoding="utf-8")
    with pytest.raises(AssertionError):
        test_every_command_line_parses(page, monkeypatch, capsys)


def recommended_commands() -> list[list[str]]:
    """Return the words of each command between backticks in the texts of the package, other than its docstrings."""
    found = set()
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "src" / "wavewright").rglob("*.py"))
    for source in sources:
        for node in ast.walk(ast.parse(source)) if "`wavewright " in source else ():
            parts = node.values if isinstance(node, ast.JoinedStr) else [node]
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "VALUE" for part in parts)
            if "``" not in text:
                found |= {" ".join(each.split()) for each in re.findall(r"`wavewright ([^`]+)`", text)}
    return [shlex.split(each) for each in sorted(found)]


def test_every_command_that_a_message_recommends_has_its_options(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "1000")
    commands = recommended_commands()
    assert len(commands) >= 10
    for words in commands:
        names = list(takewhile(re.compile("[a-z][a-z-]*$").match, words))
        assert run([*names, "--help"]) == 0, words
        shown = capsys.readouterr().out
        assert f"wavewright {' '.join(names)} " in shown, words  # a word that is no command is no argument either
        for option in words:
            assert not option.startswith("--") or re.search(rf"{option}\b", shown), words


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if page.name != "CONTRIBUTING.md" and page.parent.name != "benchmarks"],
    ids=lambda page: page.name,
)
def test_no_command_line_ends_with_a_comment(page):
    """The shells of macOS and Windows take ``#`` for an argument."""
    assert [line for line in shell_lines(text_of(page)) if "wavewright " in line and COMMENT.search(line)] == []


def test_the_lines_to_play_run_in_their_order(tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    lines = [line for line in shell_lines(section(FIRST_STEPS, "Play")) if line.startswith("wavewright ")]
    assert len(lines) >= 14
    for line in lines:
        arguments = shlex.split(line)[1:]
        assert run(arguments) == 0, (line, capsys.readouterr().err)
        if "--out" in arguments:
            out = Path(arguments[arguments.index("--out") + 1])
            assert out.exists()
            if "--count" in arguments:
                assert len(list(out.glob("*.wav"))) == int(arguments[arguments.index("--count") + 1])
    written = sorted(path.name for path in tmp_path.iterdir())
    assert {"hello-plot.png", "hello-again-plot.png"} <= set(written)
    for picture in re.findall(r"`(\S+\.png)`", section(FIRST_STEPS, "Play")):
        assert picture in written
    match = re.search(r"([\d.]+) s of speech in ([\d.]+) kB instead of (\d+) kB", section(FIRST_STEPS, "Play"))
    speech = Clip.read("hello.wav")
    assert float(match[1]) == pytest.approx(speech.n_samples / speech.sample_rate, abs=0.1)
    assert float(match[2]) == pytest.approx(Path("hello.wwc").stat().st_size / 1e3, abs=0.1)
    assert float(match[3]) == pytest.approx(Path("hello.wav").stat().st_size / 1e3, abs=2)


def test_the_python_lines_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = next(body for language, body in BLOCK.findall(text_of(README)) if language == "python")
    names: dict[str, object] = {}
    exec(code, names)
    match = re.search(r"\((\d+), (\d+), (\d+)\)", code)
    waves = names["waves"]
    assert all(isinstance(wave, np.ndarray) for wave in waves)
    assert np.shape(waves) == tuple(int(number) for number in match.groups())
    assert all(Clip.read(tmp_path / name).n_samples for name in re.findall(r'write\("(\S+)"\)', code))


def test_the_page_of_models_says_the_licence_of_each():
    from wavewright.models import BUNDLED_FOLDER, Card, bundled

    rows = dict(
        re.findall(
            r"^\| `([\w-]+)` \|.* \| (\S+) \|$", section(ROOT / "docs" / "models.md", "Bundled models"), re.MULTILINE
        )
    )
    licences = {name: licence for name, licence in rows.items() if licence not in ("yes", "no")}
    assert licences == {name: Card.read(BUNDLED_FOLDER / name).licence for name in bundled()}


def test_no_output_of_a_command_lies_among_the_documents():
    audio = {".wav", ".flac", ".mp3", ".mid", ".opus", ".ogg", ".m4a"}
    assert [file.name for file in ROOT.iterdir() if file.suffix.lower() in audio] == []
