"""Tidegate's figures, measured by one command beside the peers: `uv run python -m benchmarks`."""
