"""What services stand on, and when they fall: observations become a graph, and a graph answers questions.

Everything here is a value or a pure function; nothing asks a network. Import files by name.
"""
