# SPDX-License-Identifier: GPL-3.0-or-later
"""What a page says: which page it is, its banner, components, incidents and
maintenances, whether they agree, and what of it concerns us."""

import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, main, same  # noqa: E402
from pages import HOUR, MINUTE, NOW, Doc, document  # noqa: E402
from posts import (AT4, HOST, PATH, URL, incident, maintenance,  # noqa: E402
                   page, says, summary)
import web  # noqa: E402

OPEN = incident("i1", (5, "investigating", "We look into it."))
API = incident("i2", (5, "identified", "A switch."), impact="critical",
               affects=("api1",))
OVER = incident("i3", (60, "resolved", "It is over."),
                (90, "monitoring", "Better."), (100, "investigating", "Hm."))


def metrics(result):
    """{name: value}."""
    return result.json["metrics"]


def add_state(what, doc, state, rules, notes=()):
    """What a document comes to."""
    @case(what)
    def says_so(lab):
        page(lab, doc, addresses=AT4)
        result = lab.look(URL).expect(state, rules)
        for rule in notes:
            result.notes(rule)


add_state("all is well", says(), "OK", {})
add_state("an incident that is over", says(OVER), "OK", {})
add_state("a minor incident", says(
    incident("i1", (5, "investigating", "Slow."), impact="minor"),
    banner="minor"), "WARNING", {
        "banner": [HOST], "incident-open": ["Trouble i1"]})
add_state("a major incident", says(OPEN, banner="major", parts={
    "web1": ("major_outage", 5)}), "CRITICAL", {
        "banner": [HOST], "incident-open": ["Trouble i1"],
        "component-down": ["Website"]})
add_state("a component that is degraded", says(
    banner="minor", parts={"api1": ("degraded_performance", 5)}),
    "WARNING", {"banner": [HOST], "component-down": ["API"]})
add_state("trap: green over an open incident of no impact", says(
    incident("i1", (5, "monitoring", "We watch."), impact="none")),
    "WARNING", {"incident-open": ["Trouble i1"]})
add_state("trap: green over an open incident", says(OPEN), "CRITICAL", {
    "incident-open": ["Trouble i1"], "page-contradicts": [HOST]})
add_state("trap: green over a red component", says(
    parts={"web1": ("major_outage", 5)}), "CRITICAL", {
        "component-down": ["Website"], "page-contradicts": [HOST]})
add_state("trap: red component, and no incident says why", says(
    banner="major", parts={"web1": ("major_outage", 12)}), "CRITICAL", {
        "banner": [HOST], "component-down": ["Website"],
        "outage-unexplained": ["Website"]})
add_state("trap: impact, banner and component say three things", says(
    OPEN, banner="minor", parts={"web1": ("partial_outage", 5)}),
    "CRITICAL", {"banner": [HOST], "component-down": ["Website"],
                 "incident-open": ["Trouble i1"]})
add_state("trap: updates that say nothing", says(incident(
    "i1", (5, "investigating", ""), (8, "investigating", "")),
    banner="major"), "CRITICAL", {
        "banner": [HOST], "incident-open": ["Trouble i1"]},
    ("updates-empty",))
add_state("trap: what changes the page's time is no update", says(incident(
    "i1", (45, "investigating", "We look into it.")), banner="major"),
    "CRITICAL", {"banner": [HOST], "incident-open": ["Trouble i1"],
                 "incident-silent": ["Trouble i1"]})
add_state("trap: HTML where JSON was", Doc("html/application.html"),
          "UNKNOWN", {"format-unknown": [HOST]})
add_state("trap: the provider's own page, of a name that nobody has",
          Doc("html/decoy.html"), "CRITICAL", {"page-inactive": [HOST]})
add_state("trap: a page that is switched off", Doc("html/inactive.html"),
          "CRITICAL", {"page-inactive": [HOST]})
add_state("trap: forbidden, with the status of success",
          Doc("foreign/forbidden.json"), "UNKNOWN",
          {"format-unknown": [HOST]})
add_state("trap: resolved, in prose that says that it is not",
          Doc("azure/contradicts.xml"), "WARNING", {
              "incident-open": None, "incident-silent": None})
