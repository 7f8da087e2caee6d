"""A small world on loopback: exporters of a fictional country that send real datagrams about real packets.

The demo and the tests use it instead of mocks; it knows what it truly sent, so that what was detected
can be compared with it.
"""
