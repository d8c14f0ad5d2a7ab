# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a page can be reached: each address of both families, its TLS, how
fast, how old, by its other names, and whether it is them or us."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, main, same, seen_through_nat64  # noqa: E402
from pages import (DAY, HOUR, MINUTE, NOW, RESOLVER,  # noqa: E402
                   Doc)
from posts import (AT4, AT6, HOST, PATH, SHOP, SHOP_AT, URL,  # noqa: E402
                   incident, page, says, shop, summary)
import behaviours as b  # noqa: E402
import message as m  # noqa: E402
import netns  # noqa: E402
import web  # noqa: E402

DEAD = "198.51.100.81"
OTHERS = [f"198.51.100.{n}" for n in range(81, 88)]
OUTAGE = incident("i1", (5, "investigating", "We look into it."))
SEEN = {"banner": None, "incident-open": None}
ALL_DEAD = {"page-unreachable": None}


def metric(result, name):
    """The value of a metric."""
    return result.json["metrics"][name]


def ends(result):
    """{address: what became of it}."""
    return {a["address"]: a["outcome"] for a in result.json["addresses"]}


def refuses(lab, address):
    """Nobody listens."""
    lab.dead(HOST, address)


def is_lost(lab, address):
    """What is sent there gets lost."""
    lab.dead(HOST, address)
    lab.up()
    lab.net.silence(address)


def behaves(behaviour):
    """Something listens that does that."""
    def declare(lab, address):
        lab.web(HOST, address, behaviour)
    return declare


def answers(answer):
    """TLS is fine, and the answer is that."""
    def declare(lab, address):
        lab.web(HOST, address, web.serve(answer, lab.certificate(HOST)))
    return declare


WAYS = {
    "refuses": refuses,
    "is lost": is_lost,
    "is silent": behaves(web.silent),
    "shuts at once": behaves(web.shuts),
    "resets at once": behaves(web.resets_at_once),
    "says nothing in the handshake": behaves(web.no_handshake),
    "garbles the handshake": behaves(web.garbles_handshake),
    "speaks SMTP": behaves(web.speaks_smtp),
    "says nothing to the request": answers(web.holds()),
    "answers 500": answers(web.sends(web.reply("no", 500))),
    "answers 404": answers(web.sends(web.reply("no", 404))),
    "answers 302 to nowhere": answers(web.sends(web.reply("no", 302))),
    "resets in the body": answers(web.resets(web.reply(summary())[:-50])),
    "ends in the body": answers(web.sends(web.reply(summary())[:-50])),
    "speaks no HTTP": answers(web.sends(b"hello\r\n" * 20)),
}


def add_way(what, declare):
    """One address is dead in that way: a warning, and of all: critical."""
    @case(f"one address of three {what}")
    def one(lab):
        page(lab)
        declare(lab, DEAD)
        result = lab.look(URL, "-t", "6").expect(
            "WARNING", {"address-unreachable": [DEAD]})
        same(sorted(ends(result)), sorted([AT4, AT6, DEAD]), "addresses")
        result.in_time(6)

    @case(f"the only address {what}")
    def only(lab):
        lab.at(NOW)
        declare(lab, DEAD)
        lab.look(URL, "-t", "4").expect("CRITICAL", ALL_DEAD)
        lab.look(URL, "-t", "4", "--upstream").expect("UNKNOWN", ALL_DEAD)


for _what, _declare in WAYS.items():
    add_way(_what, _declare)


@case("both families are seen, each address apart, and each asked once")
def families(lab):
    site = page(lab)
    result = lab.look(URL).expect("OK", {})
    same(ends(result), {AT4: "done", AT6: "done"}, "ends")
    same(result.json["not_judged"], [], "not judged")
    same(sorted(r.address for r in site.asked()), sorted([AT4, AT6]), "asked")
    same([metric(result, n) for n in ("addresses_good", "addresses_bad")],
         [2, 0], "counts")
    for word, address in (("-4", AT4), ("-6", AT6)):
        same(list(ends(lab.look(URL, word))), [address], word)


@case("HTTP/2, as most providers speak it: documents, redirects, changes")
def http2(lab):
    site = page(lab, more=" http2", gzip=True)
    site.shows("/moved", Doc(redirect=URL))
    lab.look(URL).expect("OK", {})
    lab.look(URL).expect("OK", {})
    lab.look(f"https://{HOST}/moved", "--no-state").expect("OK", {})
    same([r.status for r in site.asked(PATH)],
         ["200", "200", "304", "304", "200", "200"], "statuses")
    site.shows(PATH, Doc(b"no", status=503))
    lab.look(URL).expect("CRITICAL", ALL_DEAD)


