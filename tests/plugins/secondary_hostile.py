# SPDX-License-Identifier: GPL-3.0-or-later
"""Secondaries and primaries that lie: a finding, never a crash or an OK."""

import json
import os
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, main, same  # noqa: E402
import behaviours as b  # noqa: E402
from copies import (  # noqa: E402
    EXPIRE_S, FIRST_AT, GIVEN, HOSTS, PLUGIN, PRIMARY, SECOND, SECOND_AT,
    THIRD, ZONE, covers, facts_of, on_files, seconds_left)
import message as m  # noqa: E402
import transfers  # noqa: E402
import tsig  # noqa: E402
import ways  # noqa: E402

# Nobody is silent where this is said, and nobody is asked twice.
PATIENT = (*GIVEN, "--tries", "2", "--query-timeout", "4")
# Somebody is, and is waited for for two seconds.
WAITS = ("--tries", "2", "--query-timeout", "1")


def with_second(lab, behaviour, **settings):
    """The zone on three servers, of which the second one is scripted."""
    on_files(lab, {PRIMARY: "bind", THIRD: "knot"}, **settings)
    return lab.scripted(HOSTS[SECOND], behaviour, [ZONE])


def with_options(*options):
    """The right answer with these EDNS options, to an SOA question."""
    return lambda ask: (ask.honest(options=options)
                        if ask.query.type == m.SOA else ask.honest())


def add(title, behaviour, state, *rules):
    """The second of three servers misbehaves: these rules name it."""
    @case(title)
    def misbehaves(lab):
        with_second(lab, behaviour)
        lab.check(ZONE, *PATIENT).expect(
            state, {rule: SECOND_AT for rule in rules})


# Of the delegation's lies, those that matter to a copy. Who has to be waited
# for: of each what it does, and the rule that names it.

SLOW = {
    "silent": (b.silent, "server-silent"),
    "garbage": (b.garbage, "server-silent"),
    "less than a header": (b.short, "server-silent"),
    "impossible counts": (b.many_counts, "server-silent"),
    "a name that is compressed to itself": (b.compression_loop,
                                            "server-silent"),
    "truncated over and over": (b.truncated, "server-silent"),
    "a connection that is accepted and then held": (
        b.over("tcp", b.silent), "server-no-tcp"),
    "silent over UDP only": (b.over("udp", b.silent), "server-silent"),
    "loses the first packet": (b.drops_first, None)}


@case("silent or garbled, each server in another way: each by its rule, and no "
      "other")
def slow(lab):
    good = {PRIMARY: HOSTS[PRIMARY], THIRD: HOSTS[THIRD]}
    places = ways.declare(lab, ZONE, good, ("bind", "knot"), SLOW)
    ways.judged(lab.check(ZONE, *GIVEN, *WAITS, "-t", "30"), places, SLOW)


add("answers without authority", b.flags(0), "WARNING",
    "server-not-authoritative")


# EXPIRE.

def source_of(result):
    """How the cover of the second server is known."""
    sources = set(covers(result, "source", SECOND_AT).values())
    same(len(sources), 1, f"sources {sources}")
    return sources.pop()


def add_expire(title, options, state, rules, source):
    """What the second server says of its time."""
    @case(f"EXPIRE: {title}")
    def expire(lab):
        with_second(lab, with_options(*options))
        result = lab.check(ZONE, *PATIENT).expect(
            state, {rule: SECOND_AT for rule in rules})
        same(source_of(result), source, "source")
        for left in seconds_left(result, SECOND_AT).values():
            check(0 <= left <= EXPIRE_S, f"{left} s left")


add_expire("as it should be", [m.expire(EXPIRE_S - 100)], "OK", [],
           "measured")
add_expire("longer than any zone lives", [m.expire(2**32 - 1)], "OK", [],
           "measured")
add_expire("0", [m.expire(0)], "CRITICAL", ["primary-contact-lost"],
           "measured")
add_expire("three bytes", [m.option(m.EXPIRE, b"\0\x12\x75")], "OK", [],
           "assumed")
add_expire("five bytes", [m.option(m.EXPIRE, b"\0\0\x12\x75\0")], "OK", [],
           "assumed")
add_expire("empty, as in a question", [m.option(m.EXPIRE, b"")], "OK", [],
           "assumed")


@case("EXPIRE: to every question but the one that asked for it")
def expire_unasked(lab):
    with_second(lab, lambda ask: ask.honest(
        options=[] if m.EXPIRE in ask.query.options else [m.expire(1)]))
    result = lab.check(ZONE, *PATIENT).expect("OK", {})
    same(source_of(result), "assumed", "source")


