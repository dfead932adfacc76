"""Calls Pusher's library for Python on behalf of the tests.

One call a line on standard input, as JSON: {"method", "args", "kwargs"}. One answer a line on standard output:
{"result"}, or {"error", "message"} with the class and the text of the exception. The first line of input are the
arguments of the client itself.
"""

import json
import sys

import pusher


def plain(value):
    """What JSON has no form for: the library answers a shared secret as bytes."""
    if isinstance(value, bytes):
        return value.decode()
    raise TypeError(f"{type(value).__name__} in an answer")


def main():
    client = pusher.Pusher(**json.loads(sys.stdin.readline()))
    for line in sys.stdin:
        call = json.loads(line)
        try:
            answer = {"result": getattr(client, call["method"])(*call["args"], **call["kwargs"])}
        except Exception as error:  # What the library raises is what the test is about.
            answer = {"error": type(error).__name__, "message": str(error)}
        print(json.dumps(answer, default=plain), flush=True)


main()