@case("TLS 1.2 alone")
def old_tls(lab):
    page(lab, more="; ssl_protocols TLSv1.2")
    lab.look(URL).expect("OK", {})


@case("a whole family is dead: a warning, the other one is well")
def family_dead(lab):
    page(lab, addresses=AT4)
    lab.dead(HOST, f"{AT6} 2001:db8:1::81")
    lab.look(URL).expect("WARNING", {
        "address-unreachable": [AT6, "2001:db8:1::81"]})


@case("no route to IPv6 from here is not the page's fault")
def no_route(lab):
    page(lab)
    lab.up()
    lab.net.remove("2001:db8::/32")
    result = lab.look(URL).expect("OK", {})
    result.not_judged("address-unreachable")


@case("no route to any address: not judged, and no fault of the page")
def no_way(lab):
    page(lab, addresses=AT4)
    lab.look(URL).expect("OK", {})
    lab.net.remove(AT4)
    result = lab.look(URL, "--address", AT4)
    check(result.state in ("UNKNOWN", "CRITICAL"), result.state)


@case("many addresses are asked at once: the slowest is what it takes")
def many(lab):
    def slowly(connection, request):
        if request.at == OTHERS[-1]:
            connection.wait(1)
        web.sends(web.reply(summary()))(connection, request)

    page(lab)
    lab.web(HOST, " ".join(OTHERS), web.serve(
        web.together(len(OTHERS), slowly), lab.certificate(HOST)))
    result = lab.look(URL).expect("OK", {})
    same(len(ends(result)), 9, "addresses")
    took = {m["server"]: m["value"] for m in result.json["server_metrics"]
            if m["metric"] == "address_answer"}
    same(metric(result, "answer"), max(took.values()), "the slowest")
    check(1 <= took[OTHERS[-1]] <= result.seconds, f"{took}")
    lab.look(URL, "-w", "0.5", "-c", "60").expect(
        "WARNING", {"threshold": None})


@case("a name without an address, and one that there is not")
def no_address(lab):
    page(lab)
    lab.record("bare.example.org", "TXT", '"no address"')
    for host in ("bare.example.org", "nobody.example.org"):
        url = URL.replace(HOST, host)
        lab.look(url).expect("CRITICAL", ALL_DEAD)
        lab.look(url, "--upstream").expect("UNKNOWN", ALL_DEAD)


@case("whether there is an IPv6 address is not to be told: not judged")
def half_resolved(lab):
    def half(ask):
        if ask.query.type == m.AAAA:
            return b.rcode(2)(ask)
        return ask.relayed(RESOLVER)

    page(lab, addresses=AT4)
    lab.scripted("203.0.113.98", half)
    lab.up()
    result = lab.result(["-u", URL, "--resolver", "203.0.113.98",
                         "--ca-file", lab.ca_file(), "--no-state"])
    result.expect("OK", {}).not_judged("address-unreachable")


@case("a family that the DNS is silent about does not hold up the other")
def half_silent(lab):
    def half(ask):
        return None if ask.query.type == m.AAAA else ask.relayed(RESOLVER)

    page(lab, addresses=AT4)
    lab.scripted("203.0.113.98", half)
    lab.up()
    same(lab.resolve(RESOLVER, HOST), [AT4], "known from here on")
    result = lab.result(["-u", URL, "--resolver", "203.0.113.98",
                         "--ca-file", lab.ca_file(), "--no-state"])
    result.expect("OK", {}).not_judged("address-unreachable")
    same(result.json["timeout_stage"], None, "stage")
    check(result.seconds < 4, f"{result.seconds} s")


@case("the zone's name servers are gone: nobody finds the page")
def zone_gone(lab):
    lab.zone("example.org", {"ns1.example.org": "198.51.100.53"}, on="nsd")
    page(lab)
    lab.up()
    lab.net.silence("198.51.100.53")
    for options, state in ((("--own",), "CRITICAL"),
                           (("--upstream",), "UNKNOWN")):
        lab.look(URL, "-t", "6", *options).in_time(6).expect(state, ALL_DEAD)


