"""Whether a camera still sees what its background shows: moved, covered, refocused, dark (M7).

Light, colour, shadows and people come and go; edges stay. So the ``edges`` of a still are compared
with those of the background in force, in blocks of a small picture, whatever their contrast.
Places where people were found are left out, and where nothing can be told, nothing is said:
an alarm pauses the count.

What is plain in one still (a shift that lays the edges on top again, a blank in front of the
lens) is said at once. What might be a crowd that no engine found (other edges than expected) is
said only when the very same edges were there a capture earlier: a crowd does not stand still.
Of a capture only a sketch is kept for that (``sketches``).
"""
