"""The studio: one page on the server, where sounds are made, compared and edited in a browser.

The page in ``page/`` is plain HTML, CSS and JavaScript without dependencies and without a build step. It calls the
tasks of the server; the routes here answer what only the page asks for. This package needs the extra ``serve``.
"""
