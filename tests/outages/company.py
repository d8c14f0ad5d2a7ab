# SPDX-License-Identifier: GPL-3.0-or-later
"""A company with all of its lifelines, in each of the outages.

The other programs of this folder replay one outage each and ask the plugins
that it is about. Here one company goes through all of them, with its name
servers, its exchangers, a flow of mail, a shop and its status page, and every
plugin is asked each time: when all is well, the day before, and while it is
down. So one sees which lifelines hang on one another: where the name servers
go, the status page and the mail go, too.

What is said on the pages of contrib/docs/outages was said here, and is held
to it. Servers, queues and pages are real; their one clock is set.
"""

import collections
import os
import re
import subprocess
import sys
import textwrap
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import STATES, Lab, case, check, main, same  # noqa: E402
from pages import HOUR, MINUTE, Doc  # noqa: E402
from posts import (HOST, PATH, SHOP, SHOP_URL, URL, falls,  # noqa: E402
                   incident, rises, says)
import demo  # noqa: E402
import flow as flows  # noqa: E402
import message  # noqa: E402
import servers  # noqa: E402

ZONE, USER, MX1 = flows.THEIRS, "user", flows.MX1
PRIMARY = f"ns1.{ZONE}"
OWN = {PRIMARY: "192.0.2.1 2001:db8:1::1",
       f"ns2.{ZONE}": "192.0.2.2 2001:db8:1::2"}
ELSEWHERE = {"ns3.example.net": "198.51.100.1 2001:db8:2::1",
             "ns4.example.com": "203.0.113.101 2001:db8:3::1"}
BUILDING = ("192.0.2.0/24", "2001:db8:1::/48")
WITHOUT = tuple(word for net in BUILDING for word in ("--lost", net))
SHOP_AT = "192.0.2.80 2001:db8:1::80"
PAGE_AT = "203.0.113.180 2001:db8:4::180"
# Where they are when everything is in the building.
MX2_INSIDE = "192.0.2.26 2001:db8:1::26"
PAGE_INSIDE = "192.0.2.180 2001:db8:1::180"
QUARTER = 15 * MINUTE
PROBES, BACK_S = 16, 17 * MINUTE  # as in reflexion.py
FLOW_FILE = "/etc/lifeline-plugins/flow.ini"

# What an operator types, and the monitor does.
COMMANDS = {
    "check_dns_delegation": f"-H {ZONE}",
    "check_dns_secondary": f"-H {ZONE} --primary {PRIMARY}",
    "check_mx": f"-H {ZONE} --rcpt {USER}@{ZONE}",
    "check_mail_flow": f"--extra-opts flow@{FLOW_FILE}",
    "check_status_page": f"-u {URL} --probe {SHOP_URL}",
}
DELEGATION, SECONDARY, MX, FLOW, PAGE = COMMANDS
# So that nobody waits for the dead any longer than has to be.
HASTY = {**dict.fromkeys((DELEGATION, SECONDARY),
                         ["--query-timeout", "0.5"]),
         MX: ["--query-timeout", "0.5", "-t", "6"],
         PAGE: ["-t", "4"], FLOW: []}

WELL, FASTHOSTS, FONALITY, REFLEXION, FOUNDER = (
    "well", "fasthosts", "fonality", "reflexion", "founder")
# The columns of the table: an outage, its name, and a moment of it.
COLUMNS = ((WELL, "all is", "well"), (FASTHOSTS, "Fasthosts", "before"),
           (FASTHOSTS, "", "outage"), (FONALITY, "Fonality", "before"),
           (FONALITY, "", "outage"), (REFLEXION, "Reflexion", "before"),
           (REFLEXION, "", "4 hours"), (FOUNDER, "founder", "all's well"))
DOCS = os.path.join(servers.TOP, "contrib", "docs")

# What a plugin said. rules: [(rule, its state)] of its findings.
Said = collections.namedtuple("Said", "command state line rules text")


