# SPDX-License-Identifier: GPL-3.0-or-later
"""What a page says, held against what production is like: over several runs,
with the time that goes by between them."""

import json
import os
import sys
from concurrent import futures

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, main, same  # noqa: E402
from pages import HOUR, MINUTE, Doc  # noqa: E402
from posts import (AT4, HOST, PATH, SHOP, SHOP_URL, URL, falls,  # noqa: E402
                   incident, page, rises, says, shop)

PROBE = ("--probe", SHOP_URL)


def both(lab, **settings):
    """The page, and what it speaks for; a first run sees both well."""
    site = page(lab, addresses=AT4, **settings)
    production = shop(lab)
    lab.look(URL, *PROBE)
    return site, production


def post(site, lab, *incidents, **more):
    """The page says that, at the lab's time."""
    site.shows(PATH, says(*incidents, now=lab.now(), **more))


def trouble(lab, *posts, **more):
    """An incident, by how many minutes ago its posts were."""
    return incident("i1", *posts, now=lab.now(), **more)


@case("production fails and the page says that all is well: after 15 min")
def silent(lab):
    _, production = both(lab)
    falls(production)
    lab.later(MINUTE)
    lab.look(URL, *PROBE).expect("OK", {})  # down since now
    lab.later(9 * MINUTE)
    lab.look(URL, *PROBE).expect("OK", {})
    lab.later(2 * MINUTE)
    lab.look(URL, *PROBE).expect("WARNING", {"first-post-late": [HOST]})
    lab.later(2 * MINUTE)
    lab.look(URL, *PROBE).expect("WARNING", {"first-post-late": [HOST]})
    lab.later(3 * MINUTE)
    result = lab.look(URL, *PROBE).expect(
        "CRITICAL", {"page-silent": [HOST], "first-post-late": [HOST]})
    line = result.json["summary"]
    check(line.startswith(
        f'STATUS PAGE CRITICAL - {HOST} says "All Systems Operational" '
        f"while {SHOP_URL} has failed for 16 min"), line)
    same(result.json["metrics"]["untruth"], 16 * MINUTE, "untruth")


@case("somebody posts in time: the page tells the truth")
def posted(lab):
    site, production = both(lab)
    falls(production)
    lab.later(MINUTE)
    lab.look(URL, *PROBE).expect("OK", {})
    lab.later(8 * MINUTE)
    post(site, lab, trouble(lab, (1, "investigating", "We look.")),
         banner="major", parts={"web1": ("major_outage", 1)})
    seen = {"banner": None, "component-down": None, "incident-open": None}
    lab.look(URL, *PROBE).expect("CRITICAL", seen)
    lab.later(20 * MINUTE)
    lab.look(URL, *PROBE).expect("CRITICAL", seen)


@case("one failed probe proves nothing, nor one without history")
def no_history(lab):
    page(lab, addresses=AT4)
    production = shop(lab)
    lab.up()
    falls(production)
    result = lab.look(URL, *PROBE).expect("OK", {})
    result.not_judged("page-silent", "first-post-late")
    check("no history on this node" in result.output, result.output)
    result = lab.look(URL, *PROBE, "--no-state").expect("OK", {})
    result.not_judged("page-silent", "first-post-late")


@case("it recovers in between: the time begins anew")
def flaps(lab):
    _, production = both(lab)
    for _ in range(3):
        falls(production)
        lab.later(MINUTE)
        lab.look(URL, *PROBE).expect("OK", {})
        lab.later(8 * MINUTE)
        lab.look(URL, *PROBE).expect("OK", {})
        rises(production)
        lab.later(MINUTE)
        lab.look(URL, *PROBE).expect("OK", {})


@case("the page shows an outage half an hour after all recovered")
def forgotten(lab):
    site, production = both(lab)
    falls(production)
    lab.later(MINUTE)
    lab.look(URL, *PROBE)
    opened = trouble(lab, (0, "investigating", "We look."), impact="minor")
    site.shows(PATH, says(opened, banner="minor"))
    lab.later(10 * MINUTE)
    rises(production)
    seen = {"banner": None, "incident-open": None}
    lab.look(URL, *PROBE).expect("WARNING", seen)
    lab.later(18 * MINUTE)
    lab.look(URL, *PROBE).expect("WARNING", seen)
    lab.later(13 * MINUTE)
    result = lab.look(URL, *PROBE)
    check("page-forgotten" in result.found(), f"{sorted(result.found())}")
    lab.look(URL, *PROBE, "--forgotten-after", "2h").found()


