"""Tasks of the command line as jobs over HTTP, computed by worker processes.

Files arrive as uploads or come from earlier jobs, results are files of the job's own folder; no request names a path.
"""
