"""The hotline's rim: paths to peers, keys in files and tokens, stores; imported by name where needed."""
