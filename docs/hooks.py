"""Hooks of MkDocs: the pages of the repository's root, the reference and the gallery.

MkDocs calls the functions that begin with ``on_`` (``hooks`` in ``mkdocs.yml``). The pages are valid on GitHub as they
stand: links between the root and this folder are rewritten here, where the site lays both side by side.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
import typing
from collections.abc import Iterator
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wavewright.base.task_parameters import parameters_of

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
ROOT_PAGES = ("README.md", "CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "SECURITY.md")
PACKAGES = (
    *("base", "audio", "dsp", "models", "text", "metrics", "music", "outputs", "effects", "plots", "synth", "data"),
    *("nn", "contracts", "families", "inference", "speech", "dubbing", "auditing", "training", "apps"),
)
"""Packages with a page of their own in the reference."""

TREE = "<!-- tree -->"
"""Where a page gets a list of the files of the package."""

LINK = re.compile(r"(?<=\]\()[^)\s]+")
FOREIGN = re.compile(r"^\s*(https?:)?//", re.IGNORECASE)
LOADED_BY_STYLES = re.compile(r"(?:@import\s*(?:url\()?|url\()\s*[\"']?\s*((?:https?:)?//[^\"')\s]+)", re.IGNORECASE)
LOADING_LINKS = {"stylesheet", "icon", "preload", "prefetch", "preconnect", "dns-prefetch", "modulepreload", "manifest"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that do not lie in this folder."""
    from mkdocs.structure.files import File

    for name in ROOT_PAGES:
        content = site_links((ROOT / name).read_text(encoding="utf-8"), in_root=True)
        files.append(File.generated(config, name, content=content))
    pages = {
        "gallery.md": gallery_page(),
        "reference/index.md": python_page(),
        "reference/commands.md": commands_page(),
    }
    pages |= {f"reference/{name}.md": package_page(name) for name in PACKAGES}
    pages |= notebook_pages()
    for name, content in pages.items():
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Rewrite the links of this folder's pages to those of the root, and list the files where a page asks for it."""
    markdown = markdown.replace(TREE, tree()) if TREE in markdown else markdown
    return markdown if page.file.src_uri in ROOT_PAGES else site_links(markdown, in_root=False)


def on_post_build(config: MkDocsConfig) -> None:
    """Refuse a site whose pages would load anything from another host."""
    from mkdocs.exceptions import PluginError

    if foreign := foreign_resources(Path(config.site_dir)):
        raise PluginError("The pages would load these from other hosts: " + "; ".join(foreign))


def site_links(text: str, in_root: bool) -> str:
    """Return a page with links for the site, which has the pages of the root among those of ``docs/``."""
    prefix = "docs/" if in_root else "../"
    return LINK.sub(lambda link: link[0].removeprefix(prefix), text)


# -------------------------------------------------------------------------------------------------- the notebooks


def notebook_pages() -> dict[str, str]:
    """Return a page for each notebook, by its path on the site."""
    runner = _module("run_notebooks")
    return {f"notebooks/{path.stem}.md": runner.page(path) for path in runner.NOTEBOOKS}


# ---------------------------------------------------------------------------------------------------- the gallery


def gallery_page() -> str:
    """Return the page of clips and spectrograms that ``docs/gallery.py`` made; without them, of its commands alone."""
    gallery = _gallery()
    lines = [
        "# Gallery",
        "",
        "A bundled model made each of these clips with the command above it. The seeds were not selected.",
        "`python docs/gallery.py` makes all clips and spectrograms of this page again.",
    ]
    missing = False
    for chapter in gallery.CHAPTERS:
        lines += ["", f"## {chapter.title}", "", chapter.text]
        for row in chapter.rows:
            lines += ["", f"**{row.title}**", "", "```", *(f"wavewright {line}" for line in row.commands), "```", ""]
            files = [path for pattern in row.clips for path in sorted(gallery.FOLDER.glob(pattern))]
            missing = missing or not files
            if files:
                lines += ['<div class="sounds">', *map(_figure, files), "</div>"]
    if missing:
        lines.insert(4, "\nThe clips are not here: this site was built without that command.")
    return "\n".join(lines) + "\n"