add_state("trap: UTF-16, with its mark", Doc("aws/incident.json"),
          "CRITICAL", {"component-down": None, "incident-open": None})
add_state("trap: names that are there twice", Doc(
    "statuspage/names-twice.json"), "CRITICAL", {
        "component-down": ["API"], "outage-unexplained": ["API"],
        "page-contradicts": [HOST]})
add_state("an unknown word", Doc("statuspage/unknown-words.json"), "WARNING",
          {"banner": [HOST], "component-down": None, "not-understood": None})
add_state("a part that is missing", Doc("statuspage/missing-banner.json"),
          "WARNING", {"not-understood": None})
add_state("a maintenance that runs", says(
    banner="maintenance", parts={"web1": "under_maintenance"},
    maintenances=[maintenance("m1", "in_progress", 30, -30)]), "OK", {},
    ("maintenance",))
add_state("a maintenance that is to come", says(maintenances=[
    maintenance("m1", "scheduled", -600, -660)]), "OK", {})
add_state("a maintenance that should be over", says(maintenances=[
    maintenance("m1", "in_progress", 90, 30)]), "WARNING",
    {"maintenance-overdue": ["Work m1"]}, ("maintenance",))
add_state("a maintenance that should be over for long", says(maintenances=[
    maintenance("m1", "in_progress", 200, 61)]), "CRITICAL",
    {"maintenance-overdue": ["Work m1"]}, ("maintenance",))
add_state("a maintenance that did not begin", says(maintenances=[
    maintenance("m1", "scheduled", 20, -40)]), "WARNING",
    {"maintenance-overdue": ["Work m1"]})
add_state("a time that is still to come", says(incident(
    "i1", (-30, "investigating", "We look into it.")), banner="major"),
    "CRITICAL", {"banner": [HOST], "incident-open": ["Trouble i1"],
                 "time-in-future": None})


@case("trap: four bytes instead of a feed, once: it is asked again")
def four_bytes(lab):
    lab.at(NOW)
    feed = web.reply(document("statusiq/all-well.xml"),
                     media="application/xml")
    for first, state, rules in (
            (web.reply(b"null"), "OK", {}),
            (web.reply(b""), "OK", {}), (feed, "OK", {})):
        lab.web(HOST, AT4, web.serve(web.in_turn(
            web.sends(first), web.sends(feed)), lab.certificate(HOST)))
        lab.look(URL).expect(state, rules)
        lab.stop()
        lab.at(NOW)
    lab.web(HOST, AT4, web.serve(web.sends(web.reply(b"null")),
                                 lab.certificate(HOST)))
    lab.look(URL).expect("UNKNOWN", {"format-unknown": [HOST]})


@case("trap: the provider migrated, and the schema is another one")
def migrated(lab):
    site = page(lab, addresses=AT4)
    lab.look(URL).expect("OK", {})
    site.shows(PATH, Doc("instatus/all-well.json"))
    lab.look(URL).expect("WARNING", {"page-changed": [HOST]})


@case("another page at its place: by its id, and by what was known of it")
def other_page(lab):
    site = page(lab, addresses=AT4)
    lab.look(URL, "--page-id", "p4ge").expect("OK", {})
    lab.look(URL, "--page-id", "other").expect(
        "UNKNOWN", {"page-unexpected": [HOST]})
    lab.look(URL, "--page-name", "Example").expect("OK", {})
    site.shows(PATH, Doc(summary().replace(b"p4ge", b"0ther"),
                         "application/json"))
    lab.look(URL).expect("WARNING", {"page-changed": [HOST]})


@case("--component: what concerns others does not concern us")
def components(lab):
    page(lab, says(API, banner="major", parts={
        "api1": ("major_outage", 5)}), addresses=AT4)
    for words in (("--component", "web1"), ("--component", "Website"),
                  ("--component", "~^web"), ("--ignore", "API")):
        lab.look(URL, *words).expect("OK", {})
    for words in (("--component", "api1"), ("--component", "API"),
                  ("--component", "~A[PI]+", "--component", "mail")):
        lab.look(URL, *words).expect("CRITICAL", {
            "component-down": ["API"], "incident-open": ["Trouble i2"]})
    lab.look(URL, "--component", "Shop").expect(
        "UNKNOWN", {"component-unknown": ["Shop"]})