class Clock(flows.Clock):
    """The one clock of the mail and of the pages."""

    def __init__(self, lab):
        self.lab = lab
        lab.at(lab.now(), goes_on=True)
        super().__init__(lab)

    def forward(self, seconds):
        self.lab.later(seconds)

    def now(self):
        return self.lab.now()


class Company(flows.Site):
    """All of it, well; and what was said of it, by outage and moment."""

    clock_kind = Clock

    def __init__(self, lab):
        lab.tested = FLOW
        for name in COMMANDS:
            lab.plugin(name)
        lab.sign_above()
        super().__init__(lab, users=[USER])
        # None of its processes starts without an address of these.
        self.mx2.settings["inet_interfaces"] = flows.AT[flows.MX2]
        self.mx2.addresses += MX2_INSIDE.split()
        for server in (self.submit, self.mx2):
            server.settings["smtp_connect_timeout"] = "1s"
        self.shop = lab.site(SHOP, SHOP_AT,
                             {"/": Doc(b"<p>Buy!", "text/html")})
        self.page = lab.site(HOST, PAGE_AT, {PATH: says(now=lab.now())})
        self.page.addresses += PAGE_INSIDE.split()
        self.posts = []
        self.has_dead = False
        self.moments = collections.defaultdict(dict)
        self.told = collections.defaultdict(list)
        lab.start()
        demo.use_resolver(lab)
        self.flow = flows.Flow(self, every=f"{QUARTER}s").init()
        self.user = self.flow.user
        self.given = self.write_flow_file()
        self.unsaid = self.options()

    def declare_their_zone(self):
        kinds = ("bind", "knot", "nsd", "knot")
        hosts = {**OWN, **ELSEWHERE}
        self.lab.zone(ZONE, hosts, on=dict(zip(hosts, kinds)),
                      primary=PRIMARY, tsig=True)

    # Runs.

    def options(self):
        """{plugin: what only this internet needs}."""
        walk = self.lab.arguments()
        keeps = ["--state-dir", self.lab.state_dir]
        trusts = ["--ca-file", self.lab.ca_file()]
        return {DELEGATION: walk, SECONDARY: walk + keeps,
                MX: [*walk, *keeps, *trusts,
                     "--helo", self.flow.given["helo"]],
                FLOW: [], PAGE: [*keeps, *trusts, "--resolver",
                                 flows.RESOLVER]}

    def write_flow_file(self):
        """What check_mail_flow is told by a file, as its manual has it."""
        lines = [word.removeprefix("--") for word in self.flow.arguments({})]
        return flows.private(os.path.join(self.flow.state, "flow.ini"),
                             "\n".join(["[flow]", *lines]))

    def run(self, name, *more):
        """One that goes on by itself: (what a person types, the process)."""
        shown = " ".join([COMMANDS[name], *more])
        return f"{name} {shown}", subprocess.Popen(
            [self.lab.plugin(name), *self.unsaid[name],
             *(HASTY[name] if self.has_dead else []),
             *shown.replace(FLOW_FILE, self.given).split()],
            env={**os.environ, **self.flow.environment}, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)

    def ask(self, *names):
        """What these plugins say, or all, each at once: {name: its Said}."""
        with self.gate:
            runs = {name: self.run(name) for name in names or COMMANDS}
            said = {name: listen(*run) for name, run in runs.items()}
        self.rests()
        return said

    def look(self, outage, moment):
        """Asks all of them, and keeps it."""
        said = self.ask()
        self.moments[outage][moment] = said
        self.told[outage] += said.values()

    def tell(self, outage, name, *more):
        """Asks one of them, with more options, and keeps it."""
        with self.gate:
            said = listen(*self.run(name, *more))
        self.rests()
        self.told[outage].append(said)
        return said

    def moving(self, *where):
        """The mail that moves, or is there."""
        where = ("maildrop", "incoming", "active", *where)
        return [ident for server in (self.submit, self.mx1, self.mx2)
                for ident in server.queue(self.user, *where)]

    def rests(self):
        """Returns when no mail moves: it has arrived, or waits."""
        self.wait(self.moving, lambda left: not left, "at rest", self.mx1)

    def empties(self, *queues):
        """What waits in these queues is tried until all mail has arrived: what
        is just being tried for another time when they hear of it waits on."""
        tried_s = 0

        def look():
            nonlocal tried_s
            if time.monotonic() > tried_s + 1:
                for server in queues:
                    server.flush()
                tried_s = time.monotonic()
            return self.moving("deferred")
        self.wait(look, lambda left: not left, "arrived", self.mx1)

    def quarters(self, count, *names):
        """So many of an hour go by, with a run of these at the end of each."""
        for _ in range(count):
            self.clock.forward(QUARTER)
            said = self.ask(*names)
        return said

    def settles(self):
        """Goes on until all that was sent is accounted for, and whoever
        remembers has nothing more to say of what was.

        A Postfix holds for half a minute to where it sent the last one.
        """
        self.clock.forward(QUARTER)
        self.empties(self.submit, self.mx1, self.mx2)
        for _ in range(8):
            said = self.ask(FLOW, PAGE)
            self.clock.forward(QUARTER)
            if {one.state for one in said.values()} == {"OK"}:
                return
        raise AssertionError(f"it does not settle: {said}")

    # What happens to it.

    def posts_that(self, status, body):
        """The founder writes."""
        now = self.lab.now()
        self.posts.insert(0, (now, status, body))
        posts = [((now - when) / MINUTE, *post) for when, *post in self.posts]
        one = incident("outage", *posts, impact="critical", now=now,
                       name="The shop is down")
        more = {} if status in ("monitoring", "resolved") else {
            "banner": "critical", "parts": {"web1": "major_outage"}}
        self.page.shows(PATH, says(one, now=now, **more))

    def moves(self, hosts, **addresses):
        """The zone has these name servers from now on, and these hosts other
        addresses; the world has forgotten what was before."""
        lab = self.lab
        zone = lab.zones[ZONE]
        zone.ns = list(hosts)
        lab.hosts.update({host: where.split()
                          for host, where in addresses.items()})
        lab.bump(ZONE, lists=list(hosts))
        lab.wait_serial(ZONE, zone.settings["serial"])
        lab.rewrite("org")
        lab.server_at(flows.RESOLVER).restart()

    def finds(self, *names):
        """Returns when the resolver has found the way to these names, which
        takes it a while where some of their servers are dead."""
        for name in names:
            for rtype in (message.A, message.AAAA):
                self.lab.wait_until(
                    lambda asked=(name, rtype): not message.read_reply(
                        servers.answer(flows.RESOLVER, *asked,
                                       flags=message.RD))[0], f"no {name}")

    def building_goes(self, *left):
        """The network of the building is gone. What the world knew of its
        names, it has forgotten by then, but for those that are left."""
        self.has_dead = True
        for network in BUILDING:
            self.lab.net.silence(network)
        self.lab.server_at(flows.RESOLVER).restart()
        self.finds(flows.SUBMIT, flows.IMAP, *left)
        # Who wants to send to it gives up at once.
        demo.resolver_file(self.lab, "options timeout:1 attempts:1\n")

    def building_is_back(self):
        """And it is back."""
        self.has_dead = False
        for network in BUILDING:
            self.lab.net.restore(network)
        for host in (PRIMARY, flows.RESOLVER):
            self.lab.server_at(host).restart()
        demo.resolver_file(self.lab)
        self.settles()

    def loses_building(self, outage):
        """It goes, a probe is sent, and half an hour later all are asked."""
        self.building_goes()
        self.quarters(1, FLOW)
        self.clock.forward(2 * QUARTER)
        self.look(outage, "outage")


