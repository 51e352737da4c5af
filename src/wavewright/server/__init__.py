"""An HTTP server: speech for clients of OpenAI's API, computed in steps by a few threads.

Requests become jobs of the `Scheduler`, which computes the job whose client runs out of audio first. Models are
loaded once and shared. This package needs the extra ``serve``.
"""