@case("an incident that names no component concerns everybody")
def of_all(lab):
    page(lab, says(incident("i1", (5, "investigating", "Hm."), affects=()),
                   banner="major"), addresses=AT4)
    lab.look(URL, "--component", "mail").expect(
        "CRITICAL", {"incident-open": ["Trouble i1"]})


@case("--group, and a component by its group")
def groups(lab):
    page(lab, Doc("statuspage/names-twice.json"), addresses=AT4)
    us = {"component-down": ["API"], "outage-unexplained": ["API"]}
    lab.look(URL, "--group", "US").expect("CRITICAL", us)
    lab.look(URL, "--component", "US/API").expect("CRITICAL", us)
    body = json.loads(document("statuspage/names-twice.json"))
    other = next(c["name"] for c in body["components"]
                 if c.get("group") and c["name"] != "US")
    lab.look(URL, "--group", other).expect("OK", {})
    lab.look(URL, "--group", "Asia").expect(
        "UNKNOWN", {"component-unknown": ["Asia"]})


@case("--map: a word is worth what we say")
def maps(lab):
    page(lab, says(banner="minor", parts={
        "api1": ("degraded_performance", 5)}), addresses=AT4)
    words = ("--map", "degraded_performance=ok", "--map", "minor=ok")
    lab.look(URL, *words).expect("OK", {})
    lab.look(URL, "--map", "degraded_performance=critical").expect(
        "CRITICAL", {"banner": None, "component-down": ["API"]})


@case("--maintenance: shown, warned of, skipped")
def maintenances(lab):
    page(lab, says(banner="maintenance", parts={
        "web1": "under_maintenance"}, maintenances=[
            maintenance("m1", "in_progress", 120, 90)]), addresses=AT4)
    overdue = {"maintenance-overdue": ["Work m1"]}
    lab.look(URL).expect("CRITICAL", overdue).notes("maintenance")
    result = lab.look(URL, "--maintenance", "warning")
    same(result.state, "CRITICAL", "state")
    check("maintenance" in result.found(), f"{result.found()}")
    result = lab.look(URL, "--maintenance", "skip")
    same(result.state, "OK", "state")


@case("an HTML page by --expect and --reject")
def html(lab):
    page(lab, Doc("html/well.html"), addresses=AT4)
    lab.look(URL).expect("UNKNOWN", {"format-unknown": [HOST]})
    for words in (("--expect", "All systems are up & running"),
                  ("--expect", "[Pp]lanned", "--reject", "outage")):
        lab.look(URL, *words).expect("OK", {})
    lab.look(URL, "--expect", "Under construction").expect(
        "CRITICAL", {"text-missing": None})
    lab.look(URL, "--expect", "Status", "--reject", "up & running").expect(
        "CRITICAL", {"text-rejected": None})


@case("Uptime Kuma: names in one document, states in the other")
def kuma(lab):
    lab.at(NOW)
    lab.site(HOST, AT4, {
        "/api/status-page/all": Doc("kuma/page.json"),
        "/api/status-page/heartbeat/all": Doc("kuma/outage.json")})
    for end in ("all", "heartbeat/all"):
        result = lab.look(f"https://{HOST}/api/status-page/{end}")
        result.expect("CRITICAL", {"component-down": ["API"],
                                   "outage-unexplained": ["API"]})
        same(sorted(c["name"] for c in result.json["components"]),
             ["API", "Mail"], "names")


def part(rows, n, next_page=None):
    """One of two documents that Cachet cuts a list into."""
    return Doc(json.dumps({
        "meta": {"pagination": {
            "total": 2, "count": 1, "per_page": 1, "current_page": n,
            "total_pages": 2, "links": {"next_page": next_page}}},
        "data": rows}).encode(), "application/json")


def cachet_component(n, status):
    """A component of Cachet."""
    return {"id": n, "name": f"Part {n}", "status": status, "group_id": 0,
            "status_name": "", "updated_at": "2026-08-01 10:00:00"}