def listen(command, process):
    """What it says, without its performance data."""
    output = process.communicate(timeout=120)[0].partition("\n|")[0]
    code = process.returncode
    return Said(command, STATES[code] if 0 <= code < 4 else f"exit {code}",
                output.partition("\n")[0], rules_of(output), output)


def rules_of(text):
    """The rules of its findings, and their states."""
    return sorted(re.findall(r"^\[([a-z0-9-]+)\] (\w+)", text, re.MULTILINE))


def live(lab, is_mended=True):
    """A company goes through all of it; returns it when it is over.

    is_mended: through what it did about Fonality, too, which no table has.
    """
    company = Company(lab)
    try:
        company.quarters(2, FLOW, PAGE)
        company.clock.forward(QUARTER)
        company.look(WELL, "well")
        live_before_reflexion(company)
        live_reflexion(company)
        live_founder(company)
        live_fonality(company)
        if is_mended:
            live_mended(company)
        live_fasthosts(company)
        return company
    finally:
        company.stop()


def live_before_reflexion(company):
    """The backup's list of recipients is an old one, until it is mended."""
    company.mx2.does(company.user, "550 5.1.1 No such recipient here")
    company.look(REFLEXION, "before")
    company.mx2.undo(company.user)
    company.tell(REFLEXION, MX)
    company.tell(REFLEXION, MX, "--lost", MX1)