def _figure(clip: Path) -> str:
    """Return a clip with its spectrogram, as HTML on one line."""
    gallery = _gallery()
    name, file = escape(clip.stem), escape(clip.relative_to(DOCS).as_posix())
    plot = gallery.plot_of(clip)
    address = escape(plot.relative_to(DOCS).as_posix())
    image = f'<a href="{address}"><img src="{address}" alt="Mel spectrogram of {name}" loading="lazy"></a>'
    player = f'<audio controls preload="none" src="{file}" aria-label="{name}"></audio>'
    return f"<figure>{image if plot.is_file() else ''}{player}<figcaption>{name}</figcaption></figure>"


def _gallery() -> Any:
    return _module("gallery")


def _module(name: str) -> Any:
    """Return a module beside this one."""
    if str(DOCS) not in sys.path:
        sys.path.insert(0, str(DOCS))
    return importlib.import_module(name)


# -------------------------------------------------------------------------------------------------- the reference


def python_page() -> str:
    """Return the reference of what ``import wavewright`` offers."""
    import wavewright

    public = {name: getattr(wavewright, name) for name in wavewright.__all__ if not name.startswith("_")}
    verbs = {name: thing for name, thing in public.items() if inspect.isfunction(thing) and _is_verb(thing)}
    lines = [
        "# Python",
        "",
        "These names are imported from `wavewright` itself. The verbs are the [commands](commands.md): the same names,",
        "options and ranges, and a result object in place of printed text. Each package has a page of its own.",
        "",
        "## Models, voices and clips",
    ]
    for name, thing in public.items():
        if name not in verbs:
            lines += ["", _identifier(name, thing)]
    lines += ["", "## Verbs"]
    for name, thing in verbs.items():
        lines += ["", _identifier(name, thing, show_signature=False), "", *_table(_fields(thing))]
    return "\n".join(lines) + "\n"


def package_page(package: str) -> str:
    """Return the reference of a package: every module that has something public."""
    lines = [f"# {package}", "", f"::: wavewright.{package}", "    options:", "      show_root_heading: false"]
    lines += ["      show_root_toc_entry: false", "      heading_level: 2"]
    for module in _modules(ROOT / "src" / "wavewright" / package):
        lines += ["", f"::: wavewright.{module}", "    options:", "      heading_level: 2"]
    return "\n".join(lines) + "\n"


def commands_page() -> str:
    """Return the reference of the command line, read from the commands themselves."""
    from wavewright.apps import cli

    lines = [
        "# Commands",
        "",
        "`wavewright COMMAND --help` shows the same. `--json` prints the result of any command as one JSON object.",
    ]
    for name, command in _commands(cli.group(cli.COMMANDS, "wavewright"), "wavewright"):
        arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
        usage = " ".join([name, *map(_usage, arguments), "[OPTIONS]"])
        lines += ["", f"## {name.removeprefix('wavewright ')}", "", _text(command.help), "", f"    {usage}", ""]
        lines += ["| | default | |", "|---|---|---|"]
        for parameter in command.params:
            if "--json" in parameter.opts:
                continue
            shown = parameter.opts[-1] if parameter not in arguments else parameter.name.upper()
            values = "" if parameter in arguments else (parameter.metavar or "").strip()
            default = "" if parameter.default in (None, False, ()) else f"`{parameter.default}`"
            lines.append(f"| `{f'{shown} {values}'.strip()}` | {default} | {_cell(parameter.help or '')} |")
    return "\n".join(lines) + "\n"


