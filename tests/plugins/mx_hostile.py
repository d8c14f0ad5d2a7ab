# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever owns an exchanger or the DNS may say what he likes: a finding that
names him, in time and within bounds, and never a crash or a false OK."""

import copy
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from concurrent import futures

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import STATES, case, check, main, same  # noqa: E402
import behaviours as b  # noqa: E402
import message as m  # noqa: E402
import smtp  # noqa: E402

DOMAIN, USER = "example.org", "user@example.org"
MX1, MX2 = "mx1.example.org", "mx2.example.org"
AT1, AT2 = ["192.0.2.25", "2001:db8:1::25"], ["198.51.100.25",
                                              "2001:db8:2::25"]
BOTH = {"loss-bounces": None, "recipient-refused": AT2}
BROKEN = {"dialogue-broken": AT2}
STARTTLS = {"starttls-broken": AT2}
NASTY = ("\x1b[2J\x1b]0;title\x07 | 'a'=1;2;3 \"quoted\" \\ %s%n $(rm) "
         "`id` \x7f\x01\x0b\x0c \xe9\u202e\u2028 </script> [x-rule] UNKNOWN:")
RESIDENT_KB = 24 * 1024
RUN_S = 6  # -t
# What a busy machine takes beside, to begin and to end.
IN_TIME_S = RUN_S + 1.5
LONGEST, SHORTEST = ("-vvv", "--perfdata=all"), ()
PERFDATA = re.compile(r"[a-z0-9_]+=-?[0-9]+(\.[0-9]+)?(s|%|B)?"
                      r"(;[-0-9.:@~]*){0,4}")


def words(lab, *options):
    """The options of every run; those that are given come last."""
    return ("--rcpt", USER, "--helo", "probe.example.net", "--ca-file",
            lab.ca_file(), "-t", str(RUN_S), *options)


def watched(command):
    """(code, stdout, stderr, seconds, most kB that it had in memory)."""
    begin = time.monotonic()
    peak = 0
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          errors="surrogateescape") as process:
        while True:
            peak = max(peak, resident(process.pid))
            try:
                output, errors = process.communicate(timeout=0.02)
                break
            except subprocess.TimeoutExpired:
                check(time.monotonic() - begin < 60, "it does not end")
        return (process.returncode, output, errors,
                time.monotonic() - begin, peak)


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


def most_kb_of(plugin):
    """How much memory it may have; with sanitizers any amount."""
    with open(plugin, "rb") as program:
        return 1 << 30 if b"__asan_init" in program.read() else RESIDENT_KB


def is_plain(output):
    """Whether nothing in a text can harm a terminal or a monitor."""
    return all(c == "\n" or (c >= " " and c != "\x7f"
                             and not "\x80" <= c <= "\x9f"
                             and not "\udc80" <= c <= "\udcff"
                             and c not in "\u2028\u2029\u202e")
               for c in output)


def command_of(lab, *options):
    """A run beside another one, with files of its own."""
    arguments = lab.arguments()
    for number, path in enumerate(arguments):
        if os.path.exists(path):
            arguments[number] = shutil.copyfile(path, f"{path}.text")
    return [lab.plugin(), "-H", DOMAIN, *arguments, *lab.state_arguments(),
            *words(lab, *options)]


def is_sane(lab, state, *options):
    """The text at its longest keeps every promise of its form."""
    keeps_promises(command_of(lab, *options), state, (LONGEST,))


def keeps_promises(command, state, forms):
    """The text of runs in these forms is short, whole and harmless."""
    most_kb = most_kb_of(command[0])
    for more in forms:
        code, output, errors, seconds, peak_kb = watched([*command, *more])
        same(errors, "", "stderr")
        same(STATES[code] if 0 <= code < 4 else code, state, "state as text")
        same(output.count("|"), 1, "bars")
        check(is_plain(output), "control characters")
        line = output.splitlines()[0].split("|")[0]
        check(len(line) <= 160, f"{len(line)} in line 1: {line}")
        text, perfdata = output.split("|")
        for one in perfdata.split():
            check(PERFDATA.fullmatch(one), f"perfdata: {one!r}")
        labels = [one.split("=")[0] for one in perfdata.split()]
        same(len(labels), len(set(labels)), "labels")
        check(more or len(text) < 2300, f"{len(text)} bytes of text")
        check(seconds < IN_TIME_S, f"{seconds:.1f} s")
        check(peak_kb < most_kb, f"{peak_kb} kB")


def pair(lab, behaviour):
    """A good exchanger and, behind it, one that is not."""
    beside_good(lab, {MX2: (AT2, behaviour)})


def beside_good(lab, bad):
    """A good exchanger and, behind it, some that are not: {name: (addresses,
    behaviour)}."""
    lab.sign_above()
    lab.zone(DOMAIN, {"ns1.example.org": "192.0.2.1 2001:db8:1::1"})
    lab.mx(DOMAIN, 10, MX1)
    lab.smtp(MX1, " ".join(AT1), smtp.dialogue(lab.certificate(MX1)))
    for name, (where, behaviour) in bad.items():
        lab.mx(DOMAIN, 20, name)
        lab.smtp(name, " ".join(where), behaviour(lab.certificate(name)))


def add(title, behaviour, rules=None, state=None, **more):
    """The second exchanger misbehaves: these rules name it, no others.

    behaviour: a function of its certificate.
    """
    rules = rules or {}
    state = state or ("WARNING" if rules else "OK")

    @case(title)
    def misbehaves(lab):
        pair(lab, behaviour)
        both_forms(lab, state, rules, **more)


def both_forms(lab, state, rules, options=(), forms=(LONGEST,)):
    """A run in JSON with these findings, and beside it runs in text."""
    lab.start()
    command = command_of(lab, *options)
    with futures.ThreadPoolExecutor() as pool:
        text = pool.submit(keeps_promises, command, state, forms)
        result = lab.check(DOMAIN, *words(lab, *options))
    result.expect(state, rules)
    same(result.json["timeout_stage"], None, "stage")
    text.result()
    return result


def add_all(title, behaviours):
    """Exchangers that are waited for, all of them at once.

    behaviours: {what: (a function of its certificate, the rules that name
    it)}.
    """
    @case(title)
    def misbehave(lab):
        bad, found = {}, {}
        for number, (behaviour, rules) in enumerate(behaviours.values(), 2):
            where = [f"198.51.100.{number}", f"2001:db8:2::{number:x}"]
            bad[f"mx{number}.example.org"] = (where, behaviour)
            for rule in rules:
                found.setdefault(rule, []).extend(where)
        beside_good(lab, bad)
        both_forms(lab, "WARNING", found)


def at(stage, *chunks, **settings):
    """A sane server that sends these bytes at one stage."""
    return lambda cert: smtp.dialogue(
        cert, acts={stage: smtp.raw(*chunks)}, **settings)


def says(**settings):
    """A sane server that says this."""
    return lambda cert: smtp.dialogue(cert, **settings)


def resets(connection):
    """Ends it by a reset."""
    connection.reset()
    raise smtp.Over


# What is no reply.

OF_STAGE = {"starttls": STARTTLS, "rset": {}, "quit": {}}
EARLY = "a reply and one that was not asked for"
OF_EARLY = {"ehlo": {**BROKEN, "starttls-missing": AT2}, "rcpt": {}}
for _stage in ("greeting", "ehlo", "starttls", "mail", "rcpt", "rset",
               "quit"):
    _rules = OF_STAGE.get(_stage, BROKEN)
    for _title, _act in (
            ("a line without an end", smtp.endless(b"250 " + b"x" * 4000)),
            ("lines without an end", smtp.endless(b"250-more\r\n")),
            ("a NUL", smtp.raw(b"250 a\0b\r\n")),
            (EARLY, smtp.raw(b"220 ok\r\n250 ok\r\n")),
            ("a reset", resets)):
        add(f"{_stage}: {_title}", lambda cert, stage=_stage, act=_act:
            smtp.dialogue(cert, acts={stage: act}),
            OF_EARLY.get(_stage, _rules) if _title == EARLY else _rules)

for _title, _bytes in (
        ("code 999", b"999 hello\r\n"), ("code 000", b"000 hello\r\n"),
        ("code 199", b"199 hello\r\n"), ("four digits", b"2200 hello\r\n"),
        ("two digits", b"22 hello\r\n"), ("no code", b"hello\r\n"),
        ("nothing", b"\r\n"), ("a full-width 220",
                               "２２０ hi\r\n".encode()),
        ("a blank before the code", b" 220 hi\r\n"),
        ("a bare CR", b"220 a\rb\r\n"),
        ("a code that changes to a refusal", b"220-a\r\n554 b\r\n"),
        ("a code that changes to a good one", b"554-a\r\n220 b\r\n"),
        ("another protocol", b"SSH-2.0-OpenSSH_9.2\r\n"),
        ("HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        ("TLS", b"\x15\x03\x01\x00\x02\x02\x46")):
    add(f"greeting: {_title}", at("greeting", _bytes), BROKEN)
add("rcpt: a code that changes to a good one",
    at("rcpt", b"550-5.1.1 no\r\n250 2.1.5 ok\r\n"), BROKEN)
add("rcpt: a good code behind a refusal counts for nothing",
    at("rcpt", b"550 5.1.1 no\r\n250 2.1.5 ok\r\n"), BOTH, "CRITICAL")

# Text.

for _stage, _reply, _rules, _state in (
        ("greeting", "220 ", {}, "OK"), ("ehlo", "250 ", None, "WARNING"),
        ("mail", "250 ", {}, "OK"), ("rcpt", "250 ", {}, "OK"),
        ("greeting", "521 ", {"greeting-refuses": AT2}, "WARNING"),
        ("ehlo", "550 ", {"ehlo-refused": AT2}, "WARNING"),
        ("mail", "550 5.6.0 ", None, None),
        ("rcpt", "550 5.1.1 ", BOTH, "CRITICAL"),
        ("rcpt", "450 4.2.0 ", {}, "OK")):
    _settings = {_stage: _reply + NASTY}
    if _stage == "ehlo" and _reply == "550 ":
        _settings["helo"] = "550 no"
    if _rules is None and _stage == "ehlo":
        _rules = {"starttls-missing": AT2}
    elif _rules is None:
        _rules, _state = {"refuses-monitor": AT2}, "WARNING"
    add(f"{_stage}: {_reply}and text that is meant to harm",
        says(**_settings), _rules, _state, forms=(SHORTEST, LONGEST))
    add(f"{_stage}: {_reply}and text of 1900 bytes",
        says(**{**_settings, _stage: _reply + "|\t\x1b" * 630}),
        _rules, _state, forms=(SHORTEST, LONGEST))
add("rcpt: 100 lines of refusal", at("rcpt", b"".join(
    b"550%c5.1.1 " % (b" " if n == 99 else b"-") + b"\x1b|\"" * 40 + b"\r\n"
    for n in range(100))), BOTH, "CRITICAL")
add("a greeting that names our address and a block list",
    says(greeting="554 your IP 192.0.2.77 is blocked | rm -rf $HOME"),
    {"refuses-monitor": AT2})
add("a refusal with the recipient in it",
    says(rcpt=f"550 5.1.1 <{USER}> no such user"), BOTH, "CRITICAL")
add("a refusal without any text", says(rcpt="550"), BOTH, "CRITICAL")

# What replies mean.

for _code in ("251 will forward", "252 cannot verify", "250", "299 yes"):
    add(f"rcpt: {_code}", says(rcpt=_code))
add("rcpt: 551", says(rcpt="551 5.1.6 not local; try <a@example.net>"),
    BOTH, "CRITICAL")
for _stage in ("greeting", "ehlo", "mail", "rcpt"):
    add(f"{_stage}: 354, as if it were DATA", says(**{_stage: "354 go on"}),
        BROKEN)
add("rcpt: 550 that calls itself greylisting",
    says(rcpt="550 greylisted, come again"), BOTH, "CRITICAL")
add("rcpt: 450 greylisting", says(rcpt="450 4.7.1 greylisted, come again"))
add("mail: 451 greylisting", says(mail="451 4.7.1 greylisted, come again"))
add("greeting: 421 greylisting",
    says(greeting="421 4.7.1 greylisted, come again"),
    {"greeting-refuses": AT2})
for _stage, _rules in (("greeting", {"greeting-refuses": AT2}),
                       ("ehlo", {"ehlo-refused": AT2}),
                       ("starttls", STARTTLS),
                       ("mail", {"mail-refused": AT2}), ("rcpt", {}),
                       ("rset", {}), ("quit", {})):
    add(f"{_stage}: 421", says(**{_stage: "421 4.3.2 closing"}), _rules)
for _stage in ("rset", "quit"):
    add(f"{_stage}: 500", says(**{_stage: "500 5.5.1 what?"}))
add("250 to everything, STARTTLS too", lambda cert: smtp.dialogue(
    cert, greeting="250 hello", starttls="250 go on"), STARTTLS)
add("EHLO refused, HELO not", says(ehlo="502 5.5.1 what?"),
    {"ehlo-refused": AT2})
add("EHLO refused, and HELO", says(ehlo="502 5.5.1 what?",
                                   helo="502 5.5.1 what?"),
    {"ehlo-refused": AT2})
add("capabilities that make no sense", says(ehlo=[
    "mx", "SIZE 99999999999999999999999999", "SIZE -1", "SIZE", "SIZE =x",
    "PIPELINING=\x01", "=", " ", "", "8BITMIME 8BITMIME", "\xff" * 50,
    *(f"X-{n}" for n in range(100))]))
add("goes on after QUIT", at("quit", b"221 bye\r\n" + b"250 more\r\n" * 9))

FAR = "us\u00e9r@example.org"
add("a recipient beyond ASCII where only the backup offers SMTPUTF8",
    lambda cert: smtp.dialogue(cert, ehlo=["mx", "SMTPUTF8"], rcpt=lambda line:
                  "250 ok" if line == f"RCPT TO:<{FAR}>" else line),
    {"recipient-refused": AT1}, "CRITICAL", options=("--rcpt", FAR))


# One alone, of which nothing may be taken for a yes.

for _stage in ("greeting", "ehlo", "mail", "rcpt", "starttls"):
    for _title, _act in (
            ("354", smtp.raw(b"354 go on\r\n")),
            ("550", smtp.raw(b"550 no\r\n")),
            ("450", smtp.raw(b"450 no\r\n")),
            ("421", smtp.raw(b"421 no\r\n")),
            ("twice 550", smtp.raw(b"550 no\r\n550 no\r\n")),
            ("no code", smtp.raw(b"ok\r\n")),
            ("an early yes", smtp.raw(b"550 no\r\n250 ok\r\n")),
            ("the end", resets)):
        if _stage == "starttls" and _title in ("354", "550", "450"):
            continue  # senders go on without TLS

        @case(f"alone, {_stage}: {_title} is no yes")
        def alone(lab, stage=_stage, act=_act, title=_title):
            lab.sign_above()
            lab.zone(DOMAIN, {"ns1.example.org": "192.0.2.1"})
            lab.mx(DOMAIN, 10, MX1)
            lab.smtp(MX1, " ".join(AT1), smtp.dialogue(
                lab.certificate(MX1), acts={stage: act}, helo="550 no"))
            lab.start()
            result = lab.check(DOMAIN, *words(lab))
            check(result.state in ("CRITICAL", "UNKNOWN"), result.state)
            check(result.json["exchangers"][0]["take"] != "takes", "takes")


# TLS.

add("plain text behind 220 to STARTTLS", smtp.injected, STARTTLS)
for _title, _act in (
        ("plain text", smtp.raw(b"220 hi\r\n" * 9)),
        ("an alert", smtp.raw(b"\x15\x03\x01\x00\x02\x02\x28")),
        ("a warning", smtp.raw(b"\x15\x03\x01\x00\x02\x01\x5a")),
        ("records without an end", smtp.endless(
            b"\x16\x03\x03\x40\x00" + b"\x02\x00\xff\xff" + bytes(16380))),
        ("empty records without an end", smtp.endless(
            b"\x16\x03\x03\x00\x00")),
        ("the end", lambda c: None),
        ("a reset", lambda c: c.reset())):
    add(f"in place of a handshake: {_title}",
        lambda cert, act=_act: smtp.no_handshake(act), STARTTLS)


def unwraps(stage):
    """Says close_notify at a stage over TLS, and goes on in the clear."""
    def act(connection):
        try:
            connection.sock = connection.sock.unwrap()
        except OSError:
            pass
        connection.send(b"250 ok\r\n" * 3)
        connection.hold()
    return lambda cert: smtp.dialogue(cert, acts={stage: act},
                                      encrypted=True)


for _stage in ("ehlo", "mail", "rcpt"):
    add(f"{_stage}: TLS ends and plain text goes on", unwraps(_stage),
        BROKEN)
add("a handshake in the middle of TLS", lambda cert: smtp.dialogue(
    cert, acts={"mail": smtp.raw(b"250 ok\r\n")}, encrypted=True,
    versions=(ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)))


# The connection.

def half_closes(stage):
    """Sends no more, and reads on."""
    def act(connection):
        connection.sock.shutdown(socket.SHUT_WR)
        connection.hold()
    return lambda cert: smtp.dialogue(cert, acts={stage: act})


def never_reads(connection):
    """Leaves everything in its queue."""
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    connection.say("220 mx.example")
    connection.wait(20)


STAGES = ("greeting", "ehlo", "starttls", "mail", "rcpt", "rset", "quit")
for _stage in STAGES:
    add(f"{_stage}: sends no more, and reads on", half_closes(_stage),
        OF_STAGE.get(_stage, BROKEN))
for _title, _says, _act in (
        ("silence", lambda stage: {"silent_at": stage}, None),
        ("a byte a second", lambda stage: {"acts": {stage: smtp.drip(
            "250 ok, go on", 1)}}, smtp.drip("\x16\x03\x03\x00\x7a\x02", 1))):
    add_all(f"{_title}, at each stage and in place of a handshake", {
        **{stage: (says(**_says(stage)), ("mx-tarpit",) if stage == "greeting"
                   else OF_STAGE.get(stage, BROKEN)) for stage in STAGES},
        "handshake": (lambda cert, act=_act: smtp.no_handshake(act),
                      STARTTLS),
        **({} if _act else {"never reads": (lambda _: never_reads, BROKEN)})})
add("ends every connection at once", lambda _: smtp.shuts, BROKEN)
add("resets every connection at once", lambda _: resets, BROKEN)


# Certificates.

def chain_of(cert, copies):
    """The server's certificate, and so many more behind it."""
    long = copy.copy(cert)
    long.path = f"{cert.path}.{copies}"
    with open(long.path, "w", encoding="ascii") as out:
        out.write(cert.pem * (1 + copies))
    return long


