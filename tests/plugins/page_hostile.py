# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever owns a page, or stands before it, may send what he likes: a finding
that names him, in time and within bounds, and never a crash or a false OK."""

import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import STATES, case, check, main, same  # noqa: E402
from pages import NOW  # noqa: E402
from posts import (AT4, HOST, PATH, SHOP_URL, URL,  # noqa: E402
                   incident, page, says, summary)
import web  # noqa: E402

STALLED_S = 2  # -t where nothing else ends the run
RESIDENT_KB = 48 * 1024
NASTY = ("\x1b[2J\x1b]0;title\x07 | 'a'=1;2;3 \"quoted\" \\ %s%n $(rm) "
         "`id` \x7f\x01 \u202e\u2028 </script> [x-rule] UNKNOWN:")
PERFDATA = re.compile(r"[a-z0-9_]+=-?[0-9]+(\.[0-9]+)?(s|%|B)?"
                      r"(;[-0-9.:@~]*){0,4}")
DEAD = {"page-unreachable": None}
NO_PAGE = {"format-unknown": None}


def declare(lab, behaviour):
    """The page's only server does that."""
    lab.at(NOW)
    lab.web(HOST, AT4, behaviour)


def answers(lab, answer):
    """TLS is fine, and the answer is that."""
    lab.at(NOW)
    declare(lab, web.serve(answer, lab.certificate(HOST)))


def look(lab, *options):
    """Runs the plugin, which gives up nothing for want of time."""
    result = lab.look(URL, *options)
    same(result.json.get("timeout_stage"), None, "cut")
    same([a["address"] for a in result.json.get("addresses", ())
          if a["outcome"] == "timed_out"], [], "waited for")
    check(len(result.output) < 60000, f"{len(result.output)} bytes")
    return result


def look_stalled(lab, *options, timeout_s=STALLED_S):
    """Runs the plugin where but its time ends it."""
    return lab.look(URL, "-t", str(timeout_s), *options).in_time(timeout_s)


