# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP servers that do what real ones refuse to do.

A behaviour is a function of a Connection (smtp.py) that talks until it has
enough. Most are made by serve(), which reads a request, over TLS where it has
a certificate, and hands it to a function that answers it:

    lab.web("status.example.org", "192.0.2.80", web.serve(
        web.sends(web.reply(body)), cert))
"""

import collections
import gzip
import io
import threading
import time
import zlib

import smtp
from smtp import Over

MIB = 1 << 20
END = b"\r\n"

# head: its lines, the first is the request; header: {name in lower case:
# value}; at: which address of the server's own was asked; count: which request
# to this address it is, from 1.
Request = collections.namedtuple("Request", "method path header head at count")


class Scripted(smtp.Scripted):
    """A server in threads of the lab, that notes the requests."""

    kind = "scripted-web"
    port = 443

    def __init__(self, lab, addresses, behaviour, port=443):
        super().__init__(lab, addresses, behaviour)
        self.port = port
        self.requests = []


def read_request(connection):
    """The next request; None where the peer has gone."""
    head = []
    while True:
        line = connection.hear()
        if line is None:
            return None
        if line:
            head.append(line)
        elif head:
            break
    method, _, rest = head[0].partition(" ")
    header = dict((name.strip().lower(), value.strip()) for name, _, value in
                  (line.partition(":") for line in head[1:]))
    server = connection.server
    with server.lock:
        count = 1 + sum(r.at == connection.address for r in server.requests)
        request = Request(method, rest.rpartition(" ")[0], header, head,
                          connection.address, count)
        server.requests.append(request)
    return request


def serve(answer, cert=None):
    """Reads requests and has them answered; answer is a function of the
    Connection and the Request, and raises Over to end the connection."""
    def behaviour(connection):
        if cert:
            connection.encrypt(cert)
        while True:
            request = read_request(connection)
            if request is None:
                return
            answer(connection, request)
    return behaviour


def date(lab, skew=0):
    """What the header Date says at the lab's time, or off by a skew."""
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT",
                         time.gmtime(lab.now() + skew))


def head_of(status=200, header=(), reason="Told"):
    """The head of a reply; header: pairs, or lines as bytes."""
    lines = [f"HTTP/1.1 {status} {reason}".encode()]
    for entry in header.items() if isinstance(header, dict) else header:
        lines.append(entry if isinstance(entry, bytes)
                     else f"{entry[0]}: {entry[1]}".encode())
    return END.join(lines) + END + END


def reply(body=b"", status=200, media="application/json", **header):
    """A whole reply, with its length; header: "-" of names as "_", None for
    one that is left out."""
    body = body.encode() if isinstance(body, str) else body
    header = {"content_type": media, "content_length": len(body),
              "connection": "close", **header}
    return head_of(status, {n.replace("_", "-"): v for n, v in header.items()
                            if v is not None}) + body


def sends(*chunks):
    """Sends bytes to each request and ends the connection."""
    def answer(connection, _):
        for chunk in chunks:
            connection.send(chunk)
        raise Over
    return answer


def by_path(answers, otherwise=None):
    """An answer by the path that is asked for."""
    def answer(connection, request):
        chosen = answers.get(request.path, otherwise)
        (chosen or sends(reply("not here", 404)))(connection, request)
    return answer


def in_turn(*answers):
    """The first answer to the first request at an address, and so on; the last
    one is for all that come later."""
    def answer(connection, request):
        answers[min(request.count, len(answers)) - 1](connection, request)
    return answer


def late(seconds, answer):
    """Answers after a while."""
    def waits(connection, request):
        connection.wait(seconds)
        answer(connection, request)
    return waits


def together(many, answer, most_s=8):
    """Answers once so many have asked: all that do it at once, or none."""
    asked = threading.Barrier(many)

    def waits(connection, request):
        try:
            asked.wait(most_s)
        except threading.BrokenBarrierError as error:
            raise Over from error
        answer(connection, request)
    return waits


def holds(*chunks):
    """Sends bytes, and then no more, until the peer has gone."""
    def answer(connection, _):
        for chunk in chunks:
            connection.send(chunk)
        connection.hold()
        raise Over
    return answer


def trickles(data, every_s=0.1, at_once=0):
    """Sends bytes one by one, but the first few."""
    def answer(connection, _):
        connection.send(data[:at_once])
        for byte in data[at_once:]:
            connection.send(bytes([byte]))
            connection.wait(every_s)
        raise Over
    return answer


def repeats(first, chunk, most=64 * MIB):
    """Sends a chunk again and again, after something else."""
    def answer(connection, _):
        connection.send(first)
        sent = 0
        while sent < most:
            connection.send(chunk)
            sent += len(chunk)
        raise Over
    return answer


def resets(*chunks):
    """Sends bytes and ends the connection by a reset."""
    def answer(connection, _):
        for chunk in chunks:
            connection.send(chunk)
        connection.reset()
        raise Over
    return answer


def chunked(*pieces):
    """The body as chunks, with the last one that is empty."""
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p)
                    for p in (*pieces, b""))


# Connections that come to no request.

def silent(connection):
    """Accepts the connection and never says a word."""
    connection.hold()


def shuts(_):
    """Accepts the connection and ends it at once."""


def resets_at_once(connection):
    """Accepts the connection and resets it."""
    connection.reset()


def no_handshake(connection):
    """Hears what TLS begins with, and says nothing."""
    connection.hold()


def garbles_handshake(connection):
    """Answers what TLS begins with by rubbish."""
    connection.sock.recv(4096)
    connection.send(b"\x16\x03\x03\x40\x00" + bytes(range(256)) * 16)


def speaks_smtp(connection):
    """Greets as a mail exchanger does."""
    connection.say("220 mx.example ESMTP")
    connection.hold()


# Bodies that are more than they seem.

def bomb(size, wbits=31, prefix=b"", byte=b" "):
    """So many bytes of the same, packed; wbits: 31 gzip, 15 zlib, -15 raw."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    out = io.BytesIO()
    out.write(packer.compress(prefix))
    chunk = byte * MIB
    left = size
    while left > 0:
        out.write(packer.compress(chunk[:left]))
        left -= len(chunk)
    out.write(packer.flush())
    return out.getvalue()


def packed(body, times=1):
    """A body packed by gzip, so many times."""
    for _ in range(times):
        body = gzip.compress(body)
    return body


def nested_json(depth):
    """Arrays in arrays, as an incident's impact."""
    return (b'{"page":{"id":"p"},"status":{"indicator":' + b"[" * depth
            + b"]" * depth + b"}}")


def nested_xml(depth):
    """Elements in elements of a feed."""
    return (b'<?xml version="1.0"?><rss version="2.0"><channel>'
            + b"<item>" * depth + b"</item>" * depth + b"</channel></rss>")


def laughs(levels=12):
    """Entities that are made of entities, each ten times as long."""
    lines = [b'<!ENTITY l0 "' + b"ha" * 100 + b'">']
    for level in range(1, levels):
        lines.append(b'<!ENTITY l%d "%s">' % (
            level, b"&l%d;" % (level - 1) * 10))
    return (b'<?xml version="1.0"?><!DOCTYPE rss [' + b"".join(lines)
            + b']><rss version="2.0"><channel><title>&l%d;</title>'
            % (levels - 1) + b"<item><title>a</title></item></channel></rss>")


def external(path):
    """A feed with an entity that is to be read from a file of the host."""
    return (f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM '
            f'"file://{path}">]><rss version="2.0"><channel><title>&x;'
            "</title><item><title>&x; - Resolved</title></item></channel>"
            "</rss>").encode()