add("a chain of 60 certificates", lambda cert: smtp.dialogue(
    chain_of(cert, 60)))
add("a chain of 3000 certificates", lambda cert: smtp.dialogue(
    chain_of(cert, 3000)), STARTTLS)



# Many.

def many_names(lab, count, domain, behaviour):
    """An exchanger a number, all of them with one address a family."""
    lab.sign_above()
    lab.zone(DOMAIN, {"ns1.example.org": "192.0.2.1"})
    places = []
    for n in range(count):
        name = f"mx{n}.{domain}"
        lab.mx(DOMAIN, 10, name)
        place = [f"{('192.0.2', '198.51.100')[n % 2]}.{100 + n}",
                 f"2001:db8:{1 + n % 2}::{100 + n:x}"]
        lab.host(name, " ".join(place))
        places += place
    server = smtp.Scripted(lab, places, behaviour)
    lab.servers.append(server)
    lab.start()
    return server, places


@case("26 of one's own hosts never greet: it takes as long as one of them")
def silent_hosts(lab):
    server, places = many_names(lab, 26, DOMAIN, smtp.silent)
    # One alone takes 4.2 s, and two in turn more than there are.
    result = both_forms(lab, "CRITICAL", {
        "mx-tarpit": places, "too-few-good-exchangers": None})
    same(len(server.counts), 52, "addresses")
    check(len(result.output) < 60000, f"{len(result.output)} bytes")


