"""Audits as the doors ask for them: found out, read, answered, told."""
