"""What may be wrong with one analysis besides the connection and the file: one word each.

``Latest.detail`` holds such a word, or a ``Phase`` of the connection, or a
``PictureProblem``; screens put it into the reader's language.
"""

from enum import StrEnum


class Remark(StrEnum):
    """One word for what is not as it should be."""

    # With a count all the same.
    BACKGROUND_SHAPE = "background_shape"  # another shape than the picture: register it again
    BACKGROUND_UNLIKE = "background_unlike"  # it does not resemble the picture: not used
    BACKGROUND_UNREADABLE = "background_unreadable"  # the store did not give it
    PICTURE_NOT_STORED = "picture_not_stored"  # the store is full or away
    DARK = "dark"  # far darker than the background

    # Without a count.
    BLACK = "black"  # nothing is to be seen
    MOVED = "moved"  # the camera looks elsewhere than its background
    COVERED = "covered"  # something stands in front of it
    REFOCUSED = "refocused"  # it sees everything blurred
    FROZEN = "frozen"  # the same picture again and again
    SIZE_CHANGED = "size_changed"  # another size than before: the next one decides
    LATE = "late"  # the camera itself says that its picture is old
    NO_CONNECTOR = "no_connector"  # this kind of source is not installed
    SEALED = "sealed"  # the address was encrypted with another secret key
    AREAS_INVALID = "areas_invalid"  # who counts is not known: nobody may be drawn by mistake
    ENGINE_MISSING = "engine_missing"  # the AI mode is not installed
    ENGINE_SLOW = "engine_slow"  # it took too long
    ENGINE_ERROR = "engine_error"  # it failed on this picture