@case("EXPIRE: asked for, and with an empty option (RFC 7314)")
def expire_asked(lab):
    server = with_second(lab, b.honest)
    seen = []

    def noted(ask):
        seen.append((ask.query.type, ask.query.options.get(m.EXPIRE)))
        return ask.honest()

    server.behaviour = noted
    lab.check(ZONE, *PATIENT).expect("OK", {})
    check((m.SOA, b"") in seen, f"questions {set(seen)}")


# Extended errors.

def add_ede(title, option, rule, ede):
    """SERVFAIL with what comes of an extended error."""
    @case(f"EDE: {title}")
    def extended(lab):
        with_second(lab, lambda ask: m.reply(
            ask.query, flags=0, rcode=m.SERVFAIL, options=[option]))
        result = lab.check(ZONE, *PATIENT).expect(
            "CRITICAL" if rule == "secondary-expired" else "WARNING",
            {rule: SECOND_AT})
        same({c["ede"] for c in facts_of(lab, *PATIENT)
              if c["key"] in SECOND_AT}, {ede}, "EDE")
        text = json.dumps(result.json, ensure_ascii=False)
        check(all(c >= " " for c in text), "no control characters in it")
        code, output, errors, _ = lab.run(
            [lab.plugin(), "-H", ZONE, *lab.arguments(),
             *lab.state_arguments(), *PATIENT, "-vvv"])
        same(errors, "", "stderr")
        same(output.count("|"), 1, "bars")
        check(all(c == "\n" or c >= " " for c in output), "control")
        check(code in (1, 2), f"exit code {code}")


add_ede("24, without text", m.ede(24), "secondary-expired", 24)
add_ede("24, with a text that is no text",
        m.ede(24, b"\x1b[31m|\n\0\xff\xfe<b>&\"'"), "secondary-expired", 24)
add_ede("24, with as much text as there is room for",
        m.ede(24, b"x|" * 500), "secondary-expired", 24)
add_ede("another one", m.ede(22, b"no reachable authority"),
        "server-servfail", 22)
add_ede("one byte", m.option(m.EDE, b"\x18"), "server-servfail", -1)
add_ede("no byte", m.option(m.EDE, b""), "server-servfail", -1)


@case("EDE 24 with a good answer: the copy is good")
def ede_with_answer(lab):
    with_second(lab, with_options(m.ede(24, b"expired, or so I say")))
    lab.check(ZONE, *PATIENT).expect("OK", {})


@case("options that do not fit into their record")
def cut_options(lab):
    def cut(ask):
        reply = ask.honest(options=[m.expire(5)])
        return reply[:-6] + struct.pack("!H", 400) + reply[-4:]

    with_second(lab, cut)
    result = lab.check(ZONE, *PATIENT)
    check(result.state in ("OK", "WARNING"), result.state)
    check(source_of(result) != "measured", "nothing is measured by that")


# Which instance.

def add_nsid(title, data):
    """Any bytes can be an NSID; they end up in a state file."""
    @case(f"NSID: {title}")
    def nsid(lab):
        with_second(lab, with_options(m.option(m.NSID, data)))
        lab.check(ZONE, *PATIENT).expect("OK", {})
        lab.check(ZONE, *PATIENT).expect("OK", {})
        for path in lab.state_files():
            with open(path, encoding="utf-8") as source:
                json.load(source)


add_nsid("control characters", b"\x1b[31m|\n\"\\\0")
add_nsid("no UTF-8", bytes(range(128, 256)))
add_nsid("empty", b"")
add_nsid("a thousand bytes", b"\xff" * 1000)


@case("NSID: another one for each question")
def nsid_changes(lab):
    count = []

    def changes(ask):
        count.append(1)
        return ask.honest(options=[m.option(m.NSID, b"%d" % len(count))])

    with_second(lab, changes)
    for _ in range(3):
        lab.check(ZONE, *PATIENT).expect("OK", {})


# The SOA.

def add_timers(title, timers, state, *rules, words=()):
    """Timers that make no sense."""
    @case(f"SOA: {title}")
    def odd_timers(lab):
        on_files(lab, "bind", timers=timers)
        lab.check(ZONE, *GIVEN, *words).expect(state, dict.fromkeys(rules))
        lab.age(3600)
        lab.check(ZONE, *GIVEN, *words).expect(state, dict.fromkeys(rules))


MOST = 2**32 - 1
add_timers("everything 0", "0 0 0 0", "WARNING", "soa-expire-short")
add_timers("everything as large as can be", f"{MOST} {MOST} {MOST} {MOST}",
           "OK")
add_timers("refresh longer than expire", "1209600 900 604800 300", "OK")
add_timers("retry longer than everything", "7200 4000000000 1209600 300",
           "OK")