@case("a zone that resolvers refuse, and a resolver that does")
def refused(lab):
    for rcode, state in ((2, "CRITICAL"), (5, "UNKNOWN")):
        page(lab, addresses=AT4)
        lab.scripted("203.0.113.98", b.rcode(rcode))
        lab.up()
        result = lab.result(["-u", URL, "--resolver", "203.0.113.98",
                             "--ca-file", lab.ca_file(), "--no-state"])
        same(result.state, state, f"rcode {rcode}")
        lab.stop()


@case("an alias, an address in the URL, a port in it")
def urls(lab):
    page(lab, addresses=AT4)
    lab.record("alias.example.org", "CNAME", f"{HOST}.")
    lab.site("bare.example.org", "203.0.113.180", {PATH: says()},
             lab.certificate("203.0.113.180"))
    cert = lab.certificate("port.example.org")
    lab.web("port.example.org", "203.0.113.181", web.serve(web.sends(
        web.reply(summary())), cert), port=8443)
    lab.look(URL.replace(HOST, "alias.example.org")).expect(
        "CRITICAL", {"certificate-invalid": None})
    lab.look(f"https://203.0.113.180{PATH}").expect("OK", {})
    lab.look(f"https://port.example.org:8443{PATH}").expect("OK", {})


@case("a host in another script, as its users write it")
def script(lab):
    lab.at(NOW)
    ours = "status.xn--exmple-cua.org"
    lab.site(ours, AT4, {PATH: says()})
    for host in (ours, "status.ex\u00e4mple.org", "STATUS.EX\u00c4MPLE.org",
                 f"{ours}."):
        lab.look(f"https://{host}{PATH}").expect("OK", {})


@case("with the defaults, wherever those remember, or not")
def defaults(lab):
    page(lab)
    lab.keeps_state = False
    lab.look(URL).expect("OK", {})


@case("--address is asked instead of the DNS")
def given(lab):
    site = page(lab, addresses=AT4)
    lab.dead(HOST, DEAD)
    lab.look(URL).expect("WARNING", {"address-unreachable": [DEAD]})
    result = lab.look(URL, "--address", AT4).expect("OK", {})
    same(list(ends(result)), [AT4], "addresses")
    same(site.asked()[-1].host, HOST, "Host")


@case("the hosts file is looked into, as any program here does")
def hosts_file(lab):
    page(lab, addresses=AT4)
    lab.up()
    if not netns.has_mounts():
        return
    hosts = os.path.join(lab.root, "hosts")
    with open(hosts, "w", encoding="ascii") as out:
        out.write(f"127.0.0.1 localhost\n{AT4} other.example.net\n")
    script = f'mount --bind {hosts} /etc/hosts && exec "$@"'
    code, output, *_ = lab.run([
        "unshare", "--mount", "sh", "-c", script, "sh", lab.plugin(), "-u",
        f"https://other.example.net{PATH}", "--ca-file", lab.ca_file()],
        env={**os.environ, **lab.environment})
    same(code, 2, output)  # found, with a certificate for another name
    check("is not for that name" in output, output)


@case("seen through NAT64, IPv4 is IPv4")
def nat64(lab):
    lab.at(NOW)
    lab.site(HOST, AT4, {PATH: says()})
    lab.up()
    mapped = seen_through_nat64(AT4)
    lab.net.add([mapped])
    site = lab.site(HOST, mapped, {PATH: says()})
    site.start()
    site.wait()
    result = lab.look(URL, "--address", mapped, "--nat64", "64:ff9b::/96")
    same([a["family"] for a in result.json["addresses"]], [4], "family")


@case("behind DNS64 and NAT64 an address is there once")
def dns64(lab):
    lab.at(NOW)
    mapped = seen_through_nat64(AT4)
    lab.site(HOST, mapped, {PATH: says()})
    lab.hosts[HOST] = [AT4, mapped]
    result = lab.look(URL).expect("OK", {})
    same([(a["address"], a["family"]) for a in result.json["addresses"]],
         [(mapped, 4)], "addresses")
    same(result.json["not_judged"], [], "not judged")


# TLS.

