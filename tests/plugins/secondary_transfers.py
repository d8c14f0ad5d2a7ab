# SPDX-License-Identifier: GPL-3.0-or-later
"""Transfers that stop, fail or are open, and copies that run out."""

import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, main, same  # noqa: E402
from copies import (  # noqa: E402
    DAY, EXPIRE_S, FIRST_AT, GIVEN, HOSTS, HOUR, PLUGIN, PRIMARY, REFRESH_S,
    RETRY_S, SECOND, SECONDARIES_AT, SECOND_AT, THIRD, THIRD_AT, ZONE,
    copy_at, covers, on_files, rotations, seconds_left, transfer_facts,
    transferred)
from signing import Signing  # noqa: E402
from transfers import TransferKey, is_dead, serial_at  # noqa: E402

HIDDEN = "hidden.example.com"


# A transfer that does not come.

def of_kind(kinds, kind):
    """The addresses of the secondaries of a kind."""
    return [a for k, addresses in zip(kinds[1:], (SECOND_AT, THIRD_AT))
            for a in addresses if k == kind]


def add_stopped(kinds):
    """The primary has news, and hands nothing out."""
    @case(f"{kinds[0]} hands nothing to {kinds[1]} and {kinds[2]} any more")
    def stopped(lab):
        transferred(lab, kinds, tsig=True)
        lab.check(ZONE, *GIVEN).expect("OK", {})
        lab.permit(ZONE, "nobody")
        serial = lab.bump(ZONE)
        result = lab.check(ZONE, *GIVEN).expect("OK", {})
        for address in SECONDARIES_AT:
            lag = copy_at(result, address)
            same((lag["step"], lag["serial_lag"]), ("behind", 1), address)
            check(lag["lag_age"] <= 10, f"age {lag['lag_age']}")

        lab.age(REFRESH_S + RETRY_S - 60)
        lab.check(ZONE, *GIVEN).expect("OK", {})
        lab.age(120)
        result = lab.check(ZONE, *GIVEN).expect(
            "WARNING", {"secondary-behind": SECONDARIES_AT})
        age = copy_at(result, SECOND_AT[0])["lag_age"]
        check(0 <= age - (REFRESH_S + RETRY_S + 60) <= 30, f"age {age}")

        lab.age(EXPIRE_S // 2)
        lab.check(ZONE, *GIVEN).expect(
            "CRITICAL", {"secondary-behind": SECONDARIES_AT})

        lab.permit(ZONE, "followers")
        lab.wait_serial(ZONE, lab.bump(ZONE, serial + 1))
        lab.check(ZONE, *GIVEN).expect("OK", {})


for _kinds in rotations():
    add_stopped(_kinds)


@case("--lag-warning and --lag-critical")
def own_lag(lab):
    transferred(lab)
    words = (*GIVEN, "--lag-warning", "10m", "--lag-critical", "1h")
    lab.check(ZONE, *words).expect("OK", {})
    lab.permit(ZONE, "nobody")
    lab.bump(ZONE)
    lab.check(ZONE, *words).expect("OK", {})
    lab.age(HOUR // 2)
    lab.check(ZONE, *words).expect(
        "WARNING", {"secondary-behind": SECONDARIES_AT})
    lab.age(HOUR // 2 + 60)
    lab.check(ZONE, *words).expect(
        "CRITICAL", {"secondary-behind": SECONDARIES_AT})


@case("the age counts from the first serial that was missed")
def first_missed(lab):
    transferred(lab)
    lab.check(ZONE, *GIVEN).expect("OK", {})
    lab.permit(ZONE, "nobody")
    for _ in range(3):
        lab.bump(ZONE)
        lab.check(ZONE, *GIVEN)
        lab.age(REFRESH_S // 2 + 300)
    result = lab.check(ZONE, *GIVEN).expect(
        "WARNING", {"secondary-behind": SECONDARIES_AT})
    lag = copy_at(result, SECOND_AT[0])
    same(lag["serial_lag"], 3, "serials")
    late = lag["lag_age"] - 3 * (REFRESH_S // 2 + 300)
    check(0 <= late <= 30, f"{lag['lag_age']} s")


@case("a secondary fell behind while it could not be seen")
def unseen(lab):
    transferred(lab)
    lab.check(ZONE, *GIVEN).expect("OK", {})
    lab.permit(ZONE, "nobody")
    lab.bump(ZONE)
    for address in SECOND_AT:
        lab.net.silence(address)
    quick = (*GIVEN, "--tries", "2", "--query-timeout", "1")
    lab.check(ZONE, *quick).expect("WARNING", {"server-silent": SECOND_AT})
    lab.age(4 * HOUR)
    for address in SECOND_AT:
        lab.net.restore(address)
    result = lab.check(ZONE, *GIVEN).expect(
        "WARNING", {"secondary-behind": SECONDARIES_AT})
    for address in SECOND_AT:
        copy = copy_at(result, address)
        check(0 <= copy["lag_age"] - 4 * HOUR <= 30, f"{copy['lag_age']} s")
        gap = EXPIRE_S - 4 * HOUR - copy["expire_left"]
        check(0 <= gap <= 30, f"{copy['expire_left']} s left")


@case("without --primary the newest copy is what the others are held against")
def newest(lab):
    transferred(lab)
    lab.check(ZONE).expect("OK", {})
    lab.permit(ZONE, "nobody")
    lab.bump(ZONE)
    lab.check(ZONE).expect("OK", {})
    lab.age(REFRESH_S + RETRY_S + 60)
    lab.check(ZONE).expect("WARNING", {"secondary-behind": SECONDARIES_AT})


@case("without --primary a secondary may have the newest")
def newest_is_secondary(lab):
    zone = on_files(lab, serial=10)
    zone.at(THIRD, serial=20)
    lab.check(ZONE).expect("OK", {})
    lab.age(REFRESH_S + RETRY_S + 60)
    lab.check(ZONE).expect("WARNING", {"secondary-behind": SECOND_AT})


# A primary that is gone.

@case("the primary stops: silent, and what has no EXPIRE counts from then")
def primary_stops(lab):
    transferred(lab)
    lab.check(ZONE, *GIVEN).expect("OK", {})
    lab.server_at(PRIMARY).stop()
    gone = {"primary-silent": None, "server-silent": FIRST_AT}
    result = lab.check(ZONE, *GIVEN).expect("WARNING", gone)
    same(covers(result, "source"), {
        **dict.fromkeys(SECOND_AT, "at_most"),
        **dict.fromkeys(THIRD_AT, "measured")}, "sources")

    lab.age(REFRESH_S + 4 * RETRY_S + 60)
    result = lab.check(ZONE, *GIVEN).expect(
        "WARNING", {**gone, "primary-contact-lost": SECOND_AT})
    for left in seconds_left(result, SECOND_AT).values():
        gap = EXPIRE_S - (REFRESH_S + 4 * RETRY_S + 60) - left
        check(0 <= gap <= 30, f"{left} s left")
    lab.age(EXPIRE_S // 2)
    lab.check(ZONE, *GIVEN).expect(
        "CRITICAL", {**gone, "primary-contact-lost": SECOND_AT})

    lab.server_at(PRIMARY).start()
    lab.server_at(PRIMARY).wait()
    lab.check(ZONE, *GIVEN).expect("OK", {})


@case("the inferred primary stops: no more than a warning")
def inferred_stops(lab):
    transferred(lab)
    lab.check(ZONE).expect("OK", {})
    lab.server_at(PRIMARY).stop()
    lab.check(ZONE).expect("WARNING", {"server-silent": FIRST_AT})
    lab.age(EXPIRE_S // 2 + HOUR)
    lab.check(ZONE).expect("WARNING", {
        "server-silent": FIRST_AT, "primary-contact-lost": SECOND_AT})


@case("a primary that was never seen alive: the cover is not known")
def never_seen(lab):
    transferred(lab)
    lab.start()
    lab.server_at(PRIMARY).stop()
    result = lab.check(ZONE, *GIVEN).expect(
        "WARNING", {"primary-silent": None, "server-silent": FIRST_AT})
    left = covers(result, "source", THIRD_AT)
    same(set(left.values()), {"measured"}, "sources of Knot")


# Short timers: what runs out does so within the test.

SHORT = {"timers": "1 1 12 5"}  # refresh retry expire minimum
SHORT_EXPIRE_S = 12
ANY_COVER = ("--min-cover", "0")


@case("expired: announced, counted down rightly, told apart, and recovered")
def expired(lab):
    lab.host(HIDDEN, "192.0.2.9")
    transferred(lab, primary={h: HIDDEN for h in HOSTS}, mname=HIDDEN,
                **SHORT)
    lab.on[ZONE, HIDDEN] = lab.server("nsd")
    words = ("--primary", HIDDEN, *ANY_COVER)
    everybody = FIRST_AT + SECONDARIES_AT  # BIND, NSD, Knot
    lab.start()
    lab.check(ZONE, *words).expect("OK", {})
    lab.server_at(HIDDEN).stop()
    begin = time.time()

    # Refresh and four times retry after the last contact.
    def announced():
        result = lab.check(ZONE, *words)
        return "primary-contact-lost" in result.found() and {
            f["culprit"]["address"]
            for f in result.found()["primary-contact-lost"]
        } == set(everybody) and result

    result = lab.wait_until(announced, "it is announced", SHORT_EXPIRE_S)
    check("primary-silent" in result.found(), "primary-silent")
    same(result.found().get("secondary-expired"), None, "expired already")
    # Each of these was so at some time of that run.
    asked = (time.time() - result.seconds, time.time())
    left = {c["address"]: c["expire_left"]
            for c in result.json["secondaries"]}
    lived, died = {}, {}

    def all_died():
        for address in everybody:
            if address not in died:
                begun = time.time()
                if is_dead(address, ZONE):
                    died[address] = time.time()
                elif serial_at(address, ZONE) is not None:
                    lived[address] = begun
        return len(died) == len(everybody)

    lab.wait_until(all_died, lambda: f"only {sorted(died)} ended")
    lab.settle(*HOSTS)
    for address in everybody:
        first, last = (when + left[address] for when in asked)
        # It ended between these two, and was to end between those.
        check(lived.get(address, 0) - 2 <= last and first <= died[address] + 3,
              f"{address} was to end {first - begin:.1f} to "
              f"{last - begin:.1f} s after the primary, and did so "
              f"{lived.get(address, begin) - begin:.1f} to "
              f"{died[address] - begin:.1f} s after it")

    result = lab.check(ZONE, *words)
    same(result.state, "CRITICAL", "state")
    result.blames(result.found()["secondary-expired"], everybody)
    check("server-servfail" not in result.found(), "the cause is known")
    check("no-good-secondary" in result.found(), "no-good-secondary")

    lab.server_at(HIDDEN).start()
    lab.server_at(HIDDEN).wait()
    lab.renew(ZONE)
    lab.check(ZONE, *words).expect("OK", {})


@case("BIND expired, and nobody was watching: expired or not loaded")
def not_watched(lab):
    transferred(lab, ("nsd", "bind", "bind"), timers="1 1 3 5")
    lab.start()
    lab.server_at(PRIMARY).stop()
    lab.wait_dead(ZONE, SECOND, THIRD)
    result = lab.check(ZONE, *GIVEN, *ANY_COVER).expect("CRITICAL", {
        "no-good-secondary": None, "server-servfail": SECONDARIES_AT,
        "primary-silent": None, "server-silent": FIRST_AT,
        "too-few-survivors": None})
    same(result.found().get("secondary-expired"), None, "not known")


@case("Knot and NSD say so themselves (EDE 24), history or not")
def by_ede(lab):
    transferred(lab, ("bind", "nsd", "knot"), timers="1 1 3 5")
    lab.start()
    lab.server_at(PRIMARY).stop()
    lab.wait_dead(ZONE, SECOND, THIRD)
    result = lab.check(ZONE, *GIVEN, *ANY_COVER)
    same(result.state, "CRITICAL", "state")
    result.blames(result.found()["secondary-expired"], SECONDARIES_AT)


@case("one of two secondaries expired: the other one carries")
def one_expired(lab):
    transferred(lab, ("bind", "nsd", "knot"), timers="1 1 3 5")
    # Whatever takes its time here, this one does not expire.
    lab.on[ZONE, THIRD] = lab.server("knot")
    lab.on[ZONE, THIRD].keeps_s = HOUR
    lab.start()
    lab.on[ZONE, PRIMARY].roles[ZONE].followers.remove(SECOND_AT[0])
    lab.server_at(PRIMARY).restart()  # for those that are left
    lab.bump(ZONE)
    lab.wait_dead(ZONE, SECOND)
    lab.check(ZONE, *GIVEN, *ANY_COVER).expect(
        "CRITICAL", {"secondary-expired": SECOND_AT})


# Ahead.

@case("the primary fell back: ahead of it, and it will never transfer again")
def ahead(lab):
    transferred(lab, serial=2026010150)
    lab.check(ZONE, *GIVEN).expect("OK", {})
    lab.replace(ZONE, 2026010120)
    result = lab.check(ZONE, *GIVEN).expect(
        "CRITICAL", {"secondary-ahead": SECONDARIES_AT})
    lag = copy_at(result, SECOND_AT[0])
    same(lag["step"], "ahead", "step")
    lab.check(ZONE).expect("OK", {})


@case("a secondary that is ahead for a moment only: asked again, and well")
def race(lab):
    transferred(lab, ("nsd", "nsd", "knot"), serial=100)
    # The primary's first answer is from before the zone changed.
    server = lab.scripted("", lambda ask: ask.honest() if ask.count > 1
                          else old(lab, ask), [ZONE])
    lab.zones[ZONE].follows.clear()
    lab.zones[ZONE].settings["serial"] = 101
    lab.on[ZONE, PRIMARY] = server
    result = lab.check(ZONE, *GIVEN).expect("OK", {})
    same({c["step"] for c in result.json["secondaries"]}, {"equal"},
         "steps")


def old(lab, ask):
    """An answer with the serial before."""
    settings = lab.zones[ZONE].settings
    settings["serial"] -= 1
    reply = ask.honest()
    settings["serial"] += 1
    return reply


@case("a secondary that is behind for a moment only: asked again, and well")
def race_behind(lab):
    on_files(lab, {PRIMARY: "bind", THIRD: "knot"})
    lab.scripted(HOSTS[SECOND], lambda ask: ask.honest() if ask.count > 1
                 else old(lab, ask), [ZONE])
    result = lab.check(ZONE, *GIVEN).expect("OK", {})
    same({c["step"] for c in result.json["secondaries"]}, {"equal"}, "steps")


@case("half of the circle apart: neither is newer")
def undefined(lab):
    zone = on_files(lab, serial=1)
    zone.at(SECOND, serial=1 + 2**31)
    lab.check(ZONE, *GIVEN).expect(
        "WARNING", {"serial-undefined": SECOND_AT})


# With the key.

def add_key(kinds):
    """The zone is transferred with the key, from all of them."""
    @case(f"--tsig-file: {', '.join(kinds)}")
    def with_key(lab):
        transferred(lab, kinds, tsig=True, records="\n".join(
            f"host{i} A 192.0.2.{i % 250}" for i in range(3000)))
        words = (*GIVEN, "--tsig-file", lab.transfer_key(ZONE).file(lab))
        lab.start()
        result = lab.check(ZONE, *words).expect("OK", {})
        transfers_of = [copy_at(result, a).get("transfer") for a in FIRST_AT]
        done = [t for t in transfers_of if t and t["end"] == "done"]
        check(done, "a transfer from the primary")
        same(done[0]["serial"], 2026010101, "serial")
        check(done[0]["records"] > 3000, f"{done[0]['records']} records")

        result = lab.check(ZONE, *words, "--axfr-secondary").expect("OK", {})
        ends = [copy_at(result, a).get("transfer") for a in SECONDARIES_AT]
        check(any(t and t["end"] == "done" for t in ends), "secondaries")
        lab.check(ZONE, *words, "--axfr-max", "100").expect(
            "OK", {}).not_judged("transfer-fails")


for _kinds in rotations():
    add_key(_kinds)


def add_wrong_key(kind, title, name, code):
    """A key that the primary does not take."""
    @case(f"{kind}: {title}")
    def wrong_key(lab):
        transferred(lab, (kind, "nsd", "knot"), tsig=True)
        key = TransferKey(name)
        words = (*GIVEN, "--tsig-file", key.file(lab))
        lab.start()
        blames_primary(lab.check(ZONE, *words).expect(
            "CRITICAL", {"transfer-fails": None}))
        same(transfer_facts(lab, *words)["tsig_error"], code, "TSIG error")


def of_primary(result):
    """The transfer from the primary that was tried."""
    return next(c["transfer"] for c in result.json["primaries"]
                if "transfer" in c)


def blames_primary(result, rule="transfer-fails"):
    """It is the primary that is named, and nobody else."""
    found = {f["culprit"]["address"] for f in result.found()[rule]}
    check(found and found <= set(FIRST_AT), f"culprits {found}")


for _kind in ("bind", "nsd", "knot"):
    add_wrong_key(_kind, "a key of the right name with another secret: BADSIG",
                  f"transfer.{ZONE}", 16)
    add_wrong_key(_kind, "a key that it does not know: BADKEY",
                  f"other.{ZONE}", 17)


def add_clock(kind, seconds):
    """The primary's clock is off."""
    @case(f"{kind}: a clock that is {seconds} s fast: BADTIME")
    def clock(lab):
        transferred(lab, (kind, "nsd", "knot"), tsig=True)
        lab.start()
        server = lab.server_at(PRIMARY)
        server.clock_s = seconds
        server.restart()
        words = (*GIVEN, "--tsig-file", lab.transfer_key(ZONE).file(lab))
        blames_primary(lab.check(ZONE, *words).expect(
            "CRITICAL", {"transfer-fails": None}))
        transfer = transfer_facts(lab, *words)
        same(transfer["tsig_error"], 18, "TSIG error")
        # NSD tells its clock without a signature, Knot with one.
        off = transfer["clock_offset_s"] - seconds
        check(-5 <= off <= 5, f"clock {transfer['clock_offset_s']}")


add_clock("nsd", 3600)
add_clock("knot", 3600)
add_clock("knot", -7200)


@case("the right key, and the primary refuses")
def refused(lab):
    transferred(lab, tsig=True)
    lab.start()
    lab.permit(ZONE, "nobody")
    words = (*GIVEN, "--tsig-file", lab.transfer_key(ZONE).file(lab))
    blames_primary(lab.check(ZONE, *words).expect(
        "CRITICAL", {"transfer-fails": None}))
    same(transfer_facts(lab, *words)["rcode"], 5, "rcode")


@case("a secondary hands nothing out with the key: a warning")
def secondary_refuses(lab):
    transferred(lab, tsig=True)
    lab.start()
    lab.permit(ZONE, "nobody", THIRD)
    words = (*GIVEN, "--tsig-file", lab.transfer_key(ZONE).file(lab))
    lab.check(ZONE, *words).expect("OK", {})
    result = lab.check(ZONE, *words, "--axfr-secondary").expect(
        "WARNING", {"transfer-fails": None})
    check({f["culprit"]["address"] for f in result.found()["transfer-fails"]}
          <= set(THIRD_AT), "culprits")


class OneShort(Signing):
    """As signed, but one signature inside the zone ends sooner."""

    def __init__(self, owner, ends_in_s, **settings):
        super().__init__(**settings)
        self.owner, self.short_end_s = owner, ends_in_s

    def sign(self, lab, zone, text):
        """The zone, with that signature from a shorter signing."""
        usual = {k: v for k, v in vars(self).items()
                 if k not in ("owner", "short_end_s")}
        longer = Signing(**usual)
        shorter = longer.but(end_s=self.short_end_s)
        kept = [line for line in longer.sign(lab, zone, text).splitlines(True)
                if not self.is_it(line)]
        return "".join(kept + [
            line for line in shorter.sign(lab, zone, text).splitlines(True)
            if self.is_it(line)])

    def is_it(self, line):
        """Whether a line is that signature."""
        return line.startswith(self.owner + ".") and "RRSIG\tA " in line


@case("a signature somewhere in the zone ends soon: seen with the key only")
def zone_signature(lab):
    lab.sign_above()
    transferred(lab, tsig=True, records="deep A 192.0.2.77", signed=OneShort(
        f"deep.{ZONE}", HOUR, begin_s=-13 * DAY, end_s=14 * DAY))
    lab.check(ZONE, *GIVEN).expect("OK", {})
    result = lab.check(ZONE, *GIVEN, "--tsig-file",
                       lab.transfer_key(ZONE).file(lab)).expect(
                           "CRITICAL", {"zone-signature-expiring": None})
    left = of_primary(result)["signature_end"] - time.time()
    check(0 < left <= HOUR, f"{left:.0f} s left")


def add_zonemd(title, change, state, rules, word):
    """A digest of the zone (RFC 8976)."""
    @case(f"--zonemd: {title}")
    def zonemd(lab):
        lab.sign_above()
        transferred(lab, tsig=True, records="www A 192.0.2.80",
                    signed=Digested(change))
        result = lab.check(ZONE, *GIVEN, "--zonemd", "--tsig-file",
                           lab.transfer_key(ZONE).file(lab)).expect(
                               state, rules)
        same(of_primary(result)["zonemd"], word, "zonemd")


class Digested(Signing):
    """With a ZONEMD by ldns-signzone, and a change behind its back."""

    def __init__(self, change=None, **settings):
        super().__init__(signer="ldns")
        self.change_text = change
        self.zonemd = True
        self.change(settings)

    def sign(self, lab, zone, text):
        """The signed zone, changed."""
        signed = super().sign(lab, zone, text)
        return self.change_text(signed) if self.change_text else signed


add_zonemd("the digest is right", None, "OK", {}, "fine")
add_zonemd("a record was added behind its back",
           lambda text: text + f"evil.{ZONE}. 60 IN A 192.0.2.66\n",
           "CRITICAL", {"zonemd-wrong": None}, "wrong")


@case("--zonemd where the zone has none: not judged")
def no_zonemd(lab):
    transferred(lab, tsig=True)
    lab.start()
    result = lab.check(ZONE, *GIVEN, "--zonemd", "--tsig-file",
                       lab.transfer_key(ZONE).file(lab)).expect("OK", {})
    result.not_judged("zonemd-wrong")


# Without a key.

def add_open(kinds):
    """Who hands the zone to anybody."""
    @case(f"--check-axfr: closed, then open at {kinds[0]}, then everywhere")
    def axfr(lab):
        transferred(lab, kinds)
        words = (*GIVEN, "--check-axfr")
        lab.start()
        lab.check(ZONE, *words).expect("OK", {})
        lab.permit(ZONE, "everybody")
        lab.check(ZONE, *words).expect("WARNING", {"transfer-open": FIRST_AT})
        for host in (SECOND, THIRD):
            lab.permit(ZONE, "everybody", host)
        lab.check(ZONE, *words).expect(
            "WARNING", {"transfer-open": FIRST_AT + SECONDARIES_AT})
        lab.check(ZONE, *GIVEN).expect("OK", {})


for _kinds in rotations():
    add_open(_kinds)


if __name__ == "__main__":
    main(PLUGIN)
