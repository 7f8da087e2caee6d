"""How often detection is right: captured attacks, rewritten, scaled and sampled, in weeks of made ordinary
traffic.
"""