CERTIFICATES = {
    "is expired": ({"end_s": -DAY}, "CRITICAL",
                   ("certificate-invalid", "certificate-expiring")),
    "is not valid yet": ({"begin_s": 2 * DAY}, "CRITICAL",
                         ("certificate-invalid",)),
    "is by a stranger": ({"issuer": "stranger"}, "CRITICAL",
                         ("certificate-invalid",)),
    "is signed by itself": ({"issuer": "self"}, "CRITICAL",
                            ("certificate-invalid",)),
    "lacks its chain": ({"issuer": "intermediate", "has_chain": False},
                        "CRITICAL", ("certificate-invalid",)),
    "has its chain": ({"issuer": "intermediate"}, "OK", ()),
    "ends in ten days": ({"end_s": 10 * DAY}, "WARNING",
                         ("certificate-expiring",)),
    "ends in three days": ({"end_s": 3 * DAY}, "CRITICAL",
                           ("certificate-expiring",)),
    "is of an authority that ends soon": (
        {"issuer": "ending"}, "CRITICAL", ("certificate-expiring",)),
    "is of RSA": ({"key": "rsa"}, "OK", ()),
    "is not for servers": ({"purpose": "clientAuth"}, "CRITICAL",
                           ("certificate-invalid",)),
}


def add_certificate(what, settings, state, rules):
    """The certificate of one address, and of all."""
    @case(f"a certificate that {what}")
    def certificate(lab):
        lab.at(NOW)
        page(lab, cert=lab.certificate(HOST, **settings))
        lab.look(URL).expect(state, dict.fromkeys(rules))
        if "certificate-invalid" in rules:
            lab.look(URL, "--upstream").expect(
                "WARNING", dict.fromkeys(rules))


for _what, (_settings, _state, _rules) in CERTIFICATES.items():
    add_certificate(_what, _settings, _state, _rules)


@case("a certificate for another name, at one of two addresses")
def other_name(lab):
    page(lab, addresses=AT4)
    lab.site(HOST, DEAD, {PATH: says()}, lab.certificate("a.example.net"))
    lab.hosts[HOST] = [AT4, DEAD]
    lab.look(URL).expect("CRITICAL", {"certificate-invalid": [DEAD]})
    lab.look(URL, "--rule", f"certificate-invalid@{DEAD}=ok").expect("OK", {})


@case("--cert-warning and --cert-critical, and the days in the metrics")
def days(lab):
    lab.at(NOW)
    page(lab, cert=lab.certificate(HOST, end_s=40 * DAY))
    result = lab.look(URL).expect("OK", {})
    left = metric(result, "certificate_life")
    check(38 * DAY < left < 41 * DAY, f"{left}")
    lab.look(URL, "--cert-warning", "60d", "--cert-critical", "20d").expect(
        "WARNING", {"certificate-expiring": [AT4, AT6]})
    lab.look(URL, "--cert-warning", "60d", "--cert-critical", "50d").expect(
        "CRITICAL", {"certificate-expiring": [AT4, AT6]})


@case("by plain HTTP there is no certificate to be judged")
def plain(lab):
    page(lab, cert=False)
    result = lab.look(URL.replace("https", "http")).expect("OK", {})
    same(result.json["not_judged"], [], "not judged")


# Redirects.

@case("a redirect within the site is followed, at each address")
def redirect(lab):
    site = page(lab, Doc(redirect=f"https://{HOST}/moved"))
    site.shows("/moved", says())
    result = lab.look(URL).expect("OK", {})
    same(sorted((r.address, r.path) for r in site.asked()),
         sorted((a, p) for a in (AT4, AT6) for p in (PATH, "/moved")),
         "requests")
    same(len(ends(result)), 2, "addresses")


@case("a redirect to another host of the site is followed")
def redirect_host(lab):
    page(lab, Doc(redirect=f"https://pages.example.org{PATH}"))
    lab.site("pages.example.org", "203.0.113.180", {PATH: says()})
    lab.look(URL).expect("OK", {})


@case("a redirect to another host: each address of that counts")
def redirect_host_dead(lab):
    page(lab, Doc(redirect=f"https://pages.example.org{PATH}"))
    lab.site("pages.example.org", "203.0.113.180", {PATH: says()})
    lab.dead("pages.example.org", "203.0.113.181")
    result = lab.look(URL).expect(
        "WARNING", {"address-unreachable": ["203.0.113.181"]})
    same([(a["address"], a.get("host")) for a in result.json["addresses"]],
         [(AT4, None), (AT6, None),
          ("203.0.113.180", "pages.example.org"),
          ("203.0.113.181", "pages.example.org")], "addresses")


