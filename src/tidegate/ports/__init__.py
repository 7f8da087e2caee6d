"""What the node needs of the outside, as protocols with their contracts written on them.

Adapters fulfil them; one conformance suite (tests/conformance) holds every adapter to the same words.
Files are imported by name, so that asking for a clock does not load arrays.
"""