@case("called resolved while it still fails")
def false_clear(lab):
    site, production = both(lab)
    falls(production)
    lab.later(MINUTE)
    lab.look(URL, *PROBE)
    post(site, lab, trouble(lab, (1, "investigating", "We look.")),
         banner="major")
    lab.later(5 * MINUTE)
    lab.look(URL, *PROBE)
    post(site, lab, trouble(lab, (1, "resolved", "All's well."),
                            (5, "investigating", "We look.")))
    lab.look(URL, *PROBE).expect("CRITICAL", {"all-clear-false": [HOST]})


@case("listed no more while it still fails: that is an all-clear as well")
def vanished(lab):
    site, production = both(lab)
    falls(production)
    lab.later(MINUTE)
    lab.look(URL, *PROBE)
    post(site, lab, trouble(lab, (1, "investigating", "We look.")),
         banner="major")
    lab.later(5 * MINUTE)
    lab.look(URL, *PROBE)
    post(site, lab)
    result = lab.look(URL, *PROBE).expect(
        "CRITICAL", {"all-clear-false": [HOST]})
    lab.later(5 * MINUTE)
    rises(production)
    lab.look(URL, *PROBE).expect("WARNING", {"all-clear-early": [HOST]})
    lab.later(20 * MINUTE)
    falls(production)
    result = lab.look(URL, *PROBE)
    check("all-clear-relapsed" in result.found(), f"{result.found()}")
    lab.later(10 * MINUTE)
    rises(production)
    lab.later(2 * HOUR)
    lab.look(URL, *PROBE).expect("OK", {})


@case("listed no more, and back under the same id")
def vanished_and_back(lab):
    site = page(lab, says(incident(
        "i1", (2, "investigating", "We look.")), banner="major"),
        addresses=AT4)
    lab.look(URL)
    lab.later(5 * MINUTE)
    post(site, lab)
    lab.look(URL).expect("OK", {})
    lab.later(5 * MINUTE)
    post(site, lab, trouble(lab, (1, "investigating", "It is back."),
                            (12, "investigating", "We look.")),
         banner="major")
    result = lab.look(URL)
    check("all-clear-relapsed" in result.found(), f"{result.found()}")


@case("a page that was not reached for a while has called nothing resolved")
def gap(lab):
    site = page(lab, says(incident(
        "i1", (2, "investigating", "We look.")), banner="major"),
        addresses=AT4)
    lab.look(URL)
    for doc, rule in ((Doc(b"no", status=503), "page-unreachable"),
                      (Doc("foreign/forbidden.json"), "format-unknown")):
        site.shows(PATH, doc)
        lab.later(5 * MINUTE)
        check(rule in lab.look(URL).found(), rule)
    post(site, lab, trouble(lab, (1, "identified", "A switch."),
                            (12, "investigating", "We look.")),
         banner="major")
    lab.look(URL).expect("CRITICAL", {"banner": None, "incident-open": None})


@case("called resolved ten minutes after it recovered")
def early_clear(lab):
    site, production = both(lab)
    falls(production)
    lab.later(MINUTE)
    lab.look(URL, *PROBE)
    post(site, lab, trouble(lab, (1, "investigating", "We look.")),
         banner="major")
    lab.later(5 * MINUTE)
    rises(production)
    lab.look(URL, *PROBE)
    lab.later(10 * MINUTE)
    post(site, lab, trouble(lab, (0, "resolved", "All's well."),
                            (5, "monitoring", "We watch."),
                            (16, "investigating", "We look.")))
    lab.look(URL, *PROBE).expect("WARNING", {"all-clear-early": [HOST]})


@case("called resolved half an hour after it recovered: well done")
def good_clear(lab):
    site, production = both(lab)
    falls(production)
    lab.later(MINUTE)
    lab.look(URL, *PROBE)
    post(site, lab, trouble(lab, (1, "investigating", "We look.")),
         banner="major")
    lab.later(5 * MINUTE)
    rises(production)
    lab.look(URL, *PROBE)
    lab.later(32 * MINUTE)
    post(site, lab, trouble(lab, (0, "resolved", "All's well."),
                            (25, "monitoring", "We watch."),
                            (38, "investigating", "We look.")))
    lab.look(URL, *PROBE).expect("OK", {})


