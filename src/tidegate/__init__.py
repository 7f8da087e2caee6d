"""Tidegate: detect floods, hold them back with the least harm, and keep both sides talking."""

__version__ = "0.1.0"
