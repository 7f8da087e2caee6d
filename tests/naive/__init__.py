"""The slow, obvious twins of the kernels, one file a subject, in plain Python."""