@case("26 hosts of one provider never greet: two at once, and in time")
def silent_provider(lab):
    server, places = many_names(lab, 26, "example.net", smtp.silent)
    result = lab.check(DOMAIN, *words(lab, "-t", "3"))
    same(result.state, "WARNING", "state")
    found = {f["culprit"]["address"] for f in
             result.found().get("mx-tarpit", [])}
    check(found and found < set(places), "some were asked")
    check(server.most <= 2, f"{server.most} at once")
    result.in_time(3)
    for one in result.json["addresses"]:
        check((one["take"] == "unknown") == (one["address"] not in found),
              f"{one['address']}: {one['take']}")
    is_sane(lab, result.state, "-t", "3")


@case("26 exchangers that say as much as they may: JSON and text are bounded")
def long_words(lab):
    reply = "550 5.1.1 " + NASTY * 12
    _, places = many_names(lab, 26, DOMAIN, smtp.dialogue(
        rcpt=reply[:1900], greeting="220 " + "|" * 1900))
    result = lab.check(DOMAIN, *words(lab))
    same(result.state, "CRITICAL", "state")
    result.blames(result.found()["recipient-refused"], places)
    same(len(result.json.get("addresses", ())), 52, "addresses")
    same(len(result.json.get("exchangers", ())), 26, "exchangers")
    check(len(result.output) < 60000, f"{len(result.output)} bytes")
    keeps_promises(command_of(lab), "CRITICAL", (SHORTEST, LONGEST))


