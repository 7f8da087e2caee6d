"""Who is believed on the hotline, what is said there, how it is sealed, and how it comes to be delivered.

Everything here is a value, a pure function, or arithmetic on keys; nothing sends. Import files by name.
"""
