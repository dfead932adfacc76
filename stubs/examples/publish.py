"""Publishes events through Canyon's C library, with nothing but Python's ctypes.

    CANYON_LIBRARY=target/capi/release/libcanyon_publish.so \\
        python3 stubs/examples/publish.py /dev/shm/canyon-my-app my-app lobby hello '{"a":1}'
"""

import ctypes
import os
import sys

CANYON_OK, CANYON_FULL, CANYON_INVALID, CANYON_QUEUE, CANYON_BUSY, CANYON_INTERNAL = range(6)


class CanyonError(Exception):
    """What canyon_last_error() says; `status` is one of the constants above."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


class Publisher:
    """Publishes events of one application through one queue. Open one for each thread."""

    def __init__(self, queue, app_id, options="", library="libcanyon_publish.so"):
        self._handle = ctypes.c_void_p()
        self._canyon = canyon = ctypes.CDLL(library)
        canyon.canyon_open.argtypes = [ctypes.c_char_p] * 3 + [ctypes.POINTER(ctypes.c_void_p)]
        canyon.canyon_publish.argtypes = [
            ctypes.c_void_p,
            ctypes.POINTER(ctypes.c_char_p),
            ctypes.c_size_t,
            ctypes.c_char_p,
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.c_char_p,
        ]
        canyon.canyon_close.argtypes = [ctypes.c_void_p]
        canyon.canyon_close.restype = None
        canyon.canyon_last_error.restype = ctypes.c_char_p
        self._check(canyon.canyon_open(_text(queue), _text(app_id), _text(options), ctypes.byref(self._handle)))

    def publish(self, channels, event, data, except_socket_id=None):
        """Publish an event. Never waits; raises CanyonError if the queue is full or a name is not allowed."""
        names = (ctypes.c_char_p * len(channels))(*map(_text, channels))
        data = data.encode()
        except_socket_id = None if except_socket_id is None else _text(except_socket_id)
        self._check(
            self._canyon.canyon_publish(
                self._handle, names, len(names), _text(event), data, len(data), except_socket_id
            )
        )

    def close(self):
        self._canyon.canyon_close(self._handle)
        self._handle = ctypes.c_void_p()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _check(self, status):
        if status != CANYON_OK:
            raise CanyonError(status, self._canyon.canyon_last_error().decode())


def _text(text):
    """C ends a string at its first NUL: one in the middle would cut it short without a word."""
    encoded = text.encode()
    if b"\0" in encoded:
        raise ValueError(f"{text!r} holds a NUL character")
    return encoded


if __name__ == "__main__":
    if len(sys.argv) != 6:
        sys.exit(f"usage: {sys.argv[0]} QUEUE APP CHANNEL EVENT DATA")
    queue, app, channel, event, data = sys.argv[1:]
    try:
        with Publisher(queue, app, library=os.environ.get("CANYON_LIBRARY", "libcanyon_publish.so")) as publisher:
            publisher.publish([channel], event, data)
    except CanyonError as error:
        sys.exit(f"not published ({error.status}): {error}")