# The DNS.

def liar(lab, lies, over_tcp=False):
    """The domain's zone by a server that says this: {(name, type): records
    in wire form}; all else is answered as it should be."""
    def behaviour(ask):
        lie = lies.get((ask.query.name, ask.query.type))
        if lie is None:
            return ask.honest()
        if callable(lie):
            return lie(ask)
        if over_tcp and ask.transport == "udp":
            return b.truncated(ask)
        return m.reply(ask.query, answer=lie)

    lab.sign_above()
    lab.zone(DOMAIN, {"ns1.example.org": "192.0.2.1 2001:db8:1::1"}, on=None)
    lab.host(MX1, " ".join(AT1))
    lab.scripted("192.0.2.1 2001:db8:1::1", behaviour, [DOMAIN])
    server = smtp.Scripted(lab, AT1, smtp.honest)
    lab.servers.append(server)
    lab.start()
    return server


def mx_record(preference, name):
    """An MX record, its name as text or in wire form."""
    wire = name if isinstance(name, bytes) else m.wire_name(name)
    return m.record(DOMAIN, m.MX, preference.to_bytes(2, "big") + wire)


def label(data):
    """A name of one odd label below the domain, in wire form."""
    return bytes([len(data)]) + data + m.wire_name(DOMAIN)


# What the good one alone comes to, where the others come to nothing.
ALONE = {"mx-nonexistent": None}