@case("resolved, and open again")
def reopened(lab):
    site = page(lab, addresses=AT4)
    steps = [((2, "investigating", "We look."),),
             ((1, "resolved", "Over."), (12, "investigating", "We look.")),
             ((1, "investigating", "It is back."), (11, "resolved", "Over."),
              (22, "investigating", "We look."))]
    for number, posts in enumerate(steps):
        post(site, lab, trouble(lab, *posts),
             banner="none" if number == 1 else "major")
        result = lab.look(URL)
        same("all-clear-relapsed" in result.found(), number == 2,
             f"step {number}: {sorted(result.found())}")
        lab.later(10 * MINUTE)


@case("resolved, and another one of the same component soon after")
def another(lab):
    site = page(lab, says(incident(
        "i1", (2, "investigating", "We look.")), banner="major"),
        addresses=AT4)
    lab.look(URL)
    lab.later(10 * MINUTE)
    over = trouble(lab, (1, "resolved", "Over."),
                   (12, "investigating", "We look."))
    post(site, lab, over)
    result = lab.look(URL)
    check("all-clear-relapsed" not in result.found(), "nothing yet")
    lab.later(20 * MINUTE)
    post(site, lab, incident("i2", (1, "investigating", "Hm."),
                             now=lab.now()), over, banner="major")
    result = lab.look(URL)
    check("all-clear-relapsed" in result.found(), f"{result.found()}")


@case("resolved, and production fails again soon after")
def fails_again(lab):
    site, production = both(lab)
    falls(production)
    lab.later(MINUTE)
    lab.look(URL, *PROBE)
    post(site, lab, trouble(lab, (1, "investigating", "We look.")),
         banner="major")
    lab.later(5 * MINUTE)
    rises(production)
    lab.look(URL, *PROBE)
    lab.later(35 * MINUTE)
    post(site, lab, trouble(lab, (0, "resolved", "All's well."),
                            (25, "monitoring", "We watch."),
                            (41, "investigating", "We look.")))
    lab.look(URL, *PROBE).expect("OK", {})
    lab.later(20 * MINUTE)
    falls(production)
    lab.look(URL, *PROBE).expect("WARNING", {"all-clear-relapsed": [HOST]})


@case("--probe COMPONENT=URL: held against that component alone")
def of_component(lab):
    site = page(lab, says(parts={"api1": ("major_outage", 2)}, banner="major"),
                addresses=AT4)
    production = shop(lab)
    words = ("--probe", f"Website={SHOP_URL}")
    lab.look(URL, *words)
    falls(production)
    lab.later(MINUTE)
    lab.look(URL, *words)
    lab.later(16 * MINUTE)
    result = lab.look(URL, *words)
    check("page-silent" in result.found(), f"{sorted(result.found())}")
    post(site, lab, banner="major", parts={"web1": ("major_outage", 2)})
    result = lab.look(URL, *words)
    check("page-silent" not in result.found(), "it is told now")


@case("several probes: one that fails is enough, all must recover")
def several(lab):
    _, production = both(lab)
    other = lab.site("api.example.org", "198.51.100.90", {
        "/": Doc(b"ok")})
    lab.net.add(other.addresses)
    other.start()
    other.wait()
    lab.rewrite("example.org")
    words = (*PROBE, "--probe", "https://api.example.org/")
    result = lab.look(URL, *words)
    same(sorted(p["outcome"] for p in result.json["probes"]), ["up", "up"],
         "probes")
    falls(production)
    lab.later(MINUTE)
    lab.look(URL, *words)
    lab.later(16 * MINUTE)
    result = lab.look(URL, *words)
    check("page-silent" in result.found(), f"{sorted(result.found())}")


@case("what a probe sees: 404 is down, 301 and 429 are not, TLS must hold")
def verdicts(lab):
    page(lab, addresses=AT4)
    lab.site(SHOP, "198.51.100.80", {
        "/": Doc(b"ok"), "/404": Doc(b"no", status=404),
        "/503": Doc(b"no", status=503), "/429": Doc(b"slow", status=429),
        "/301": Doc(redirect=SHOP_URL)})
    lab.site("old.example.org", "198.51.100.90", {"/": Doc(b"ok")},
             lab.certificate("old.example.org", end_s=-86400))
    urls = {f"https://{SHOP}/{n}": word for n, word in (
        ("", "up"), ("404", "down"), ("503", "down"), ("429", "unsure"),
        ("301", "up"))}
    urls["https://old.example.org/"] = "down"
    urls["https://nobody.example.org/"] = "down"
    words = [w for url in urls for w in ("--probe", url)]
    result = lab.look(URL, *words)
    same({p["what"]: p["outcome"] for p in result.json["probes"]}, urls,
         "outcomes")