def live_reflexion(company):
    """mx1 can give nothing of what it takes on, for four hours."""
    company.quarters(1, FLOW)
    company.clock.forward(QUARTER)
    company.mx1.routes[company.user.to] = company.closed()
    company.ask(FLOW)
    company.told[REFLEXION] += company.quarters(1, FLOW).values()
    company.quarters(PROBES - 3, FLOW)
    company.clock.forward(QUARTER)
    company.look(REFLEXION, "4 hours")
    company.clock.forward(BACK_S)
    company.mx1.undo(company.user)
    company.empties(company.mx1)
    company.tell(REFLEXION, FLOW)
    company.told[REFLEXION] += company.quarters(1, FLOW).values()
    company.settles()


def live_founder(company):
    """The shop is down, and he says too early that all is well."""
    company.quarters(1, FLOW, PAGE)
    falls(company.shop)
    company.ask(PAGE)
    company.quarters(1, FLOW)
    company.tell(FOUNDER, PAGE)
    company.posts_that("investigating", "We are looking into it.")
    company.quarters(4, FLOW)
    company.clock.forward(3 * HOUR)
    company.quarters(1, FLOW)
    company.posts_that("resolved", "All's well!")
    company.look(FOUNDER, "all's well")
    rises(company.shop)
    company.clock.forward(5 * MINUTE)
    company.tell(FOUNDER, PAGE)
    company.clock.forward(45 * MINUTE)
    company.ask(PAGE)
    falls(company.shop)
    company.clock.forward(5 * MINUTE)
    company.tell(FOUNDER, PAGE)
    company.posts = []
    company.posts_that("investigating", "It is back. We look deeper.")
    rises(company.shop)
    company.clock.forward(5 * MINUTE)
    company.ask(PAGE)
    company.posts_that("monitoring", "It answers again. We watch it.")
    company.clock.forward(35 * MINUTE)
    company.ask(PAGE)
    company.posts_that("resolved", "It held. All's well.")
    company.tell(FOUNDER, PAGE)
    company.page.shows(PATH, says(now=company.lab.now()))
    company.settles()


def live_fonality(company):
    """The name servers, and no others, stand in one building."""
    company.moves(OWN)
    company.look(FONALITY, "before")
    company.tell(FONALITY, SECONDARY, *WITHOUT)
    company.loses_building(FONALITY)
    company.building_is_back()


def live_mended(company):
    """The same with two secondaries elsewhere."""
    company.moves({**OWN, **ELSEWHERE})
    company.tell(FONALITY, SECONDARY, "--min-survivors", "2", *WITHOUT)
    company.building_goes(HOST, SHOP)
    # The one who remembers that it is silent from here on is asked later.
    said = company.ask(DELEGATION, SECONDARY, MX, PAGE)
    company.told[FONALITY] += [said[name] for name in (DELEGATION, MX, PAGE)]
    company.clock.forward(6 * HOUR)
    company.tell(FONALITY, SECONDARY)
    company.building_is_back()


