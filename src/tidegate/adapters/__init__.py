"""The rim: how the outside really is (sockets, files, databases, the clock), each behind a port.

Files are imported by name where they are needed; this door loads nothing, so that `--help` stays quick.
"""
