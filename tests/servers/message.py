# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS messages as bytes, just enough for servers that misbehave on purpose."""

import ipaddress
import struct

A, NS, CNAME, SOA, MX, TXT = 1, 2, 5, 6, 15, 16
AAAA, DNAME, OPT, DS = 28, 39, 41, 43
TSIG, AXFR, ANY = 250, 252, 255
TYPES = {"A": A, "NS": NS, "CNAME": CNAME, "SOA": SOA, "TXT": TXT,
         "AAAA": AAAA, "DNAME": DNAME}
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)
RRSIG, NSEC, DNSKEY, NSEC3, NSEC3PARAM = 46, 47, 48, 50, 51
QR, AA, TC, RD, RA = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080
AD, CD = 0x0020, 0x0010
DO = 0x8000  # among the flags of the OPT record
NSID, EXPIRE, EDE = 3, 9, 15  # options of the OPT record


def wire_name(name):
    """A name in wire form, not compressed."""
    labels = [label for label in name.strip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode("ascii")
                    for label in labels) + b"\0"


def read_name(data, at):
    """The name at an offset, in lower case, and the offset behind it."""
    labels, end = [], None
    for _ in range(128):
        length = data[at]
        if length >= 0xC0:
            end = end or at + 2
            at = (length & 0x3F) << 8 | data[at + 1]
        elif length:
            labels.append(data[at + 1:at + 1 + length].decode("latin-1"))
            at += 1 + length
        else:
            return ".".join(labels).lower() or ".", end or at + 1
    raise ValueError("a name without an end")


def read_reply(data):
    """(rcode, flags, [(owner, type, data) of the answer section])."""
    _, flags, questions, answers = struct.unpack("!4H", data[:8])
    at, found = 12, []
    for _ in range(questions):
        at = read_name(data, at)[1] + 4
    for _ in range(answers):
        name, at = read_name(data, at)
        rtype, _, _, length = struct.unpack("!HHIH", data[at:at + 10])
        found.append((name, rtype, data[at + 10:at + 10 + length]))
        at += 10 + length
    return flags & 15, flags, found


def soa_numbers(data):
    """The serial and the timers at the end of an SOA's data."""
    return struct.unpack("!5I", data[-20:])


def read_data(data, at, rtype, length):
    """The data of a record with its names in full; RRSIG and NSEC have them
    so already (RFC 4034)."""
    fixed = {MX: 2}.get(rtype, 0)
    names = {NS: 1, CNAME: 1, DNAME: 1, MX: 1, SOA: 2}.get(rtype, 0)
    end, parts = at + length, [data[at:at + fixed]]
    at += fixed
    for _ in range(names):
        name, at = read_name(data, at)
        parts.append(wire_name(name))
    return b"".join(parts) + data[at:end]


def read_sections(data):
    """The answer, authority and additional section of a reply, each a list
    of (owner, type, class, ttl, data with its names in full)."""
    _, _, questions, *counts = struct.unpack("!6H", data[:12])
    at, sections = 12, []
    for _ in range(questions):
        at = read_name(data, at)[1] + 4
    for count in counts:
        sections.append([])
        for _ in range(count):
            name, at = read_name(data, at)
            rtype, rclass, ttl, length = struct.unpack(
                "!HHIH", data[at:at + 10])
            sections[-1].append((name, rtype, rclass, ttl, read_data(
                data, at + 10, rtype, length)))
            at += 10 + length
    return sections


def without(reply, types):
    """A reply without the records of these types and their signatures."""
    def stays(record):
        covered = (struct.unpack("!H", record[4][:2])[0]
                   if record[1] == RRSIG else None)
        return record[1] not in types and covered not in types

    return assemble(reply, reply[12:read_name(reply, 12)[1] + 4],
                    [filter(stays, s) for s in read_sections(reply)])


def with_question(reply, query):
    """A reply to one question passed off as one to another."""
    return assemble(reply, query.question, read_sections(reply))


