"""The command ``studio``: serve the page on this machine and open it in the browser."""

from __future__ import annotations

import http.client
import io
import os
import re
import secrets
import shutil
import socket
import struct
import sys
import threading
import webbrowser
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from pydantic import Field
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ...base.errors import BadSetting, MissingExtra, WavewrightError, how_to_install
from ...base.parameters import STANDARD_STREAM, LexiconPath, RecogniserName, TranslatorName
from ...base.task_parameters import checked
from ...base.whole_file import write_whole
from ...outputs.made import Made, MadeFile
from ..server.guard import KEY_COOKIE, Keys
from ..server.serve import checked_lexicon, language_tools, listen
from ..server.settings import LOCAL_HOST, ServerSettings, read_keys
from ..server.speech_request import BadRequest

# --- The studio for other devices in the network: a key, the address with it, and its QR code

ENTER_PATH = "/enter"
COOKIE_SECONDS = 30 * 24 * 3600
KEY_BYTES = 16
GET_ADDRESS = 0x8915
"""The request SIOCGIFADDR of Linux: the address of an interface."""


def new_key() -> str:
    """Return a random key."""
    return secrets.token_urlsafe(KEY_BYTES)


def enter_route(keys: Sequence[str]) -> Route:
    """Return the route that gives a browser with a key the cookie with which the page asks for all else."""
    known = Keys(keys)

    async def enter(request: Request) -> Response:
        key = request.query_params.get("key", "")
        if not known.have(key.encode()):
            raise BadRequest(
                "The key is missing or wrong; open the address that wavewright studio printed.",
                code="invalid_api_key",
                status=401,
            )
        answer = RedirectResponse("/", status_code=303)
        answer.set_cookie(KEY_COOKIE, quote(key), COOKIE_SECONDS, httponly=True, samesite="strict")
        return answer

    return Route(ENTER_PATH, enter)


def addresses_with_key(address: str, key: str) -> list[str]:
    """Return the addresses by which devices enter: those of this machine in its networks in place of 0.0.0.0."""
    places = [address]
    for everywhere in ("//0.0.0.0:", "//[::]:"):
        if everywhere in address:
            places = [address.replace(everywhere, f"//{own}:") for own in own_addresses()]
    return [f"{place}{ENTER_PATH}?key={quote(key)}" for place in places]


def own_addresses() -> list[str]:
    """Return the IPv4 addresses of this machine, that by which it reaches others first, that of the loopback last."""
    found = [_outgoing_address(), *_addresses_of_interfaces(), *_addresses_of_name()]
    return [*dict.fromkeys(each for each in found if not each.startswith("127.")), "127.0.0.1"]