@case("MX records to names of odd bytes are shown, and do no harm")
def odd_names(lab):
    odd = [b"a|b", b"\x1b[2J", b"\0", b"a.b", b"\\", b'"', b" ", b"\n",
           b"\xff\xfe", b"%s%n", b"'$(id)", b"x" * 63, b"<b>", b"*", b"@"]
    liar(lab, {(DOMAIN, m.MX): [mx_record(10, MX1)] + [
        mx_record(20 + n, label(one)) for n, one in enumerate(odd)]})
    result = lab.check(DOMAIN, *words(lab))
    result.expect("WARNING", ALONE)
    same(len(result.found()["mx-nonexistent"]), len(odd), "names")
    is_sane(lab, "WARNING")


@case("MX records to names of 255 bytes, to the root and to nothing readable")
def long_names(lab):
    longest = (b"\x3f" + b"x" * 63) * 3 + b"\x31" + b"y" * 49 \
        + m.wire_name(DOMAIN)
    same(len(longest), 255, "bytes")
    too_long = b"\x02zz" + longest
    liar(lab, {(DOMAIN, m.MX): [
        mx_record(10, MX1), mx_record(20, longest), mx_record(0, "."),
        m.record(DOMAIN, m.MX, b"\0\1"), m.record(DOMAIN, m.MX, b"")]})
    result = lab.check(DOMAIN, *words(lab))
    same(result.state, "WARNING", "state")
    check("null-mx-beside-others" in result.found(), "the null MX")
    is_sane(lab, "WARNING")
    lab.stop()
    liar(lab, {(DOMAIN, m.MX): [mx_record(10, too_long)]})
    result = lab.check(DOMAIN, *words(lab))
    check(result.state in ("CRITICAL", "UNKNOWN"), result.state)
    is_sane(lab, result.state)