def _commands(group: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield every command below a group with its whole name."""
    for word in group.commands:
        command = group.get_command(_context(group), word)
        if getattr(command, "commands", None):
            yield from _commands(command, f"{name} {word}")
        else:
            yield f"{name} {word}", command


def _usage(argument: Any) -> str:
    """Return an argument as a usage line shows it."""
    shown = f"{argument.name.upper()}{'...' if argument.nargs == -1 else ''}"
    return shown if argument.required else f"[{shown}]"


def _context(command: Any) -> Any:
    return command.context_class(command)


def _identifier(name: str, thing: Any, **options: bool) -> str:
    """Return the lines by which mkdocstrings documents a public name where it is defined."""
    settings = {"heading": f"wavewright.{name}", "heading_level": 3, "show_root_full_path": False, **options}
    lines = [f"::: {thing.__module__}.{thing.__qualname__}", "    options:"]
    return "\n".join(
        [
            *lines,
            *(
                f"      {key}: {str(value).lower() if isinstance(value, bool) else value}"
                for key, value in settings.items()
            ),
        ]
    )


def _is_verb(function: Any) -> bool:
    """Return whether the parameters of a function are described."""
    parameters = inspect.signature(function).parameters.values()
    return function.__module__.startswith("wavewright.tasks.") or any(
        "Annotated" in str(p.annotation) for p in parameters
    )


def _fields(function: Any) -> dict[str, tuple[str, str, str]]:
    """Return type, default and description of the parameters of a verb."""
    fields = {}
    for name, parameter in parameters_of(function).items():
        default = "" if parameter.is_required else repr(parameter.default)
        default = re.sub(r"^(?:Posix|Windows)Path\((.*)\)$", r"\1", default)
        fields[name] = (_type_name(parameter.type), default, parameter.help)
    return fields


def _table(fields: dict[str, tuple[str, str, str]]) -> list[str]:
    lines = ["| parameter | type | default | |", "|---|---|---|---|"]
    for name, (kind, default, description) in fields.items():
        shown = f"`{default}`" if default else ""
        lines.append(f"| `{name}` | `{kind}` | {shown} | {_cell(description)} |")
    return lines


def _type_name(kind: Any) -> str:
    """Return a type as a person writes it, without the modules of its names."""
    if isinstance(kind, type) and not typing.get_args(kind):
        return kind.__name__
    return re.sub(r"^Optional\[(.*)\]$", r"\1 | None", re.sub(r"\b(?:\w+\.)+", "", str(kind)))


def tree() -> str:
    """Return the files of the package as Markdown, each with the first line of its docstring."""
    folder = ROOT / "src" / "wavewright"
    lines = ["```"]
    for path in sorted(
        folder.rglob("*.py"), key=lambda path: (path.parent.parts, path.name != "__init__.py", path.name)
    ):
        name = path.relative_to(folder)
        is_package = name.name == "__init__.py"
        indent = "  " * (len(name.parts) - (2 if is_package else 1))
        shown = f"{name.parent.name}/" if is_package and len(name.parts) > 1 else name.name
        summary = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n\n")[0]
        lines.append(f"{indent + shown:<28} {' '.join(summary.split())}")
    return "\n".join([*lines, "```"])


def _modules(folder: Path) -> list[str]:
    """Return the modules of a package below ``wavewright``, packages before what is in them, private ones left out."""
    package = ROOT / "src" / "wavewright"
    paths = sorted(path for path in folder.rglob("*.py") if path.parent != folder or path.name != "__init__.py")
    names = [
        path.relative_to(package).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
        for path in paths
    ]
    return [name for name in sorted(names) if not any(word.startswith("_") for word in name.split("."))]


def _text(help_text: str | None) -> str:
    return " ".join((help_text or "").split())


def _cell(text: str) -> str:
    """Return a text for a cell of a table, where signs of HTML and Markdown stand for themselves."""
    return re.sub(r"([|_*\[\]])", r"\\\1", _text(text).replace("<", "&lt;"))


# ------------------------------------------------------------------------------------------- nothing from elsewhere


class _Loads(HTMLParser):
    """Collects what a page would load from other hosts as soon as it is opened; links to follow are none of it."""

    def __init__(self) -> None:
        super().__init__()
        self.foreign: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._in_style = tag == "style"
        loads = [values.get(name, "") for name in ("src", "data", "poster", "background")]
        loads += [part.split()[0] for part in values.get("srcset", "").split(",") if part.split()]
        if tag == "link" and LOADING_LINKS & set(values.get("rel", "").lower().split()):
            loads.append(values.get("href", ""))
        if tag in ("use", "image"):
            loads += [values.get("href", ""), values.get("xlink:href", "")]
        self.foreign += [address.strip() for address in loads if FOREIGN.match(address)]
        self.foreign += LOADED_BY_STYLES.findall(values.get("style", ""))

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.foreign += LOADED_BY_STYLES.findall(data)

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False


def foreign_in_page(html: str) -> list[str]:
    """Return the addresses on other hosts that a page loads: scripts, styles, fonts, images, audio, frames."""
    loads = _Loads()
    loads.feed(html)
    return loads.foreign


def foreign_resources(site: Path) -> list[str]:
    """Return what the pages and styles of a built site load from other hosts, each as ``file: address``."""
    return [
        f"{path.relative_to(site).as_posix()}: {address}"
        for pattern, read in (("*.html", foreign_in_page), ("*.css", LOADED_BY_STYLES.findall))
        for path in sorted(site.rglob(pattern))
        for address in read(path.read_text(encoding="utf-8"))
    ]
