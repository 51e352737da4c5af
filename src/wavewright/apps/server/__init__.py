"""An HTTP server: speech for clients of OpenAI's API, computed in steps by a few threads, and every task as a job.

Requests for speech become jobs of the `Scheduler`, which computes the job whose client runs out of audio first. Models
are loaded once and shared. Tasks run in worker processes, see `jobs`. This package needs the extra ``serve``.
"""