@case("SOA: the secondary tells other timers than the primary")
def other_timers(lab):
    def lies(ask):
        zone = lab.zones[ZONE]
        usual = zone.settings["timers"]
        zone.settings["timers"] = "1 1 1 1"
        reply = ask.honest()
        zone.settings["timers"] = usual
        return reply

    with_second(lab, lies)
    result = lab.check(ZONE, *PATIENT)
    check("secondary-behind" not in result.found(), "not behind")
    check(result.state in ("OK", "WARNING"), result.state)


@case("SOA: another serial for each question")
def serial_changes(lab):
    count = []

    def changes(ask):
        count.append(1)
        zone = lab.zones[ZONE]
        usual = zone.settings["serial"]
        zone.settings["serial"] = len(count) * 0x10000001 % 2**32
        reply = ask.honest()
        zone.settings["serial"] = usual
        return reply

    with_second(lab, changes)
    for _ in range(3):
        result = lab.check(ZONE, *PATIENT)
        check(result.state in ("OK", "WARNING", "CRITICAL"), result.state)
        culprits = {f["culprit"]["address"] for fs in result.found().values()
                    for f in fs}
        check(culprits <= {*SECOND_AT, None}, f"culprits {culprits}")


# Transfers. The scripted primary signs what it sends.

SOA_TEXT = "ns1.example.org. hostmaster.example.org. {} 7200 900 1209600 3600"


def soa(serial):
    """The SOA record of the zone."""
    return m.record(ZONE, m.SOA, SOA_TEXT.format(serial))


def host(number):
    """One record inside the zone."""
    return m.record(f"host{number}.{ZONE}", m.A, f"192.0.2.{number % 250}")


def sends(messages):
    """A zone transfer of these messages, each a list of records or bytes."""
    def transfer(ask, key):
        signer = tsig.Signer(key, ask.query)
        for message in messages(ask):
            if isinstance(message, list):
                message = signer.sign(m.reply(ask.query, answer=message,
                                              edns=False))
            yield message
    return transfer


def add_transfer(title, transfer, state, rules, *words, end=None):
    """What a primary sends when the zone is transferred with a key."""
    @case(f"AXFR: {title}")
    def hostile(lab):
        on_files(lab, {SECOND: "nsd", THIRD: "knot"})
        key = transfers.TransferKey("transfer.example.org")
        lab.scripted(HOSTS[PRIMARY], b.either(
            lambda query: query.type == m.AXFR,
            lambda ask: transfer(ask, key)), [ZONE])
        result = lab.check(ZONE, *GIVEN, "--tsig-file", key.file(lab),
                           *words).expect(state, dict.fromkeys(rules))
        result.in_time(8)
        for rule in rules:
            check({f["culprit"]["address"] for f in result.found()[rule]}
                  <= set(FIRST_AT), f"culprits of {rule}")
        ends = {c["transfer"]["end"] for c in result.json["primaries"]
                if "transfer" in c}
        if end:
            same(ends, {end}, "ends")
        return result


SERIAL = 2026010101
FAILS = ("CRITICAL", ["transfer-fails"])

add_transfer("as it should be", sends(lambda ask: [
    [soa(SERIAL), host(1)], [host(2), soa(SERIAL)]]), "OK", [], end="done")
add_transfer("another serial than the SOA told", sends(lambda ask: [
    [soa(SERIAL - 5), host(1), soa(SERIAL - 5)]]), "WARNING",
             ["transfer-serial-differs"], end="done")
add_transfer("ends with another SOA than it began with", sends(lambda ask: [
    [soa(SERIAL), host(1), soa(SERIAL + 1)]]), *FAILS)
add_transfer("no SOA at its start", sends(lambda ask: [
    [host(1), soa(SERIAL)]]), *FAILS, end="malformed")
add_transfer("nothing in it", sends(lambda ask: [[]]), *FAILS)
add_transfer("records of another zone", sends(lambda ask: [
    [soa(SERIAL), m.record("www.example.com", m.A, "192.0.2.66"),
     soa(SERIAL)]]), *FAILS)
add_transfer("ends midway", sends(lambda ask: [
    [soa(SERIAL), host(1)], ("close",)]), *FAILS, end="broken")
add_transfer("stops midway and holds the connection", sends(lambda ask: [
    [soa(SERIAL), host(1)]]), *FAILS, *WAITS, end="broken")
add_transfer("garbage", lambda ask, key: b.garbage(ask), *FAILS)
add_transfer("garbage in the middle", sends(lambda ask: [
    [soa(SERIAL), host(1)], struct.pack("!H", ask.query.id) + b"\xff" * 500]),
             *FAILS)