def live_fasthosts(company):
    """Everything stands in one building."""
    company.moves(OWN, **{flows.MX2: MX2_INSIDE, HOST: PAGE_INSIDE})
    company.look(FASTHOSTS, "before")
    company.tell(FASTHOSTS, SECONDARY, *WITHOUT)
    company.tell(FASTHOSTS, MX, *WITHOUT)
    company.loses_building(FASTHOSTS)


class Lived(Lab):
    """A lab whose cases are about one company, which has lived before the
    first of them; and another one, behind one that failed."""

    company = None

    def finish(self, is_fine):
        if not is_fine:
            self.company = None
        super().finish(is_fine)


def lived(lab):
    """That company."""
    if not lab.company:
        lab.company = live(lab)
        lab.stop()
    return lab.company


# What each plugin has to find, by outage and moment; what is not here is OK.
DEAD_DNS = {
    DELEGATION: ("CRITICAL", {"too-few-good-servers", "server-silent",
                              "single-network"}),
    SECONDARY: ("CRITICAL", {"no-good-secondary", "too-few-survivors",
                             "primary-silent", "server-silent"}),
    MX: ("CRITICAL", {"mx-obtained"}), FLOW: ("CRITICAL", {"threshold"}),
    PAGE: ("CRITICAL", {"page-unreachable"})}
ONE_BUILDING = {DELEGATION: ("WARNING", {"single-network"}),
                SECONDARY: ("WARNING", {"too-few-survivors"})}
FOUND = {
    (WELL, "well"): {},
    (FASTHOSTS, "before"): {**ONE_BUILDING,
                            MX: ("WARNING", {"mx-single-network"})},
    (FASTHOSTS, "outage"): DEAD_DNS,
    (FONALITY, "before"): ONE_BUILDING,
    (FONALITY, "outage"): DEAD_DNS,
    (REFLEXION, "before"): {
        MX: ("CRITICAL", {"loss-bounces", "recipient-refused"})},
    (REFLEXION, "4 hours"): {FLOW: ("CRITICAL", {"threshold"})},
    (FOUNDER, "all's well"): {
        PAGE: ("CRITICAL", {"page-silent", "all-clear-false"})},
}


def found(company, outage):
    """{moment: {plugin: (state, rules)}} of what is not OK."""
    return {moment: {name: (one.state, {rule for rule, _ in one.rules})
                     for name, one in said.items() if one.state != "OK"}
            for moment, said in company.moments[outage].items()}


def wanted(outage):
    """The same as it has to be."""
    return {moment: what for (where, moment), what in FOUND.items()
            if where == outage}


def in_time(outage):
    """What every case of an outage is about."""
    def judge(lab):
        same(found(lived(lab), outage), wanted(outage), "what was found")
    return judge


for _title, _outage in (
        ("all is well: no plugin finds anything", WELL),
        ("all in one building: found before, and all lifelines go", FASTHOSTS),
        ("the name servers in one building: page and mail go too", FONALITY),
        ("mail that would bounce, mail that hangs: each has its check",
         REFLEXION),
        ("said too early that all is well: the page's check alone", FOUNDER)):
    case(_title)(in_time(_outage))


# The pages about the outages.

NUMBERS = ((r"(just above )?(\d+(\.\d+)? (ms|s|min|h|d)\b ?)+", "TIME "),
           (r"serial \d+", "serial N"), (r"last \S+:", "last ADDRESS:"),
           # Whoever was refreshed a second before the others.
           (r"\(\S+, by EXPIRE\)", "(HOST, by EXPIRE)"),
           (r" +", " "))


def masked(text):
    """What stays the same from run to run."""
    for pattern, word in NUMBERS:
        text = re.sub(pattern, word, text)
    return text.strip()


def document(*path):
    """The text of one of the pages."""
    with open(os.path.join(DOCS, *path), encoding="ascii") as file:
        return file.read()


def blocks(page):
    """[(command, [line of its output])] of a page, as they are shown:
    indented, long lines further on the next one."""
    found_ones, lines = [], None
    for line in page.splitlines():
        if line.startswith("  $ "):
            lines = [line[4:]]
            found_ones.append(lines)
        elif not line.startswith("  "):
            lines = None
        elif lines and line.startswith("      "):
            lines[-1] = f"{lines[-1].removesuffix(chr(92)).rstrip()} " \
                        f"{line.strip()}"
        elif lines:
            lines.append(line.strip())
    return [(lines[0], lines[1:]) for lines in found_ones]


