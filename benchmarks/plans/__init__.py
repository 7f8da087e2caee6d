"""How good plans are: made networks and attacks whose truth is known, and captured attacks among them."""