def resident(pid):
    """The most memory that a process has had so far, in kB; 0: it ended."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def is_sane(lab, state, *options):
    """What is printed is plain, short and of that state; memory is bounded."""
    command = [lab.plugin(), "-u", URL, "--address", AT4, "--ca-file",
               lab.ca_file(), "--no-state", *options]
    begin, peak = time.monotonic(), 0
    with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, errors="surrogateescape",
            env={**os.environ, **lab.environment}) as process:
        while True:
            peak = max(peak, resident(process.pid))
            try:
                output, errors = process.communicate(timeout=0.01)
                break
            except subprocess.TimeoutExpired:
                check(time.monotonic() - begin < 60, "it does not end")
    same(errors, "", "stderr")
    same(STATES[process.returncode], state, "state")
    with open(lab.plugin(), "rb") as program:
        if b"__asan_init" not in program.read():
            check(peak <= RESIDENT_KB, f"{peak} kB")
    text, _, data = output.partition("|")
    same(output.count("|"), 1, "bars")
    check(len(text.splitlines()[0]) <= 160, text.splitlines()[0])
    for item in data.split():
        check(PERFDATA.fullmatch(item), f"perfdata {item!r}")
    bad = [c for c in output if (ord(c) < 32 and c != "\n") or ord(c) == 127
           or 0x80 <= ord(c) < 0xa0 or ord(c) in (0x202e, 0x2028)
           or 0xd800 <= ord(c) < 0xe000]
    same(bad, [], "characters of control")
    return output


def add_answer(what, answer, state, rules):
    """What comes of an answer."""
    @case(what)
    def bad(lab):
        answers(lab, answer)
        result = look(lab)
        if rules is None:
            same(result.state, state, "state")
        else:
            result.expect(state, rules)
        is_sane(lab, state)


def add_stall(what, answer):
    """An answer that does not come to its end."""
    @case(what)
    def stalled(lab):
        answers(lab, answer)
        look_stalled(lab).expect("CRITICAL", DEAD)
        is_sane(lab, "CRITICAL", "-t", str(STALLED_S))


GOOD = web.reply(summary())
HEAD = web.head_of(200, {"Content-Type": "application/json"})
GZIP = {"Content-Type": "application/json", "Content-Encoding": "gzip",
        "Connection": "close"}
MIB = web.MIB


def head(**header):
    """The head of a reply of 200; "-" of names as "_"."""
    return web.head_of(200, {n.replace("_", "-"): v
                             for n, v in header.items()})


# Slow, or without an end.

add_stall("a head that trickles", web.trickles(GOOD, 0.2))
add_stall("a body that trickles", web.trickles(GOOD, 0.2, len(GOOD) - 60))
add_stall("a head and then nothing", web.holds(HEAD))
add_stall("half a body and then nothing", web.holds(GOOD[:-100]))
add_answer("a body without an end", web.repeats(HEAD, b" " * 65536),
           "CRITICAL", DEAD)
add_answer("a head without an end", web.repeats(
    b"HTTP/1.1 200 OK\r\n", b"X-Flood: " + b"x" * 100 + b"\r\n"),
    "CRITICAL", DEAD)
add_answer("a line of a head without an end", web.repeats(
    b"HTTP/1.1 200 OK\r\nX: ", b"x" * 65536), "CRITICAL", DEAD)
add_answer("interim replies without an end", web.repeats(
    b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 8 * MIB),
    "CRITICAL", DEAD)
add_answer("chunks of one byte without an end", web.repeats(
    head(Transfer_Encoding="chunked"), b"1\r\n \r\n" * 999), "CRITICAL", DEAD)
add_answer("ten thousand lines of a head", web.sends(
    b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 10000 + b"\r\n"), "CRITICAL",
    DEAD)

# Packed.

add_answer("a bomb of gzip: 1 GiB", web.sends(
    head(**{n.replace("-", "_"): v for n, v in GZIP.items()})
    + web.bomb(1 << 30)), "CRITICAL", DEAD)
add_answer("a bomb of deflate: 256 MiB", web.sends(head(
    Content_Encoding="deflate") + web.bomb(1 << 28, 15)), "CRITICAL", DEAD)
add_answer("a bomb of gzip that begins as a page", web.sends(head(
    Content_Encoding="gzip") + web.bomb(1 << 28, 31, summary())),
    "CRITICAL", DEAD)
add_answer("64 MiB of gzip of which nothing comes", web.repeats(
    head(Content_Encoding="gzip") + web.packed(b"")[:10],
    b"\0\0\0\xff\xff" * 13000), "CRITICAL", DEAD)
add_answer("gzip in gzip", web.sends(head(Content_Encoding="gzip, gzip")
                                     + web.packed(summary(), 2)), "OK", {})
add_answer("gzip nine times over", web.sends(head(
    Content_Encoding=", ".join(["gzip"] * 9)) + web.packed(summary(), 9)),
    "CRITICAL", DEAD)
add_answer("gzip that is cut", web.sends(head(Content_Encoding="gzip")
                                         + web.packed(summary())[:-60]),
           "UNKNOWN", NO_PAGE)
add_answer("gzip that is none", web.sends(head(Content_Encoding="gzip")
                                          + summary()), "CRITICAL", DEAD)
add_answer("a coding that nobody asked for", web.sends(head(
    Content_Encoding="br") + b"\x0b\x02\x80abc\x03"), "UNKNOWN", NO_PAGE)

# Documents.

add_answer("arrays in arrays, 100 000 deep", web.sends(web.reply(
    web.nested_json(100000))), "UNKNOWN", NO_PAGE)
add_answer("elements in elements, 100 000 deep", web.sends(web.reply(
    web.nested_xml(100000))), "UNKNOWN", NO_PAGE)
add_answer("a billion laughs", web.sends(web.reply(web.laughs())),
           "UNKNOWN", NO_PAGE)
add_answer("an entity that is a file of this host", web.sends(web.reply(
    web.external("/etc/passwd"))), "UNKNOWN", None)
add_answer("4 MiB of numbers", web.sends(web.reply(
    b'{"page":{"id":"p"},"status":{"indicator":"none"},"components":['
    + b"1," * (2 * MIB - 100) + b"1]}")), "UNKNOWN", NO_PAGE)
add_answer("more than 4 MiB, as it says", web.sends(web.reply(
    b" " * (4 * MIB) + summary())), "CRITICAL", DEAD)
add_answer("a member twice", web.sends(web.reply(summary().replace(
    b'"indicator": "none"', b'"indicator": "none", "indicator": "none"'))),
    "UNKNOWN", NO_PAGE)
add_answer("two documents", web.sends(web.reply(summary() + summary())),
           "UNKNOWN", NO_PAGE)
add_answer("bytes of NUL", web.sends(web.reply(bytes(5000))), "UNKNOWN",
           NO_PAGE)
add_answer("no text at all", web.sends(web.reply(
    bytes(range(128, 256)) * 40)), "UNKNOWN", NO_PAGE)
add_answer("nothing", web.sends(web.reply(b"")), "UNKNOWN", NO_PAGE)
add_answer("no content, as it says", web.sends(
    b"HTTP/1.1 204 No Content\r\n\r\n"), "UNKNOWN", NO_PAGE)
add_answer("a part alone", web.sends(web.head_of(206, {
    "Content-Range": "bytes 0-9/1000", "Content-Length": "10"})
    + summary()[:10]), "CRITICAL", DEAD)

# Lengths, types and statuses.

add_answer("a length that is too long", web.sends(web.reply(
    summary(), content_length=100000)), "CRITICAL", DEAD)
add_answer("a length that is too short", web.sends(web.reply(
    summary(), content_length=100)), "UNKNOWN", NO_PAGE)
add_answer("a length below nothing", web.sends(web.reply(
    summary(), content_length=-5)), "CRITICAL", None)
add_answer("a length of 9 EiB", web.sends(web.reply(
    summary(), content_length=1 << 63)), "CRITICAL", DEAD)
add_answer("two lengths", web.sends(web.head_of(200, [
    b"Content-Length: 5", b"Content-Length: 700"]) + summary()),
    "CRITICAL", None)
add_answer("chunks of a length that is none", web.sends(head(
    Transfer_Encoding="chunked") + b"zz\r\n" + summary()), "CRITICAL", DEAD)
add_answer("chunks without the last one", web.sends(head(
    Transfer_Encoding="chunked") + web.chunked(summary())[:-5]),
    "CRITICAL", DEAD)
add_answer("304 without being asked", web.sends(
    b"HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n"), "CRITICAL", DEAD)
add_answer("a status of 999", web.sends(web.reply(summary(), 999)),
           "CRITICAL", DEAD)
add_answer("a status of 000", web.sends(web.reply(summary(), "000")),
           "CRITICAL", None)
add_answer("401, with a page", web.sends(web.reply(
    summary(), 401, www_authenticate='Basic realm="x"')), "CRITICAL", DEAD)
add_answer("503, with a page that is well", web.sends(web.reply(
    summary(), 503)), "CRITICAL", DEAD)
add_answer("HTTP/0.9", web.sends(summary()), "CRITICAL", DEAD)
add_answer("garbage", web.sends(bytes(range(256)) * 64), "CRITICAL", DEAD)
add_answer("a protocol that it is asked to change to", web.sends(
    web.head_of(101, {"Upgrade": "websocket", "Connection": "Upgrade"})
    + b"\0" * 100), "CRITICAL", None)

# Redirects.


def to(where, status=302):
    """A redirect."""
    return web.sends(web.reply(b"", status, location=where))


add_answer("a redirect to itself", to(URL), "CRITICAL", DEAD)
add_answer("a redirect from one to the other", web.by_path(
    {PATH: to("/b"), "/b": to(PATH)}), "CRITICAL", DEAD)


def always_on(connection, request):
    """A redirect to another place each time."""
    to(f"/{len(request.path)}{request.path[:500]}")(connection, request)


add_answer("redirects without an end", always_on, "CRITICAL", DEAD)
for _where in ("file:///etc/passwd", "ftp://status.example.org/", "gopher://x/",
               "javascript:alert(1)", "ldap://127.0.0.1/", "//", "https://",
               "https://[::1", "https://127.0.0.1/", "https://[::1]/",
               "https://localhost/", "https://status.example.org:99999/",
               "https://status.example.org@evil.example.net/", "\x01\x02",
               "https://evil.example.net/", "x" * 100000,
               "http://status.example.org/"):
    add_answer(f"a redirect to {_where[:40]!r}", to(_where), "CRITICAL", DEAD)


def watch_inside(lab):
    """Listens where no page can be, once all others run."""
    lab.up()
    server = web.Scripted(lab, ["127.0.0.1", "::1"], web.serve(
        web.sends(GOOD), lab.certificate(HOST)))
    server.start()
    lab.servers.append(server)
    return server


@case("a redirect that leads to this host is not followed")
def inside(lab):
    for host in ("127.0.0.1", "[::1]", "localhost"):
        answers(lab, to(f"https://{host}{PATH}"))
        server = watch_inside(lab)
        look(lab).expect("CRITICAL", DEAD)
        same(server.counts, {}, f"connections by {host}")
        lab.stop()


# Names and words that are made to look like something else.


@case("names and words with what a terminal or a monitor would obey")
def nasty(lab):
    page(lab, says(
        incident("i1", (5, "investigating", NASTY), name=NASTY,
                 impact=NASTY), banner=NASTY, text=NASTY,
        parts={"web1": NASTY}), addresses=AT4)
    result = look(lab)
    check(result.state in ("WARNING", "CRITICAL"), result.state)
    for options in ((), ("-vvv", "--perfdata=all"), ("-v",)):
        is_sane(lab, result.state, *options)


@case("names that are a megabyte long")
def long_names(lab):
    name = "N" * MIB
    page(lab, says(incident("i1", (5, "investigating", name), name=name),
                   banner=name, text=name), addresses=AT4)
    result = look(lab)
    is_sane(lab, result.state, "-vvv")


@case("headers with what a terminal would obey")
def nasty_headers(lab):
    nasty_bytes = NASTY.encode()
    answers(lab, web.sends(web.head_of(200, [
        b"Content-Type: " + nasty_bytes, b"ETag: \"" + nasty_bytes + b"\"",
        b"Last-Modified: " + nasty_bytes, b"Date: " + nasty_bytes,
        b"Age: " + nasty_bytes, b"Cache-Control: max-age=" + nasty_bytes])
        + summary()))
    for _ in range(2):
        result = look(lab)
        check(result.state in ("OK", "WARNING", "CRITICAL"), result.state)
        is_sane(lab, result.state, "-vvv")


@case("ages, dates and validators that are numbers without a bound")
def numbers(lab):
    for age, date in (("9" * 400, "Sun, 31 Dec 9999 23:59:59 GMT"),
                      ("-1", "Thu, 01 Jan 0000 00:00:00 GMT"),
                      ("1e9", "x"), ("", "")):
        answers(lab, web.sends(web.reply(summary(), age=age, date=date,
                                         etag='"' + "e" * 60000 + '"')))
        result = look(lab)
        check(result.state in STATES, result.state)
        is_sane(lab, lab.look(URL, "--no-state").state)
        lab.stop()


@case("20 000 components, and 4000 incidents, all of them bad")
def many(lab):
    parts = b",".join(b'{"id":"c%d","name":"C%d","status":"major_outage"}'
                      % (n, n) for n in range(20000))
    events = b",".join(
        b'{"id":"i%d","name":"I%d","status":"investigating","impact":"major",'
        b'"created_at":"2026-08-03T10:00:00Z","incident_updates":[]}'
        % (n, n) for n in range(4000))
    answers(lab, web.sends(web.reply(
        b'{"page":{"id":"p"},"status":{"indicator":"major"},"components":['
        + parts + b'],"incidents":[' + events + b"]}")))
    result = look(lab)
    same(result.state, "CRITICAL", "state")
    is_sane(lab, "CRITICAL")


@case("each address says something else, and all of it is large")
def large_and_many(lab):
    lab.at(NOW)
    addresses = [f"198.51.100.{n}" for n in range(10, 26)]
    for n, address in enumerate(addresses):
        body = summary() + b" " * (4 * MIB - 5000 - n)
        lab.web(HOST, address, web.serve(web.sends(web.reply(body)),
                                         lab.certificate(HOST)))
    result = lab.look(URL, "-t", "20")
    check(result.state in ("OK", "WARNING", "UNKNOWN"), result.state)
    same(len(result.json["addresses"]), 16, "addresses")


@case("a host with more addresses than are asked")
def many_addresses(lab):
    page(lab, addresses=" ".join(
        [f"192.0.2.{n}" for n in range(10, 110)]
        + [f"2001:db8:1::{n:x}" for n in range(10, 110)]))
    result = lab.look(URL, "-t", "20")
    result.expect("OK", {}).not_judged("address-unreachable")
    same([[a["family"] for a in result.json["addresses"]].count(n)
          for n in (4, 6)], [32, 32], "addresses of each family")
    check("136 more addresses" in result.output, result.output)


@case("a probe that stalls, and one that sends without an end")
def probes(lab):
    for answer in (web.holds(), web.repeats(HEAD, b" " * 65536),
                   web.trickles(GOOD, 0.2)):
        page(lab, addresses=AT4)
        lab.web("www.example.org", "198.51.100.80", web.serve(
            answer, lab.certificate("www.example.org")))
        result = look_stalled(lab, "--probe", SHOP_URL)
        check(result.state in ("OK", "UNKNOWN"), result.state)
        lab.stop()


@case("a resolver that is silent: -t is kept")
def resolver(lab):
    lab.at(NOW)
    lab.dead(HOST, AT4)
    lab.net.add(["203.0.113.99"])
    lab.up()
    lab.net.silence("203.0.113.99")
    lab.result(["-u", URL, "--resolver", "203.0.113.99", "-t",
                str(STALLED_S), "--no-state"]).in_time(STALLED_S).expect(
                    "CRITICAL", DEAD)


@case("-t is kept where all addresses stall")
def stalls(lab):
    for behaviour in (web.silent, web.no_handshake):
        lab.at(NOW)
        lab.web(HOST, " ".join(f"198.51.100.{n}" for n in range(10, 18)),
                behaviour)
        for timeout_s in (1, 2):
            result = look_stalled(lab, timeout_s=timeout_s)
            same(result.state, "CRITICAL", "state")
        lab.stop()


if __name__ == "__main__":
    main("check_status_page")
