"""The commands as plain functions, each with its help, units and ranges on its parameters.

Parameters of several tasks are types in `wavewright.base.parameters`, and `wavewright.base.task_parameters` reads them:
`checked` validates calls from Python, and the command line is built from the same annotations. A parameter without a
default, or with ``POSITIONAL`` after its field, is an argument, any other one an option. A task returns a dataclass:
its text is printed, its fields are the output of ``--json``.
"""
