"""Facts become state and effects here; they are stored first and acted upon afterwards.

`step` says what a fact means, `node` stores facts and carries out effects, `ledger_check` proves what
was stored. The other files are what the doors ask for: configuration, the collector's loop, the demo.
Files are imported by name, so that a command loads no more than it needs.
"""
