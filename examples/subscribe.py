#!/usr/bin/env python3
"""Prints the ticks of a running engine, and says when some are missing.

    apt-get install python3-zmq python3-msgpack        (or: pip install pyzmq msgpack)
    python3 subscribe.py [ENDPOINT [TOPIC...]]

ENDPOINT is tcp://127.0.0.1:5555 when absent, TOPIC is NSE_RELIANCE_QUOTE; STATUS/ brings events of the feeds.
"""
import sys

import msgpack
import zmq

endpoint, *topics = sys.argv[1:] or ["tcp://127.0.0.1:5555"]
socket = zmq.Context().socket(zmq.SUB)
socket.setsockopt(zmq.SNDHWM, 0)  # otherwise topics beyond the first 1,000 are not sent
for topic in topics or ["NSE_RELIANCE_QUOTE"]:
    socket.subscribe(topic)
socket.connect(endpoint)

last = {}
while True:
    topic, payload = socket.recv_multipart()
    tick = msgpack.unpackb(payload)
    if "type" in tick:
        print(tick, flush=True)
        continue
    # seq goes up by one from tick to tick; with another epoch it begins again. A snapshot repeats a seq.
    stream, seq = (topic, tick["broker"], tick["epoch"]), tick["seq"]
    before = last.get(stream, seq)
    if seq > before + 1:
        print(f"{seq - before - 1} ticks of {topic.decode()} are missing", flush=True)
    last[stream] = max(seq, before)
    print(topic.decode(), tick["ltp"], "seq", seq, flush=True)