@case("300 MX records: as many as are looked at, and it is said")
def many_records(lab):
    server = liar(lab, {(DOMAIN, m.MX): [mx_record(10, MX1)] + [
        mx_record(20, f"x{n}.example.org") for n in range(299)]}, True)
    result = lab.check(DOMAIN, *words(lab))
    result.expect("WARNING", {"mx-limit": None, "mx-nonexistent": None})
    same(len(result.json["exchangers"]), 50, "exchangers")
    same(sorted(server.counts), sorted(AT1), "connections")
    check(len(result.output) < 60000, f"{len(result.output)} bytes")
    is_sane(lab, "WARNING")


@case("one exchanger with 100 addresses a family: cut, and it is said")
def many_addresses(lab):
    four = [f"192.0.2.{n}" for n in range(100, 200)]
    six = [f"2001:db8:1::{n:x}" for n in range(100, 200)]
    liar(lab, {(DOMAIN, m.MX): [mx_record(10, MX1)],
               (MX1, m.A): [m.record(MX1, m.A, a) for a in four],
               (MX1, m.AAAA): [m.record(MX1, m.AAAA, a) for a in six]}, True)
    lab.net.add(four + six)
    result = lab.check(DOMAIN, *words(lab))
    same(result.state, "CRITICAL", "state")
    check("mx-limit" in result.found(), "the limit is said")
    same(len(result.json["addresses"]), 64, "addresses")
    check(len(result.output) < 60000, f"{len(result.output)} bytes")
    is_sane(lab, "CRITICAL")