def is_line(shown, real):
    """Whether they are the same, or were until one was cut short."""
    cut = [text.find("...") for text in (shown, real) if "..." in text]
    if cut:
        length = max(0, min(cut) - len("ADDRESS"))
        return bool(length) and shown[:length] == real[:length]
    return shown == real


def said_so(said, command, lines):
    """Whether this is what was said: the command, its first line, and all
    others; a line "..." stands for any number of them."""
    real = [masked(line) for line in said.text.splitlines()]
    shown = [masked(line) for line in lines]
    if said.command != command or not shown or not is_line(shown[0], real[0]):
        return False
    kept = [line for line in shown if line != "..."]
    return all(any(is_line(line, one) for one in real) for line in kept) and (
        "..." in shown or len(kept) == len(real))


def page_tells_what_is_so(outage):
    """Each command on a page was run, and said that; and whatever a plugin
    found in that outage is on it."""
    def judge(lab):
        told = lived(lab).told[outage]
        shown = blocks(document("outages", f"{outage}.txt"))
        for command, lines in shown:
            check(any(said_so(said, command, lines) for said in told),
                  f"{command}: {lines} was not said; but:\n" + "\n".join(
                      said.text for said in told if said.command == command))
        for said in told:
            check(said.state == "OK" or any(
                said_so(said, *block) for block in shown),
                f"not on the page: {said.command}\n{said.text}")
    return judge


for _outage in (FASTHOSTS, FONALITY, REFLEXION, FOUNDER):
    case(f"the page about {_outage} tells what is so")(
        page_tells_what_is_so(_outage))


# The table.

def row(head, cells):
    """One line of it; the columns of an outage stand closer together."""
    line = f"{head:21}"
    for (outage, name, _), cell in zip(COLUMNS, cells):
        line += (" " if name and outage != WELL else "") + f"{cell:9}"
    return line.rstrip()


def table(company):
    """What all plugins said at each moment, as text."""
    lines = [row("", [name for _, name, _ in COLUMNS]),
             row("", [moment for *_, moment in COLUMNS])]
    for name in COMMANDS:
        lines.append(row(name, [
            company.moments[outage][moment][name].state
            for outage, _, moment in COLUMNS]))
    return "\n".join(lines) + "\n"


@case("the table has what was said, and is on its page")
def tabled(lab):
    text = table(lived(lab))
    lines = text.splitlines()
    check(max(map(len, lines)) <= 100, f"wide:\n{text}")
    check(text in document("index.txt"), f"not in index.txt:\n{text}")
    same(len(lines), 2 + len(COMMANDS), "lines")
    for line, name in zip(lines[2:], COMMANDS):
        states = [FOUND[outage, moment].get(name, ("OK",))[0]
                  for outage, _, moment in COLUMNS]
        same(line.split(), [name, *states], "row")


def tell(lab):
    """The story, told by running it; whether it went as it should."""
    print("\nNow one company goes through all of them: name servers, "
          "exchangers, mail that\nflows, a shop and a status page; and every "
          "plugin is asked each time. What is\nnot OK, they say:", flush=True)
    company = live(lab, is_mended=False)
    lab.stop()
    name = ""
    for outage, title, moment in COLUMNS[1:]:
        name = title or name
        print(f"\n  {name}, {moment}")
        for said in company.moments[outage][moment].values():
            if said.state != "OK":
                print(textwrap.fill(said.line, 100, initial_indent="    ",
                                    subsequent_indent="      ",
                                    break_on_hyphens=False))
    print(f"\n{table(company)}\ncontrib/docs/outages has a page about each: "
          "what would have told, and the commands.")
    return all(found(company, outage) == wanted(outage)
               for outage, *_ in COLUMNS)


if __name__ == "__main__":
    main(FLOW, Lived)
