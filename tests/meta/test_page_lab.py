# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages' lab is what it says, as Python's own HTTP and TLS see it."""

import gzip
import http.client
import json
import os
import socket
import ssl
import sys
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, main, same  # noqa: E402
from pages import DAY, HOUR, NOW, RESOLVER, Doc, document  # noqa: E402
import message as m  # noqa: E402
import servers  # noqa: E402
import web  # noqa: E402

HOST, AT4, AT6 = "status.example.org", "192.0.2.80", "2001:db8:1::80"
PATH = "/api/v2/summary.json"
WELL = "statuspage/all-well.json"


def get(lab, address, path=PATH, header=None, host=HOST):
    """The reply, with its body as "body"; TLS goes by the lab's time."""
    context = ssl.create_default_context(cafile=lab.ca_file())
    if lab.clock_s:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    peer = http.client.HTTPSConnection(address, context=context, timeout=10)
    peer.sock = context.wrap_socket(
        socket.create_connection((address, 443), 10), server_hostname=host)
    try:
        peer.request("GET", path, headers={"Host": host, **(header or {})})
        got = peer.getresponse()
        got.body = got.read()
        return got
    finally:
        peer.close()


@case("nginx serves a document on both families, and notes who asked")
def serves(lab):
    site = lab.site(HOST, f"{AT4} {AT6}", {PATH: Doc(WELL)})
    lab.dns()
    lab.start()
    for address in (AT4, AT6):
        got = get(lab, address)
        same((got.status, got.body), (200, document(WELL)), address)
        same(got.getheader("Content-Type"), "application/json", "media")
    same([(row.address, row.host, row.status) for row in site.asked(PATH)],
         [(AT4, HOST, "200"), (AT6, HOST, "200")], "asked")
    same(lab.resolve(RESOLVER, HOST), [AT4], "the resolver's answer")


@case("conditional requests: 304 for what is the same, 200 for what is new")
def conditional(lab):
    site = lab.site(HOST, AT4, {PATH: Doc(WELL)})
    lab.start()
    first = get(lab, AT4)
    for name, value in (("If-None-Match", first.getheader("ETag")),
                        ("If-Modified-Since",
                         first.getheader("Last-Modified"))):
        same(get(lab, AT4, header={name: value}).status, 304, name)
    site.shows(PATH, Doc("statuspage/incident.json", changed=NOW))
    got = get(lab, AT4, header={"If-None-Match": first.getheader("ETag")})
    same((got.status, got.body),
         (200, document("statuspage/incident.json")), "changed")
    same([row.status for row in site.asked()], ["200", "304", "304", "200"],
         "statuses")
    lab.stop()
    lab.site(HOST, AT4, {PATH: Doc(WELL)}, tags=False)
    lab.start()
    got = get(lab, AT4)
    same([got.getheader(n) for n in ("ETag", "Last-Modified")],
         [None, None], "tags")


@case("a page becomes another one, an error, a redirect, and itself again")
def changes(lab):
    site = lab.site(HOST, AT4, {PATH: Doc(WELL), "/": Doc(
        b"<p>hello", "text/html", header={"Cache-Control": "max-age=60"})})
    site.gzip = True
    lab.start()
    same(get(lab, AT4, "/").getheader("Cache-Control"), "max-age=60", "header")
    got = get(lab, AT4, header={"Accept-Encoding": "gzip"})
    same(gzip.decompress(got.body), document(WELL), "unpacked")
    site.shows(PATH, Doc(b"sorry", status=503))
    got = get(lab, AT4)
    same((got.status, got.body), (503, b"sorry"), "an error")
    site.shows(PATH, Doc(redirect="https://elsewhere.example.net/"))
    got = get(lab, AT4)
    same((got.status, got.getheader("Location")),
         (301, "https://elsewhere.example.net/"), "a redirect")
    site.shows(PATH, Doc(WELL))
    same(get(lab, AT4).body, document(WELL), "as it was")


@case("the time is the lab's own, and stands until it is told to go on")
def time_is_ours(lab):
    lab.at(NOW)
    lab.site(HOST, AT4, {PATH: Doc(WELL)})
    lab.start()
    same(get(lab, AT4).getheader("Date"), "Mon, 03 Aug 2026 10:45:00 GMT",
         "at first")
    lab.later(4 * HOUR)
    same(get(lab, AT4).getheader("Date"), "Mon, 03 Aug 2026 14:45:00 GMT",
         "later")
    cert = lab.certificate("other.example.org", end_s=DAY)
    text = servers.run_tool(["openssl", "x509", "-in", cert.own_path,
                             "-noout", "-enddate"])
    check("Aug  4" in text or "Aug  3" in text, text)


@case("several hosts at an address, each with its certificate")
def vhosts(lab):
    site = lab.site(HOST, AT4, {PATH: Doc(WELL)})
    site.also("other.example.org", {"/": Doc(b"other")})
    lab.start()
    for host, path, body in ((HOST, PATH, document(WELL)),
                             ("other.example.org", "/", b"other")):
        same(get(lab, AT4, path, host=host).body, body, host)


@case("a scripted server: what it sends is what arrives")
def scripted(lab):
    bomb = web.reply(web.bomb(1 << 20), content_encoding="gzip")
    server = lab.web(HOST, AT4, web.serve(web.by_path({
        "/a": web.sends(web.reply("hello", date=web.date(lab))),
        "/b": web.sends(bomb)}), lab.certificate(HOST)))
    lab.start()
    same(get(lab, AT4, "/a").body, b"hello", "body")
    got = get(lab, AT4, "/b")
    check(len(got.body) < 5000, "packed")
    same(zlib.decompress(got.body, 31), b" " * (1 << 20), "unpacked")
    same(get(lab, AT4, "/c").status, 404, "elsewhere")
    same([r.path for r in server.requests], ["/a", "/b", "/c"], "requests")


@case("addresses that are closed, silent, lost")
def dead(lab):
    lab.site(HOST, AT4, {PATH: Doc(WELL)})
    lab.dead(HOST, "198.51.100.80 198.51.100.81")
    lab.start()
    lab.net.silence("198.51.100.81")
    for address, error in (("198.51.100.80", ConnectionRefusedError),
                           ("198.51.100.81", TimeoutError)):
        try:
            socket.create_connection((address, 443), 0.2).close()
            raise AssertionError(f"{address} answers")
        except OSError as seen:
            check(isinstance(seen, error), f"{address}: {seen!r}")
    reply = servers.ask(RESOLVER, HOST, m.A, 5, flags=m.RD)
    same(reply, None, "no resolver runs unless it is asked for")


if __name__ == "__main__":
    main()
