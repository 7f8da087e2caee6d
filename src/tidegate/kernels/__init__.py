"""Bare arrays in, bare arrays out, compiled by Numba: decoding, counting and classifying flows.

Other rooms import a kernel from its own file, so that a command that needs none never loads Numba.
Every kernel has a slow, obvious twin in `tests/naive.py`.
"""