@case("Cachet: what is cut into parts is read whole, incidents beside it")
def cachet(lab):
    lab.at(NOW)
    # It names itself as it was set up: not always as it is reached.
    site = lab.site(HOST, AT4, {
        "/api/v1/components": part([cachet_component(1, 1)], 1,
                                   "http://localhost/api/v1/components/2"),
        "/api/v1/components/2": part([cachet_component(2, 4)], 2),
        "/api/v1/incidents": Doc("cachet/incident.json")})
    url = f"https://{HOST}/api/v1/components"
    result = lab.look(url).expect("CRITICAL", {
        "component-down": ["Part 2"], "incident-open": ["Incident 2"]})
    same(len(result.json["components"]), 2, "components")
    # What can't be had is missed.
    site.shows("/api/v1/components/2", Doc(b"", status=404))
    check("not-understood" in lab.look(url).found(), "a part is missing")
    site.shows("/api/v1/components/2", part([cachet_component(2, 1)], 2))
    site.shows("/api/v1/incidents", Doc(b"", status=404))
    lab.look(url).expect("OK", {}).not_judged("incident-open")


@case("an empty list is one of AWS's where that is said")
def empty_list(lab):
    page(lab, Doc("aws/all-well.json"), addresses=AT4)
    lab.look(URL).expect("UNKNOWN", {"format-unknown": [HOST]})
    lab.look(URL, "--format", "aws").expect("OK", {})


@case("an empty list is AWS's or Checkly's at the path that they have it at")
def empty_list_by_its_path(lab):
    events, open_ones = "/public/currentevents", "/api/a/unresolved-incidents"
    lab.at(NOW)
    lab.site(HOST, AT4, {
        events: Doc("aws/all-well.json"),
        open_ones: Doc("checkly/all-well.json"),
        "/other": Doc("checkly/all-well.json")})
    lab.look(f"https://{HOST}{events}?a=1").expect("OK", {})
    lab.look(f"https://{HOST}{open_ones}").expect("OK", {})
    for path in ("/other", f"/other?{events}"):
        lab.look(f"https://{HOST}{path}").expect(
            "UNKNOWN", {"format-unknown": [HOST]})


@case("--format: what it is to be, and is not")
def forced(lab):
    page(lab, addresses=AT4)
    lab.look(URL, "--format", "statuspage").expect("OK", {})
    for other in ("gatus", "aws", "atom", "instatus"):
        lab.look(URL, "--format", other).expect(
            "UNKNOWN", {"format-unknown": [HOST]})


@case("--ignore: an incident that is known, by its id and by its name")
def ignored(lab):
    page(lab, says(API, incident("i9", (5, "investigating", "Hm."),
                                 affects=("mail",)), banner="major"),
         addresses=AT4)
    for word in ("i2", "Trouble i2", "~i2$"):
        lab.look(URL, "--ignore", word).expect(
            "CRITICAL", {"incident-open": ["Trouble i9"]})
    lab.look(URL, "--ignore", "i2", "--ignore", "i9").expect("OK", {})


@case("--rule: a finding about one of them is worth something else")
def overridden(lab):
    page(lab, says(API, incident("i9", (5, "investigating", "Hm."),
                                 affects=("mail",)), banner="major"),
         addresses=AT4)
    words = ("--rule", "banner=ok", "--rule", "incident-open@Trouble i2=ok")
    lab.look(URL, *words).expect(
        "CRITICAL", {"incident-open": ["Trouble i9"]}).notes("banner")
    lab.look(URL, *words, "--rule", "incident-open=warning").expect(
        "WARNING", {"incident-open": ["Trouble i9"]})
    same(lab.look(URL, "--rule", "no-such-rule=ok").state, "UNKNOWN", "usage")


@case("--zone: times without one are judged where it is told")
def zones(lab):
    page(lab, Doc("cachet/contradicts.json"), addresses=AT4)
    result = lab.look(URL).expect("WARNING", {"incident-open": None})
    result.not_judged("incident-silent")
    for zone, rules in (("UTC", ("incident-open", "time-in-future")),
                        ("+02:00", ("incident-open",)),
                        ("-05:00", ("incident-open", "time-in-future"))):
        result = lab.look(URL, "--zone", zone)
        check(set(rules) <= set(result.found()),
              f"{zone}: {sorted(result.found())}")
    same(lab.look(URL, "--zone", "CEST").state, "UNKNOWN", "usage")