add_transfer("a message that is shorter than a header", sends(lambda ask: [
    [soa(SERIAL), host(1)], b"\x12"]), *FAILS)
add_transfer("no message, only a length of 0", sends(lambda ask: [
    ("raw", b"\0\0")]), *FAILS)
add_transfer("not signed", lambda ask, key: m.reply(
    ask.query, answer=[soa(SERIAL), host(1), soa(SERIAL)]), *FAILS,
             end="not_verified")
add_transfer("signed with another key", lambda ask, key: list(sends(
    lambda ask: [[soa(SERIAL), host(1), soa(SERIAL)]])(
        ask, transfers.TransferKey(key.name))), *FAILS, end="not_verified")
add_transfer("its second message is not signed, nor what follows",
             sends(lambda ask: [[soa(SERIAL), host(1)]] + [
                 m.reply(ask.query, answer=[host(i)], edns=False)
                 for i in range(150)] + [
                     m.reply(ask.query, answer=[soa(SERIAL)], edns=False)]),
             *FAILS, end="not_verified")


def spoilt(ask, key):
    """A transfer of which one bit was changed on the way."""
    for message in sends(lambda ask: [
            [soa(SERIAL), host(1), soa(SERIAL)]])(ask, key):
        at = message.index(bytes([192, 0, 2, 1])) + 3
        yield message[:at] + bytes([message[at] ^ 1]) + message[at + 1:]


add_transfer("a bit was changed on the way", spoilt, *FAILS,
             end="not_verified")


def endless(ask):
    """More records than anybody reads here."""
    yield [soa(SERIAL)]
    for i in range(60):
        yield [host(i * 500 + j) for j in range(500)]


add_transfer("more records than anybody wants", sends(endless), "OK", [],
             "--axfr-max", "20000", end="limit")


def dripping(ask, key):
    """A message now and then, for ever."""
    steps = []
    for message in sends(lambda ask: [[soa(SERIAL)]] + [
            [host(i)] for i in range(200)])(ask, key):
        steps += [message, ("wait", 0.1)]
    return steps


add_transfer("a record now and then, until our own end", dripping, "OK", [],
             "-t", "3", end="broken")
add_transfer("an error with rubbish in it", lambda ask, key: m.reply(
    ask.query, flags=0, rcode=15, answer=[host(1)]), *FAILS)


def add_stranger(title, behaviour, state, rules, words=PATIENT):
    """What a secondary sends to a stranger (--check-axfr)."""
    @case(f"--check-axfr: {title}")
    def stranger(lab):
        with_second(lab, b.either(lambda query: query.type == m.AXFR,
                                  behaviour))
        lab.check(ZONE, *words, "--check-axfr").expect(
            state, dict.fromkeys(rules, SECOND_AT))


add_stranger("refuses", b.rcode(m.REFUSED), "OK", [])
add_stranger("closes the connection", b.tcp_close, "OK", [])
add_stranger("holds the connection", b.silent, "OK", [], (*GIVEN, *WAITS))
add_stranger("garbage", b.garbage, "OK", [])
add_stranger("an SOA and nothing else",
             lambda ask: m.reply(ask.query, answer=[soa(SERIAL)]),
             "WARNING", ["transfer-open"])
add_stranger("the zone", lambda ask: m.reply(ask.query, answer=[
    soa(SERIAL), host(1), soa(SERIAL)]), "WARNING", ["transfer-open"])


# Contents.

@case("contents: as many records as a message holds, and another order")
def many_records(lab):
    count = []

    def shuffled(ask):
        if ask.query.type != m.TXT:
            return ask.honest()
        count.append(1)
        records = [m.record(ZONE, m.TXT, f"text {i} " + "x" * 200)
                   for i in range(200)]
        if len(count) % 2:
            records.reverse()
        return m.reply(ask.query, answer=records)

    on_files(lab, {THIRD: "knot"})
    lab.on[ZONE, THIRD] = None
    for name in (PRIMARY, SECOND, THIRD):
        lab.scripted(HOSTS[name], shuffled, [ZONE])
    lab.check(ZONE, *PATIENT, "--probe", "@/TXT").expect("OK", {})


@case("contents: records of another name than was asked")
def other_owner(lab):
    with_second(lab, lambda ask: ask.honest(answer=[
        m.record("www.example.com", m.MX, b"\0\x0a\x04evil\0")])
        if ask.query.type == m.MX else ask.honest())
    result = lab.check(ZONE, *PATIENT)
    check(result.state in ("OK", "WARNING"), result.state)
    check("evil" not in result.output, "nothing of it is believed")


if __name__ == "__main__":
    main(PLUGIN)