@case("a redirect to another site is followed where that is permitted")
def redirect_site(lab):
    page(lab, Doc(redirect=f"https://pages.example.net{PATH}"))
    other = lab.site("pages.example.net", "203.0.113.180", {PATH: says()})
    lab.look(URL).expect("CRITICAL", ALL_DEAD)
    same(other.asked(), [], "requests to the other site")
    lab.look(URL, "--permit-other-site").expect("OK", {})


@case("from https to http: never, whoever permits what")
def downgrade(lab):
    site = page(lab, Doc(redirect=f"http://{HOST}{PATH}x"))
    site.plain = True
    site.shows(PATH + "x", says())
    lab.look(URL, "--permit-other-site").expect("CRITICAL", ALL_DEAD)
    check(not site.asked(PATH + "x"), "it asks in the clear")


@case("from http to https: followed, and judged")
def upgrade(lab):
    site = page(lab, Doc(redirect=URL))
    site.plain = True
    site.shows(PATH, says())
    site.shows("/", Doc(redirect=URL))
    lab.look(f"http://{HOST}/").expect("OK", {})


@case("to the page that says that there is none")
def inactive(lab):
    site = page(lab, Doc(redirect=f"https://{HOST}/inactive"))
    site.shows("/inactive", Doc("html/inactive.html"))
    lab.look(URL).expect("CRITICAL", {"page-inactive": None})
    lab.look(URL, "--upstream").expect("UNKNOWN", {"page-inactive": None})


# Age, size, clocks.

@case("a copy from a cache: five minutes are fine, six are not, sixteen worse")
def copies(lab):
    site = page(lab)
    for age, state in ((290, "OK"), (360, "WARNING"), (960, "CRITICAL")):
        site.shows(PATH, Doc(summary(), "application/json",
                             header={"Age": str(age)}))
        rules = {"copy-old": [AT4, AT6]} if state != "OK" else {}
        lab.look(URL).expect(state, rules)
    lab.look(URL, "--upstream").expect("OK", {})
    lab.look(URL, "--copy-warning", "20m", "--copy-critical", "1h").expect(
        "OK", {})


@case("a page of people that is too heavy")
def heavy(lab):
    body = b"<html><body>" + b"<p>All is well</p>" * 40000 + b"</body></html>"
    page(lab, Doc(body, "text/html"))
    words = ("--expect", "All is well")
    lab.look(URL, *words).expect("WARNING", {"page-heavy": None})
    lab.look(URL, *words, "--size-critical", "600000").expect(
        "CRITICAL", {"page-heavy": None})
    result = lab.look(URL, *words, "--size-warning", "1000000")
    result.expect("OK", {})
    same(metric(result, "size"), len(body), "size")


@case("--max-size: more is not read, and no page")
def limits(lab):
    page(lab)
    lab.look(URL, "--max-size", "500").expect("CRITICAL", ALL_DEAD)
    lab.look(URL, "--max-size", "5000").expect("OK", {})


@case("the server's clock and ours")
def clocks(lab):
    lab.at(NOW)
    for skew, rules in ((10, {}), (-10 * MINUTE, {"clock-differs": None}),
                        (10 * MINUTE, {"clock-differs": None})):
        at = web.date(lab, skew)
        lab.web(HOST, AT4, web.serve(web.sends(web.reply(
            summary(), date=at)), lab.certificate(HOST)))
        lab.look(URL).expect("WARNING" if rules else "OK", rules)
        lab.stop()
        lab.at(NOW)


# Agreement.

@case("addresses that say different things: one has an old page")
def addresses_differ(lab):
    page(lab, says(OUTAGE, banner="major"), addresses=AT4)
    lab.site(HOST, DEAD, {PATH: says()})
    lab.hosts[HOST] = [AT4, DEAD]
    lab.look(URL).expect("CRITICAL", {
        **SEEN, "addresses-differ": [DEAD]})


@case("--also: the provider's own name says what the page's own says")
def also(lab):
    page(lab)
    other = lab.site("example.pages.example.net", "203.0.113.180",
                     {PATH: says()})
    words = ("--also", f"https://example.pages.example.net{PATH}")
    lab.look(URL, *words).expect("OK", {})
    other.shows(PATH, says(OUTAGE, banner="major"))
    lab.look(URL, *words).expect("WARNING", {"names-differ": None})
    other.shows(PATH, Doc("statuspage/all-well.json"))
    lab.look(URL, *words).expect("OK", {})
    other.stop()
    result = lab.look(URL, *words)
    check("names-differ" in result.found()
          or "names-differ" in str(result.json["not_judged"]),
          "it is said that the other name is gone")


