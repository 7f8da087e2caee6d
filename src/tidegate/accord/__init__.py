"""Agreements as obligations with clocks and evidence: what is owed, whether it was kept, what comes next.

Facts come in as occurrences, and a standing comes out; nothing here reads a clock or a store, and nothing
here accuses anybody.
"""