@case("an MX whose name is an alias to itself, to another, without an end")
def alias_loops(lab):
    names = {f"{n}.example.org": to for n, to in (
        ("self", "self.example.org"), ("ping", "pong.example.org"),
        ("pong", "ping.example.org"))}

    def chain(ask):
        number = int(ask.query.name.split(".")[0][1:])
        return m.reply(ask.query, answer=[m.record(
            ask.query.name, m.CNAME, f"n{number + 1}.example.org")])

    lies = {(DOMAIN, m.MX): [mx_record(10, MX1)] + [
        mx_record(20, n) for n in (*names, "n0.example.org")]}
    for rtype in (m.A, m.AAAA):
        for name, to in names.items():
            lies[name, rtype] = [m.record(name, m.CNAME, to)]
        for n in range(100):
            lies[f"n{n}.example.org", rtype] = chain
    liar(lab, lies)
    result = lab.check(DOMAIN, *words(lab))
    same(result.state, "WARNING", "state")
    found = result.found()
    result.blames(found["mx-alias"], [*names, "n0.example.org"])
    result.blames(found["mx-unresolvable"], [*names, "n0.example.org"])
    same(result.json["timeout_stage"], None, "stage")
    is_sane(lab, "WARNING")


def txt(*strings):
    """A TXT record at _mta-sts of the domain."""
    return m.record(f"_mta-sts.{DOMAIN}", m.TXT, b"".join(
        bytes([len(one)]) + one for one in strings))


@case("MTA-STS records with NUL, of 60 kB, and of two hundred at once")
def odd_texts(lab):
    at_name = (f"_mta-sts.{DOMAIN}", m.TXT)
    for texts, rules in (
            ([txt(b"v=STSv1; id=a\0b;")], {"sts-record-wrong": None}),
            ([txt(b"v=STSv1; id=\x1b[2J|\r\n;")],
             {"sts-record-wrong": None}),
            ([txt(b"v=STSv1; id=", *[b"1" * 255] * 230)],
             {"sts-record-wrong": None}),
            ([txt(b"v=STSv1; id=%d;" % n) for n in range(200)],
             {"sts-record-wrong": None, "mx-limit": None}),
            ([txt(b"v=spf1 -all"), txt(b""), txt(b"\0" * 255)], {})):
        liar(lab, {(DOMAIN, m.MX): [mx_record(10, MX1)], at_name: texts}, True)
        result = lab.check(DOMAIN, *words(lab))
        result.expect("WARNING" if rules else "OK", rules)
        check(len(result.output) < 60000, f"{len(result.output)} bytes")
        is_sane(lab, result.state)
        lab.stop()


@case("wildcards for everything")
def wildcards(lab):
    def everything(ask):
        name = ask.query.name
        if name.endswith("ns1.example.org") or name == DOMAIN:
            return ask.honest()
        answer = {m.MX: (10).to_bytes(2, "big") + m.wire_name(MX1),
                  m.A: AT1[0], m.AAAA: AT1[1], m.TXT: "v=spf1 -all",
                  52: b"\3\1\1" + bytes(32)}.get(ask.query.type)
        return m.reply(ask.query, answer=[
            m.record(name, ask.query.type, answer)] if answer else [])

    lab.sign_above()
    lab.zone(DOMAIN, {"ns1.example.org": "192.0.2.1 2001:db8:1::1"}, on=None)
    lab.scripted("192.0.2.1 2001:db8:1::1", everything, [DOMAIN])
    lab.servers.append(smtp.Scripted(lab, AT1, smtp.honest))
    lab.start()
    result = lab.check("anything.example.org", *words(lab))
    result.expect("OK", {})
    same([e["name"] for e in result.json["exchangers"]], [MX1], "names")