@case("--rendered: the time at which a page was made is its age")
def rendered(lab):
    page(lab, Doc("statuspage-html/all-well.html"), addresses=AT4)
    lab.look(URL, "--rendered").expect("OK", {})
    lab.later(30 * MINUTE)
    lab.look(URL).expect("OK", {})
    lab.look(URL, "--rendered").expect("CRITICAL", {"copy-old": [AT4]})


@case("--rendered: a page whose prober stands still is old")
def prober_stands(lab):
    lab.at(NOW - 45 * MINUTE)
    base = f"https://{HOST}/api"
    lab.site(HOST, AT4, {
        "/api/status-page/all": Doc("kuma/page.json"),
        "/api/status-page/heartbeat/all": Doc("kuma/all-well.json"),
        "/api/v1/endpoints/statuses": Doc("gatus/all-well.json")})
    for end in ("status-page/all", "status-page/heartbeat/all",
                "v1/endpoints/statuses"):
        lab.at(NOW - 45 * MINUTE)
        lab.look(f"{base}/{end}", "--rendered").expect("OK", {})
        lab.later(HOUR)
        lab.look(f"{base}/{end}").expect("OK", {})
        lab.look(f"{base}/{end}", "--rendered").expect(
            "CRITICAL", {"copy-old": [AT4]})


@case("metrics and JSON: components by state, incidents, and their texts")
def outputs(lab):
    page(lab, says(API, OVER, banner="major", parts={
        "api1": ("major_outage", 5), "mail": "degraded_performance"}),
        addresses=AT4)
    result = lab.look(URL)
    got = metrics(result)
    same({n: got[n] for n in got if n.startswith(("components", "inc"))}, {
        "components": 3, "components_operational": 1,
        "components_degraded": 1, "components_down": 1,
        "components_maintenance": 0, "components_unknown": 0,
        "incidents_open": 1}, "metrics")
    same(got["update_age"], 5 * MINUTE, "age")
    same([i["id"] for i in result.json["incidents"]], ["i2"], "incidents")
    same(sorted((c["id"], c["state"]) for c in result.json["components"]),
         [("api1", "major"), ("mail", "degraded"), ("web1", "operational")],
         "components")


@case("line 1 is what a person needs at night")
def line(lab):
    site = page(lab, addresses=AT4)
    code, output, *_ = lab.run([
        lab.plugin(), "-u", URL, "--address", AT4, "--ca-file",
        lab.ca_file(), "--no-state"], env={**os.environ, **lab.environment})
    first = output.splitlines()[0]
    same(code, 0, first)
    check(first.startswith(f"STATUS PAGE OK - {HOST}: says "
                           '"All Systems Operational"'), first)
    site.shows(PATH, says(API, banner="major"))
    code, output, *_ = lab.run([
        lab.plugin(), "-u", URL, "--address", AT4, "--ca-file",
        lab.ca_file(), "--no-state"], env={**os.environ, **lab.environment})
    first = output.splitlines()[0]
    same(code, 2, first)
    check("Trouble i2" in first and len(first.split("|")[0]) <= 160, first)


@case("a page in another language, with what is not ASCII")
def language(lab):
    name = "St\u00f6rung \u2013 \u30b5\u30fc\u30d0\u30fc"
    page(lab, says(incident("i1", (5, "investigating", "\u00dc"), name=name),
                   banner="major"), addresses=AT4)
    lab.look(URL).expect("CRITICAL", {
        "banner": None, "incident-open": [name]})


@case("--upstream: what it reports counts, and how it talks does not")
def upstream(lab):
    page(lab, says(incident("i1", (500, "investigating", "")),
                   banner="major"), addresses=AT4)
    lab.look(URL, "--upstream").expect("CRITICAL", {
        "banner": None, "incident-open": ["Trouble i1"]})


if __name__ == "__main__":
    main("check_status_page")
