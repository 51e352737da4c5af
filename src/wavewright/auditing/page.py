"""The report of an audit as a page that loads nothing."""

from __future__ import annotations

from html import escape

from .report import AuditReport, limits_text, sections
from .verdicts import RECITES, SUSPICIOUS

STYLE = """body{font:16px/1.55 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#2b2b33}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}li{margin:.25rem 0;overflow-wrap:anywhere}
.verdict{padding:.6rem .9rem;border-left:.35rem solid #2f8f6b;background:#e7f4ee}
.bad{border-color:#c2571a;background:#fbeee4}.doubt{border-color:#b8912b;background:#f8f3e2}
@media(prefers-color-scheme:dark){body{background:#1c1c22;color:#e6e6ee}.verdict{background:#1f3a2f}
.bad{background:#3f2a1c}.doubt{background:#39331f}}"""

CLASSES = {RECITES: "verdict bad", SUSPICIOUS: "verdict doubt"}


def html_page(report: AuditReport) -> str:
    """Return the page: the verdict first, then each question with its sentences."""
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>Audit of {escape(report.model)}</title><style>{STYLE}</style></head><body><main>",
        f"<h1>Audit of {escape(report.by)}</h1>",
        f"<p>Family {escape(report.family)}; {report.n_recordings} files in {escape(str(report.folder))}, "
        f"{report.n_different} of them different.</p>",
    ]
    if report.recitation is not None:
        verdict = report.verdict
        parts.append(f'<p class="{CLASSES.get(verdict, "verdict")}">Recitation: {escape(verdict)}.</p>')
    for title, (first, *others) in sections(report):
        items = "".join(f"<li>{escape(sentence)}</li>" for sentence in others)
        parts.append(f"<h2>{escape(title)}</h2><p>{escape(first)}</p>{f'<ul>{items}</ul>' if items else ''}")
    parts.append(f"<h2>How it was measured</h2><p>{escape(limits_text(report))}</p></main></body></html>")
    return "\n".join(parts) + "\n"