def _outgoing_address() -> str:
    """Return the address by which this machine reaches others; that of the loopback without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address of documentation; nothing is sent
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def _addresses_of_interfaces() -> list[str]:
    """Return the addresses of all network interfaces on Linux, none elsewhere."""
    if sys.platform != "linux":
        return []
    import fcntl

    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            with suppress(OSError):  # an interface without an address
                answer = fcntl.ioctl(probe.fileno(), GET_ADDRESS, struct.pack("256s", name.encode()[:15]))
                found.append(socket.inet_ntoa(answer[20:24]))
    return found


def _addresses_of_name() -> list[str]:
    """Return the addresses that the name of this machine has."""
    try:
        return [str(each[4][0]) for each in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    except OSError:
        return []


def qr_code(text: str) -> str:
    """Return a text as a QR code of block characters, for a terminal."""
    import segno

    drawn = io.StringIO()
    segno.make(text, micro=False).terminal(drawn, compact=True)
    return drawn.getvalue()


ENTRY_FILE, ICON_FILE = "applications/wavewright-studio.desktop", "icons/hicolor/scalable/apps/wavewright-studio.svg"


def write_desktop_entry() -> Path:
    """Write the entry and its icon to the user's data folder; return the entry.

    Raises BadSetting on systems without such entries, or if they cannot be written.
    """
    if not sys.platform.startswith("linux"):
        raise BadSetting(
            f"Desktop entries are those of Linux; on this system, make a shortcut to the command {command_line()}."
        )
    folder = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    icon, entry = folder / ICON_FILE, folder / ENTRY_FILE
    drawing = resources.files(__package__).joinpath("page", "icon.svg").read_bytes()
    try:
        for path, contents in ((icon, drawing), (entry, entry_text(icon).encode())):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, contents)
    except OSError as error:
        raise BadSetting(f"{error.filename or entry} cannot be written ({error.strerror}).") from error
    return entry


def command_line() -> str:
    """Return the line that starts the studio with this installation, its words quoted as entries have them.

    References
    ----------
    Desktop Entry Specification 1.5, "The Exec key".
    """
    found = shutil.which(sys.argv[0]) if Path(sys.argv[0]).stem == "wavewright" else None
    words = [str(Path(found).absolute())] if found else [sys.executable, "-m", "wavewright"]
    return " ".join(_quoted(word) for word in (*words, "studio"))


def _quoted(word: str) -> str:
    word = word.replace("%", "%%")
    return word if re.fullmatch(r"[\w@%+=:,./-]+", word) else '"' + re.sub(r'(["`$\\])', r"\\\1", word) + '"'


def entry_text(icon: Path) -> str:
    """Return the entry; its terminal shows the address, and ends the studio when it is closed."""
    lines = (
        "[Desktop Entry]",
        "Type=Application",
        "Name=Wavewright studio",
        "Comment=Make sounds, speech and music on your own computer",
        f"Exec={command_line()}".replace("\\", "\\\\"),
        f"Icon={icon}".replace("\\", "\\\\"),
        "Terminal=true",
        "Categories=AudioVideo;Audio;Music;",
    )
    return "\n".join(lines) + "\n"


WARM_UP_SECONDS, RUNNING_SECONDS = 60.0, 1.0
MAX_UPLOAD_MB, MAX_FILES_GB = 16_000.0, 64.0  # its clients are the user's own: ten hours of a stereo recording
MANIFEST_PATH = "/manifest.webmanifest"
PAGE_TITLE, MAX_HEAD_BYTES = b"<title>Wavewright studio</title>", 2_000


@checked
def studio(
    port: Annotated[int, Field(description="Port; 0 for a free one.", ge=0, le=65_535)] = 8765,
    lexicon: LexiconPath = None,
    recogniser: RecogniserName = None,
    translator: TranslatorName = None,
    no_browser: Annotated[bool, Field(description="Do not open the page in the browser.")] = False,
    host: Annotated[
        str,
        Field(
            description="Address of this machine for other devices in its network, or 0.0.0.0 for all of them; they "
            "enter with a key."
        ),
    ] = LOCAL_HOST,
    api_key_file: Annotated[
        Path | None, Field(description="File of keys, one a line; default with --host: a new key at each start.")
    ] = None,
    desktop_entry: Annotated[
        bool, Field(description="Only write an entry for the menus of Linux desktops, which starts the studio.")
    ] = False,
) -> Made:
    """Open a page in the browser to generate, morph, speak, enhance, edit, compose and train.

    Without --host, only this machine reaches the page, which loads nothing from elsewhere, until Ctrl-C or SIGTERM ends
    the command. Where a studio runs at the port already, its page is opened.

    Raises BadSetting if the port is in use or cannot be used, the file of keys cannot be read, or the recogniser or
    translator cannot be used, or MissingExtra if the extra ``serve``, or the package of one of these, is not installed.
    """
    if desktop_entry:
        return Made.of(MadeFile(path=write_desktop_entry()))
    tools = language_tools(recogniser, translator)
    keys = () if api_key_file is None else read_keys(api_key_file)
    usual = ServerSettings(port=port, has_warm_up=True, max_upload_mb=MAX_UPLOAD_MB, max_files_gb=MAX_FILES_GB)
    settings = replace(usual, host=host, keys=keys, lexicon=checked_lexicon(lexicon), tools=tools)
    try:
        from .routes import studio_routes
    except ImportError as error:
        raise MissingExtra(f"studio needs the extra serve; {how_to_install('serve')}.") from error
    if settings == usual and is_running(port):
        open_running(port, in_browser=not no_browser)
        return Made(out=STANDARD_STREAM)
    if not settings.is_local and not keys:
        settings = replace(settings, keys=(new_key(),))

    def announce(address: str) -> str:
        entrance, *others = addresses_with_key(address, settings.keys[0]) if settings.keys else [address]
        if not no_browser:
            threading.Thread(target=webbrowser.open, args=[entrance], daemon=True).start()
        threading.Thread(target=warm_up, args=[address, *settings.keys[:1]], daemon=True).start()
        if not settings.is_local:
            print(qr_code(entrance), file=sys.stderr)
        return "\n".join([f"The studio is at {entrance}", *(f"             and at {other}" for other in others)])

    routes = studio_routes(settings.runs_folder)
    if settings.keys:
        routes.append(enter_route(settings.keys))
    listen(settings, announce, routes, open_paths=(ENTER_PATH, MANIFEST_PATH))
    return Made(out=STANDARD_STREAM)


def warm_up(address: str, key: str = "") -> None:
    """Load what the page asks for first, start the processes that run tasks, and make the examples."""
    from .examples import prepare_examples
    from .routes import describe_all

    describe_all()
    with suppress(OSError, http.client.HTTPException):  # the command has ended
        connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=WARM_UP_SECONDS)
        connection.request("GET", "/v1/tasks", headers={"Authorization": f"Bearer {key}"} if key else {})
        connection.getresponse().read()
        connection.close()
    with suppress(WavewrightError):  # a model that is damaged or missing; the page names the reason
        prepare_examples()


def open_running(port: int, *, in_browser: bool) -> None:
    """Say where the studio is that runs, and open its page."""
    address = f"http://{LOCAL_HOST}:{port}"
    print(f"A studio runs at {address} already.", file=sys.stderr, flush=True)
    if in_browser:
        webbrowser.open(address)


def is_running(port: int) -> bool:
    """Return whether a studio without keys answers at a port of this machine; the page of another one stays closed."""
    if not port:
        return False
    connection = http.client.HTTPConnection(LOCAL_HOST, port, timeout=RUNNING_SECONDS)
    try:
        connection.request("GET", "/")
        return PAGE_TITLE in connection.getresponse().read(MAX_HEAD_BYTES)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
