# SPDX-License-Identifier: GPL-3.0-or-later
"""TSIG (RFC 8945) for scripted servers: HMAC-SHA256 and nothing else."""

import hashlib
import hmac
import struct
import time

import message as m

ALGORITHM = m.wire_name("hmac-sha256")
FUDGE_S = 300
BADSIG, BADKEY, BADTIME = 16, 17, 18


def request_mac(query):
    """The MAC of a question that was signed."""
    _, at = m.read_name(query.tsig, 0)
    size = struct.unpack("!H", query.tsig[at + 8:at + 10])[0]
    return query.tsig[at + 10:at + 10 + size]


class Signer:
    """Signs the messages of one reply, one after the other.

    key: a TransferKey of the lab. error and other are what the TSIG of each
    message says, clock_s how fast this server's clock is.
    """

    def __init__(self, key, query, error=0, other=b"", clock_s=0):
        self.key = key
        self.query = query
        self.error, self.other = error, other
        self.clock_s = clock_s
        self.mac = request_mac(query)
        self.is_first = True

    def sign(self, data):
        """The message with its TSIG record."""
        now = int(time.time()) + self.clock_s
        timers = struct.pack("!HIH", now >> 32, now & 0xffffffff, FUDGE_S)
        tail = struct.pack("!HH", self.error, len(self.other)) + self.other
        name = m.wire_name(self.key.name)
        digest = hmac.new(self.key.raw, digestmod=hashlib.sha256)
        digest.update(struct.pack("!H", len(self.mac)) + self.mac + data)
        if self.is_first:
            digest.update(name + struct.pack("!HI", m.ANY, 0) + ALGORITHM
                          + timers + tail)
        else:
            digest.update(timers)
        self.is_first = False
        self.mac = digest.digest()
        value = (ALGORITHM + timers + struct.pack("!H", len(self.mac))
                 + self.mac + struct.pack("!H", self.query.id) + tail)
        return with_record(data, name + struct.pack(
            "!HHIH", m.TSIG, m.ANY, 0, len(value)) + value)


def with_record(data, record):
    """A message with one more record at its end."""
    count = struct.unpack("!H", data[10:12])[0]
    return data[:10] + struct.pack("!H", count + 1) + data[12:] + record