def assemble(reply, question, sections):
    """The reply's header before another question and other sections."""
    sections = [[wire_name(name) + struct.pack(
        "!HHIH", rtype, rclass, ttl, len(data)) + data
        for name, rtype, rclass, ttl, data in section]
        for section in sections]
    return (reply[:6] + struct.pack("!3H", *map(len, sections)) + question
            + b"".join(record for section in sections for record in section))


class Query:
    """A question as it came in."""

    def __init__(self, data):
        self.data = data
        self.id, self.flags, _, _, _, extra = struct.unpack(
            "!6H", data[:12])
        self.name, end = read_name(data, 12)
        self.type, self.qclass = struct.unpack("!HH", data[end:end + 4])
        self.question = data[12:end + 4]
        self.payload = 512
        self.has_edns = False
        self.options = {}  # code: data
        self.tsig = None  # the data of its TSIG record
        end += 4
        for _ in range(extra):
            _, end = read_name(data, end)
            rtype, size, _, length = struct.unpack("!HHIH",
                                                   data[end:end + 10])
            value = data[end + 10:end + 10 + length]
            end += 10 + length
            if rtype == OPT:
                self.has_edns = True
                self.payload = max(512, size)
                self.options = dict(read_options(value))
            elif rtype == TSIG:
                self.tsig = value


def rdata(rtype, value):
    """The data of a record from its text; bytes are data already."""
    if isinstance(value, bytes):
        return value
    if rtype == A or rtype == AAAA:
        return ipaddress.ip_address(value).packed
    if rtype in (NS, CNAME, DNAME):
        return wire_name(value)
    if rtype == SOA:
        mname, rname, *numbers = value.split()
        return (wire_name(mname) + wire_name(rname)
                + struct.pack("!5I", *map(int, numbers)))
    if rtype == TXT:
        text = value.encode("ascii")
        return bytes([len(text)]) + text
    return value


def record(name, rtype, value, ttl=3600):
    """One record in wire form."""
    data = rdata(rtype, value)
    return (wire_name(name) + struct.pack("!HHIH", rtype, 1, ttl, len(data))
            + data)


def read_options(data):
    """(code, data) of each option of an OPT record."""
    while data:
        code, length = struct.unpack("!HH", data[:4])
        yield code, data[4:4 + length]
        data = data[4 + length:]


def option(code, data):
    """One option of an OPT record."""
    return struct.pack("!HH", code, len(data)) + data


def expire(seconds):
    """For how long the zone is still served (RFC 7314)."""
    return option(EXPIRE, struct.pack("!I", seconds))


def ede(code, text=b""):
    """An extended error (RFC 8914)."""
    return option(EDE, struct.pack("!H", code) + text)


def opt_record(options=(), size=1232, flags=0):
    """The OPT record of a message."""
    data = b"".join(options)
    return b"\0" + struct.pack("!HHIH", OPT, size, flags, len(data)) + data


def query(name, rtype, ident=0x1234, flags=0, wants_dnssec=False, options=()):
    """A question, with EDNS options in wire form."""
    has_edns = wants_dnssec or bool(options)
    return (struct.pack("!6H", ident, flags, 1, 0, 0, int(has_edns))
            + wire_name(name) + struct.pack("!HH", rtype, 1)
            + (opt_record(options, 4096, DO if wants_dnssec else 0)
               if has_edns else b""))


def reply(question, flags=AA, rcode=NOERROR, answer=(), authority=(),
          additional=(), edns=None, ident=None, section=None, options=()):
    """A reply to a Query, from records and EDNS options in wire form."""
    additional = list(additional)
    if question.has_edns if edns is None else edns:
        additional.append(opt_record(options))
    head = struct.pack(
        "!6H", question.id if ident is None else ident,
        QR | (question.flags & RD) | flags | rcode, 1, len(answer),
        len(authority), len(additional))
    return b"".join([head, question.question if section is None else section,
                     *answer, *authority, *additional])