@case("--also: a regional instance with a valid page that is empty")
def region(lab):
    feed = "azure/incident.xml"
    page(lab, Doc("azure/all-well.xml"))
    lab.site("feed.example.net", "203.0.113.180", {"/feed/": Doc(feed)})
    lab.look(URL, "--upstream", "--also", "https://feed.example.net/feed/"
             ).expect("WARNING", {"names-differ": None})


@case("--control: where nothing else answers either, it is us")
def control(lab):
    lab.at(NOW)
    lab.dead(HOST, AT4)
    site = shop(lab)
    words = ("--control", f"https://{SHOP}/")
    lab.look(URL, *words).expect("CRITICAL", ALL_DEAD)
    site.stop()
    result = lab.look(URL, *words).expect("UNKNOWN", {})
    result.not_judged("page-unreachable")


@case("--control is asked while the page is well, and says nothing then")
def control_idle(lab):
    page(lab)
    lab.dead(SHOP, SHOP_AT)
    lab.look(URL, "--control", f"https://{SHOP}/").expect("OK", {})


@case("one request an address; a second run asks whether it changed")
def conditional(lab):
    site = page(lab)
    lab.look(URL).expect("OK", {})
    lab.later(MINUTE)
    result = lab.look(URL).expect("OK", {})
    same([r.status for r in site.asked()], ["200", "200", "304", "304"],
         "statuses")
    check(all(r.etag != "-" for r in site.asked()[2:]), "validators")
    same(len(result.json["components"]), 3, "components, from 304")
    site.shows(PATH, says(incident(
        "i1", (2, "investigating", "We look."), now=NOW + HOUR), now=NOW
        + HOUR, banner="major"))
    lab.later(HOUR)
    lab.look(URL).expect("CRITICAL", SEEN)
    same([r.status for r in site.asked()][4:], ["200", "200"], "changed")
    lab.look(URL, "--no-state")
    same([r.status for r in site.asked()][6:], ["200", "200"], "no state")


@case("each address has validators of its own, and is asked by them")
def own_validators(lab):
    lab.at(NOW)
    sites = [lab.site(HOST, address, {PATH: Doc(
        summary(), "application/json", changed=NOW - n * MINUTE)})
        for n, address in enumerate((AT4, AT6), 1)]
    lab.hosts[HOST] = [AT4, AT6]
    for _ in range(2):
        lab.look(URL).expect("OK", {})
    same([[r.status for r in site.asked()] for site in sites],
         [["200", "304"]] * 2, "statuses")
    sites[1].shows(PATH, says(OUTAGE, banner="major"))
    lab.look(URL).expect("WARNING", {"addresses-differ": [AT6]})
    sites[0].shows(PATH, says(OUTAGE, banner="major"))
    lab.look(URL).expect("CRITICAL", SEEN)
    lab.look(URL).expect("CRITICAL", SEEN)
    same([[r.status for r in site.asked()][2:] for site in sites],
         [["304", "200", "304"], ["200", "200", "304"]], "statuses")


@case("304 for ever, though nobody asked by a validator of it")
def eternal_304(lab):
    lab.at(NOW)
    first = web.reply(summary(), etag='"one"')
    lab.web(HOST, AT4, web.serve(web.in_turn(
        web.sends(first), web.sends(b"HTTP/1.1 304 Not Modified\r\n\r\n")),
        lab.certificate(HOST)))
    lab.look(URL).expect("OK", {})
    lab.look(URL).expect("OK", {})
    lab.look(URL, "--no-state").expect("CRITICAL", ALL_DEAD)
    # What was kept is believed for an hour, whoever says so.
    lab.later(HOUR)
    lab.look(URL).expect("OK", {})
    lab.later(1)
    lab.look(URL).expect("CRITICAL", ALL_DEAD)


@case("what never changes is judged by the clock all the same")
def frozen(lab):
    lab.at(NOW)
    page(lab, says(OUTAGE, banner="major"))
    lab.look(URL).expect("CRITICAL", SEEN)
    lab.later(2 * HOUR)
    result = lab.look(URL)
    check({"incident-silent", "incident-open"} <= set(result.found()),
          f"{sorted(result.found())}")


if __name__ == "__main__":
    main("check_status_page")
