"""Accords in a node: what the ledger's messages mean under them, who signed which, and how they stand.

Nothing of an accord is stored beside the messages: its file is an attachment, its signatures are declarations
of the senior level, and all that happens under it is told by messages. So two nodes that hold the same
messages show the same standing.
"""