# Addresses that nobody but this host or its network can mean.
INSIDE = ["127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1",
          "192.168.0.1", "169.254.169.254", "100.64.0.1", "224.0.0.1",
          "255.255.255.255", "240.0.0.1", "192.0.0.8", "198.18.0.1"]
INSIDE6 = ["::1", "::", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
           "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::a00:1",
           "2002:7f00:1::1", "2002:a00:1::1", "fe80::1", "fec0::1",
           "fd00::1", "ff02::1", "2001::1", "100::1", "4000::1"]


def watch_inside(lab):
    """Listens where no exchanger can be."""
    inside = []
    for port in (25, 443):
        server = smtp.Scripted(lab, ["127.0.0.1", "::1", "127.8.8.8"],
                               smtp.honest)
        server.port = port
        server.start()
        inside.append(server)
        lab.servers.append(server)
    return inside


def untouched(lab, lies, *options):
    """The result, after nothing inside was connected to."""
    liar(lab, lies)
    inside = watch_inside(lab)
    result = lab.check(DOMAIN, *words(lab, *options))
    for server in inside:
        same(server.counts, {}, f"connections to port {server.port}")
    return result


@case("an exchanger that points at this host or into its network is not asked")
def inside(lab):
    bad = "bad.example.org"
    result = untouched(lab, {
        (DOMAIN, m.MX): [mx_record(10, MX1), mx_record(20, bad)],
        (bad, m.A): [m.record(bad, m.A, a) for a in INSIDE],
        (bad, m.AAAA): [m.record(bad, m.AAAA, a) for a in INSIDE6]})
    found = result.expect("WARNING", {"mx-unusable-address": None}).found()
    same(len(found["mx-unusable-address"]), len(INSIDE + INSIDE6),
         "addresses")
    for one in result.json["addresses"]:
        same("connect" in one, one["address"] in AT1, one["address"])
    is_sane(lab, "WARNING")


@case("all exchangers point inside: critical, and not asked")
def all_inside(lab):
    bad = "bad.example.org"
    result = untouched(lab, {
        (DOMAIN, m.MX): [mx_record(20, bad)],
        (bad, m.A): [m.record(bad, m.A, "127.0.0.1")],
        (bad, m.AAAA): [m.record(bad, m.AAAA, "::1")]})
    same(result.state, "CRITICAL", "state")
    check("mx-unusable-address" in result.found(), "it is said")


@case("the host of the MTA-STS policy points inside: not asked")
def policy_inside(lab):
    host = f"mta-sts.{DOMAIN}"
    result = untouched(lab, {
        (DOMAIN, m.MX): [mx_record(10, MX1)],
        (f"_mta-sts.{DOMAIN}", m.TXT): [txt(b"v=STSv1; id=1;")],
        (host, m.A): [m.record(host, m.A, "127.0.0.1")],
        (host, m.AAAA): [m.record(host, m.AAAA, "::1")]})
    result.expect("WARNING", {"sts-policy-unavailable": None})


@case("an address behind the translator's own prefix is not asked")
def behind_translator(lab):
    bad, at_bad = "bad.example.org", "2001:db8:64::7f00:1"
    liar(lab, {
        (DOMAIN, m.MX): [mx_record(10, MX1), mx_record(20, bad)],
        (bad, m.A): [m.record(bad, m.A, "127.0.0.1")],
        (bad, m.AAAA): [m.record(bad, m.AAAA, at_bad)]})
    lab.net.add([at_bad])
    server = smtp.Scripted(lab, [at_bad], smtp.honest)
    server.start()
    lab.servers.append(server)
    lab.check(DOMAIN, *words(lab, "--nat64", "2001:db8:64::/96"))
    same(server.counts, {}, "connections")


if __name__ == "__main__":
    main("check_mx")
