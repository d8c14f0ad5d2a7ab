# SPDX-License-Identifier: GPL-3.0-or-later
"""What servers do to those who ask them: behaviours for scripted.py."""

import struct
import time

import message as m

PATIENCE_S = 60  # for what an answer waits for


def honest(ask):
    """As it should be."""
    return ask.honest()


def silent(_):
    """Nothing, ever; a connection is accepted and then held."""
    return None


def late(seconds):
    """The right answer, after a while."""
    return lambda ask: [("wait", seconds), ask.honest()]


def after(holds):
    """The right answer, as soon as a function is true; nobody else is
    answered before."""
    def behaviour(ask):
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            if time.monotonic() > deadline:
                return None
            time.sleep(0.005)
        return ask.honest()
    return behaviour


def drops_first(ask):
    """The first packet of every question gets lost."""
    if ask.transport == "udp" and ask.count == 1:
        return None
    return ask.honest()


def over(transport, behaviour):
    """Misbehaves over one transport, answers over the other."""
    return lambda ask: (behaviour(ask) if ask.transport == transport
                        else ask.honest())


def flags(value):
    """The right answer under other header flags."""
    return lambda ask: ask.honest(flags=value)


def rcode(value):
    """An error and nothing else."""
    return lambda ask: m.reply(ask.query, flags=0, rcode=value)


def wrong_id(ask):
    """An answer to another question's number."""
    return ask.honest(ident=ask.query.id ^ 0x5555)


def wrong_question(ask):
    """An answer that quotes a question that nobody asked."""
    other = m.Query(m.query("other.example", ask.query.type, ask.query.id))
    return ask.honest(section=other.question)


def wrong_source(address):
    """An answer from an address that was not asked."""
    return lambda ask: ([("from", address, ask.honest())]
                        if ask.transport == "udp" else ask.honest())


def not_a_response(ask):
    """The right answer without the QR bit."""
    reply = bytearray(ask.honest())
    reply[2] &= 0x7F
    return bytes(reply)


def truncated(ask):
    """TC and nothing else, over TCP as well."""
    return m.reply(ask.query, flags=m.AA | m.TC)


def rate_limited(ask):
    """TC over UDP, the answer over TCP."""
    return truncated(ask) if ask.transport == "udp" else ask.honest()


def upward(ask):
    """A referral to the root instead of an answer."""
    return m.reply(ask.query, flags=0, authority=[
        m.record(".", m.NS, "a.root-servers.net")])


def empty(ask):
    """NOERROR without a record."""
    return m.reply(ask.query)


def garbage(ask):
    """Bytes that are no message, under the right number."""
    return struct.pack("!H", ask.query.id) + b"\xff" * 300


def short(ask):
    """Less than a header."""
    return struct.pack("!H", ask.query.id) + b"\x84"


def cut_record(ask):
    """A message that ends inside its last record."""
    return ask.honest(edns=False)[:-3]


def compression_loop(ask):
    """The answer's owner name points to itself."""
    at = 12 + len(ask.query.question)
    loop = struct.pack("!H", 0xC000 | at)
    return m.reply(ask.query, answer=[
        loop + struct.pack("!HHIH", m.SOA, 1, 60, 2) + loop])


def huge(ask):
    """As much as a message can hold, more than was offered over UDP."""
    text = [m.record(ask.query.name, m.TXT, "x" * 250) for _ in range(
        200 if ask.transport == "tcp" else 15)]
    reply = ask.honest(additional=text)
    return reply if ask.transport == "tcp" else [("from", ask.address, reply)]


def large(ask):
    """As much as a message can hold, so TC over UDP."""
    return ask.honest(additional=[
        m.record(ask.query.name, m.TXT, "x" * 250) for _ in range(200)])


def many_counts(ask):
    """Counts in the header that no message could hold."""
    reply = bytearray(ask.honest())
    reply[6:12] = b"\xff" * 6
    return bytes(reply)


def tcp_cut(ask):
    """A connection that ends midway through the answer."""
    reply = ask.honest()
    return [("raw", struct.pack("!H", len(reply)) + reply[:20]), ("close",)]


def tcp_close(_):
    """A connection that ends without a word."""
    return [("close",)]


def tcp_wrong_length(ask):
    """A length that promises more than there is, and then nothing."""
    reply = ask.honest()
    return [("raw", struct.pack("!H", 60000) + reply)]


def tcp_drip(ask):
    """An answer that comes a byte at a time, for ever too slow."""
    reply = ask.honest()
    steps = [("raw", struct.pack("!H", len(reply)))]
    for byte in reply:
        steps += [("wait", 0.4), ("raw", bytes([byte]))]
    return steps


def no_edns(value):
    """Refuses a question with an OPT record by this error."""
    return lambda ask: (m.reply(ask.query, flags=0, rcode=value, edns=False)
                        if ask.query.has_edns else ask.honest())


def edns_dropped(ask):
    """Stays silent at an OPT record."""
    return None if ask.query.has_edns else ask.honest()


def edns_ignored(ask):
    """Answers as if there were no OPT record."""
    return ask.honest(edns=False)


def resolves(ask):
    """An answer from a cache to whoever asks about anything."""
    reply = ask.honest()
    if not reply[3] & 15 == m.REFUSED:
        return reply
    return m.reply(ask.query, flags=m.RA, answer=[
        m.record(ask.query.name, m.A, "203.0.113.99"),
        m.record(ask.query.name, m.NS, "ns.example.com")])


def referral(zone, ns, glue=()):
    """A referral to the same servers for whatever is asked."""
    def behaviour(ask):
        name = zone or ask.query.name
        return m.reply(ask.query, flags=0, authority=[
            m.record(name, m.NS, n) for n in ns], additional=[
                m.record(n, m.AAAA if ":" in a else m.A, a)
                for n, a in glue])
    return behaviour


def cname(to):
    """An alias for every question; to makes the target from the name."""
    return lambda ask: m.reply(ask.query, answer=[
        m.record(ask.query.name, m.CNAME, to(ask.query.name))])


def either(test, behaviour, otherwise=honest):
    """One behaviour where the test of the question holds."""
    return lambda ask: (behaviour if test(ask.query) else otherwise)(ask)


def relay(address, *types):
    """What the server at an address says, without records of these types."""
    def behaviour(ask):
        reply = ask.relayed(address)
        return reply and m.without(reply, types)
    return behaviour


def denies_as(address, other, test):
    """Where the test of the question holds, the denial of another name."""
    def behaviour(ask):
        if not test(ask.query):
            return ask.relayed(address)
        asked = ask.query
        ask.query = m.Query(m.query(other, asked.type, asked.id,
                                    wants_dnssec=True))
        reply = ask.relayed(address)
        return m.with_question(reply, asked)
    return behaviour
