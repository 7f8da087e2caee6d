"""What still reaches what after a change: a world, a scenario, and the answers for people and networks.

Everything here is a value or a pure function; nothing can carry a cut out. Import files by name.
"""
