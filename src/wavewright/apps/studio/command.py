"""The command ``studio``: serve the page on this machine and open it in the browser."""

from __future__ import annotations

import http.client
import threading
import webbrowser
from contextlib import suppress
from typing import Annotated

from pydantic import Field

from ...base.errors import MissingExtra, how_to_install
from ...base.parameters import LexiconPath
from ...tasks import checked
from ..server.serve import checked_lexicon, listen
from ..server.settings import ServerSettings

WARM_UP_SECONDS = 60.0


@checked
def studio(
    port: Annotated[int, Field(description="Port; 0 for a free one.", ge=0, le=65_535)] = 8765,
    lexicon: LexiconPath = None,
    no_browser: Annotated[bool, Field(description="Do not open the page in the browser.")] = False,
) -> None:
    """Open a page in the browser to generate, morph, speak, enhance, edit, compose and train.

    Only this machine reaches the page, which loads nothing from elsewhere, until Ctrl-C or SIGTERM ends the command.

    Raises BadSetting if the port is in use or cannot be used, or MissingExtra if the extra ``serve`` is not installed.
    """
    settings = ServerSettings(port=port, has_warm_up=True, lexicon=checked_lexicon(lexicon))
    try:
        from .routes import describe_all, studio_routes
    except ImportError as error:
        raise MissingExtra(f"studio needs the extra serve; {how_to_install('serve')}.") from error

    def warm_up(address: str) -> None:
        """Load what the page asks for first, and start the processes that run tasks."""
        describe_all()
        with suppress(OSError, http.client.HTTPException):  # the command has ended
            connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=WARM_UP_SECONDS)
            connection.request("GET", "/v1/tasks")
            connection.getresponse().read()
            connection.close()

    def announce(address: str) -> str:
        if not no_browser:
            threading.Thread(target=webbrowser.open, args=[address], daemon=True).start()
        threading.Thread(target=warm_up, args=[address], daemon=True).start()
        return f"The studio is at {address}"

    listen(settings, announce, studio_routes(settings.runs_folder))
