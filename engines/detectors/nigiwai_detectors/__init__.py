"""What Nigiwai's own engines share: the networks, geometry, and the background's word.

No engine, only a library: an engine of somebody else needs nothing of this.
"""
