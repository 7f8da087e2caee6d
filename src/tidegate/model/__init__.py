"""The shared words as frozen values: addresses, flow batches, exporters, attacks, facts and refusals.

Nothing here does anything to the world, and nothing here imports another room. Files are imported by name,
so that words about facts do not load arrays.
"""
