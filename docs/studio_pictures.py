"""Draw the pictures of docs/studio.md: the pads of the studio in light and dark; needs Playwright and Chromium.

python docs/studio_pictures.py
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path += [str(ROOT), str(ROOT / "tests")]

from studio_browser import Studio, running_browser  # noqa: E402 - in the folder that the line above names

from benchmarks.harness.servers import serving  # noqa: E402

SIZE = {"width": 1_080, "height": 760}
QUALITY = 60


def draw(studio: Studio, path: Path) -> None:
    """Generate clips of several kinds and write what the page looks like."""
    page = studio.page
    page.set_viewport_size(SIZE)
    studio.open("generate")
    page.locator("#generate-button").click()
    studio.status("8 clips in")
    studio.act(4, "Compare as B")
    studio.act(0, "Compare as A")
    page.wait_for_timeout(1_500)  # the clip that plays first ends
    page.mouse.move(0, 0)  # no button is drawn as under the pointer
    page.evaluate("scrollTo(0, 0)")
    picture = Image.open(io.BytesIO(page.screenshot()))
    picture.convert("RGB").save(path, quality=QUALITY, method=6)


def main() -> None:
    """Write docs/studio-light.webp and docs/studio-dark.webp."""
    with serving("studio", "--no-browser") as server, running_browser() as browser:
        for scheme in ("light", "dark"):
            studio = Studio(browser, f"http://127.0.0.1:{server.port}", color_scheme=scheme)
            draw(studio, ROOT / "docs" / f"studio-{scheme}.webp")
            studio.close()


if __name__ == "__main__":
    main()
