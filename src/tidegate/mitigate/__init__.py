"""From an attack to the least control that holds it: plans, the guard, approval, stages, verdicts.

Everything here is a value or a pure function; nothing announces. Import files by name.
"""
