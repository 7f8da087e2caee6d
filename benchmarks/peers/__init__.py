"""Other collectors from Debian packages, each started on loopback in a folder of its own, and what they say
of themselves.
"""
