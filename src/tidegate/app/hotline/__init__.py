"""The hotline at work: who we are, whom we met, what is sent, stored and receipted.

Files are imported by name.
"""