def script(lab, body):
    """A plugin that does that."""
    path = os.path.join(lab.folder("plugin"), "check_ours")
    with open(path, "w", encoding="ascii") as out:
        out.write(f"#!/bin/sh\n{body}\n")
    os.chmod(path, 0o755)
    return path


@case("--probe-command: another plugin is our view")
def command(lab):
    page(lab, addresses=AT4)
    code = os.path.join(lab.folder("code"), "code")
    path = script(lab, f'read code < {code}; echo "CODE $code | x=1"; '
                       'exit "$code"')

    def run(number):
        with open(code, "w", encoding="ascii") as out:
            out.write(f"{number}\n")
        return lab.look(URL, "--probe-command", "--", path, "-H", "a b")

    for number, word in ((0, "up"), (1, "up"), (2, "down"), (3, "unsure"),
                         (77, "unsure")):
        same([p["outcome"] for p in run(number).json["probes"]], [word],
             f"exit code {number}")
    run(0)
    lab.later(MINUTE)
    run(2).expect("OK", {})
    lab.later(16 * MINUTE)
    result = run(2)
    result.expect("CRITICAL", {"page-silent": [HOST],
                               "first-post-late": [HOST]})
    check("check_ours" in result.json["summary"], result.json["summary"])


@case("--probe-command COMPONENT: our view of that one")
def component_command(lab):
    page(lab, says(parts={"api1": ("major_outage", 2)}, banner="major"),
         addresses=AT4)
    path = script(lab, "exit 2")
    for name in ("API", "Website"):
        words = ("--probe-command", name, "--", path)
        lab.look(URL, *words)
        lab.later(16 * MINUTE)
        result = lab.look(URL, *words)
        same("page-silent" in result.found(), name == "Website", name)


@case("--probe-command that hangs, that floods, that is not there")
def bad_commands(lab):
    page(lab, addresses=AT4)
    for body in ("sleep 60", "yes", "kill -9 $$", "trap '' TERM; sleep 60"):
        result = lab.look(URL, "-t", "3", "--probe-command", "--",
                          script(lab, body)).in_time(3)
        same([p["outcome"] in ("unsure", "not_done") for p in
              result.json["probes"]], [True], body)
    result = lab.look(URL, "--probe-command", "--", "/nonexistent/plugin")
    same([p["outcome"] for p in result.json.get("probes", [])][:1],
         ["unsure"], result.output)


@case("history: what is damaged is said, kept, and begun anew")
def damaged(lab):
    _, production = both(lab)
    falls(production)
    lab.later(MINUTE)
    lab.look(URL, *PROBE)
    files = lab.state_files()
    same(len(files), 1, "files")
    with open(files[0], encoding="utf-8") as source:
        text = source.read()
    check(json.loads(text), "it is JSON")
    with open(files[0], "w", encoding="utf-8") as out:
        out.write(text[:len(text) // 2])
    lab.later(20 * MINUTE)
    for _ in range(2):
        lab.look(URL, *PROBE).expect("WARNING", {"history-lost": None})
    os.remove(next(os.path.join(at, name) for at, _, names in os.walk(
        lab.state_dir) for name in names if name.endswith(".bad")))
    lab.look(URL, *PROBE).expect("OK", {})
    lab.later(20 * MINUTE)
    result = lab.look(URL, *PROBE)
    check("page-silent" in result.found(), f"{sorted(result.found())}")


@case("history: many runs at once lose nothing, and harm nothing")
def at_once(lab):
    _, production = both(lab)
    falls(production)
    lab.later(MINUTE)
    with futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: lab.look(URL, *PROBE), range(16)))
    same({r.state for r in results}, {"OK"}, "states")
    same(len(lab.state_files()), 1, "files")
    lab.later(16 * MINUTE)
    with futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: lab.look(URL, *PROBE), range(16)))
    for result in results:
        check("page-silent" in result.found(), f"{sorted(result.found())}")


@case("history: a folder that can't be used")
def unusable(lab):
    page(lab, addresses=AT4)
    shop(lab)
    where = os.path.join(lab.root, "nowhere", "at", "all")
    lab.look(URL, *PROBE, "--state-dir", where).expect(
        "UNKNOWN", {"history-unusable": None})


@case("history: the probes of one page are not those of another")
def apart(lab):
    _, production = both(lab)
    falls(production)
    lab.later(MINUTE)
    lab.look(URL, *PROBE)
    lab.later(20 * MINUTE)
    result = lab.look(URL + "?other", *PROBE)
    check("page-silent" not in result.found(), "another page's history")


if __name__ == "__main__":
    main("check_status_page")
