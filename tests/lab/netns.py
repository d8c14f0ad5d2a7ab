# SPDX-License-Identifier: GPL-3.0-or-later
"""A private network namespace, and what can be done to its addresses.

The addresses are those of the namespace's own loopback interface, so nothing
can leave it. An address that "went away" is routed into a cable (veth) at
whose other end nobody takes what arrives: packets to it get lost without a
word.
"""

import ipaddress
import os
import shutil
import subprocess
import sys

INSIDE = "LIFELINE_LAB_INSIDE"

# What the small internet is made of: RFC 5737, RFC 3849, and RFC 6052 for
# a monitor that sees IPv4 through NAT64.
PREFIXES = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",
            "2001:db8::/32", "64:ff9b::/96")


def die(text):
    """Ends the test program as broken, not as failed."""
    print(f"Bail out! {text}", flush=True)
    sys.exit(99)


def skip(text):
    """Ends the test program, which can't run on this machine."""
    print(f"1..0 # SKIP {text}", flush=True)
    sys.exit(0)


def enter(lacking=die):
    """Runs this program again in namespaces of its own.

    Returns only inside. The program is process 1 of its own process
    namespace there, so that nothing it starts outlives it. lacking: is told
    what this machine has not, where that can't be done.
    """
    if os.environ.get(INSIDE) and os.getpid() == 1:
        check()
        share_no_memory()
        leave_leaks()
        return
    for tool in ("unshare", "ip"):
        if not find(tool):
            lacking(f"{tool} is not here (packages util-linux, iproute2)")
    command = ["unshare", "--net", "--pid", "--fork", "--kill-child"]
    if os.geteuid() != 0:
        command[1:1] = ["--user", "--map-root-user"]
    # A /proc of these namespaces is what a leak checker wants, and mounts
    # of its own what the demo wants; a chroot may permit neither.
    for more in (["--mount", "--mount-proc"], ["--mount"], []):
        if works(command + more):
            command += more
            break
    else:
        lacking("this kernel or container permits no network namespaces to "
                "this user: run as root, or permit user namespaces")
    os.environ[INSIDE] = "mounts" if "--mount" in command else "network"
    os.execvp(command[0], command + [sys.executable] + sys.argv)


def share_no_memory():
    """What is shared by names is shared with nobody outside. libfaketime names
    it by the number of its process, of which there are as many the same as
    namespaces: who begins while another ends would not start."""
    if has_mounts() and os.path.isdir("/dev/shm"):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs",
                        "/dev/shm"], check=False, capture_output=True)


def leave_leaks():
    """Without a /proc of these namespaces no leak checker can work."""
    if os.readlink("/proc/self") != str(os.getpid()):
        options = os.environ.get("ASAN_OPTIONS", "")
        os.environ["ASAN_OPTIONS"] = options + ":detect_leaks=0"


def works(command):
    """Whether a command can run another one."""
    return subprocess.run(command + ["true"], capture_output=True,
                          check=False).returncode == 0


def has_mounts():
    """Whether what is mounted here stays in here."""
    return os.environ.get(INSIDE) == "mounts"


def find(tool):
    """The path of a tool of the host, or None."""
    return shutil.which(tool, path=os.environ.get("PATH", "")
                        + ":/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
                        ":/usr/lib/nagios/plugins")


def check():
    """Refuses to go on where anything but lo could be reached."""
    with open("/proc/net/dev", encoding="ascii") as dev:
        names = [line.split(":")[0].strip() for line in list(dev)[2:]]
    if names != ["lo"]:
        die(f"not in a namespace of its own: it has {' '.join(names)}")


class Net:
    """The addresses of the namespace."""

    def __init__(self):
        self.addresses = set()
        self.dropped = set()
        self.has_cable = False
        self.blocked = 0  # how often block() was called
        self.ip([], "link set lo up")

    @staticmethod
    def ip(option, *commands):
        """Runs commands of ip(8) in one go."""
        done = subprocess.run(
            [find("ip"), *option, "-batch", "-"], text=True, check=False,
            input="\n".join(commands) + "\n", capture_output=True)
        if done.returncode:
            die(f"ip {' ; '.join(commands)}: {done.stderr}")

    def add(self, addresses):
        """Gives lo these addresses."""
        lines = []
        for address in addresses:
            ip = ipaddress.ip_address(address)
            if not any(ip in ipaddress.ip_network(p) for p in PREFIXES):
                die(f"{address} is no address for documentation")
            if address in self.addresses:
                continue
            self.addresses.add(address)
            lines.append(f"address add {address} dev lo"
                         + (" nodad" if ip.version == 6 else ""))
        if lines:
            self.ip([], *lines)

    def within(self, where):
        """The addresses inside an address or a prefix."""
        net = ipaddress.ip_network(where)
        return sorted(a for a in self.addresses
                      if ipaddress.ip_address(a) in net)

    def remove(self, where):
        """Takes addresses away: no route to host from then on."""
        for address in self.within(where):
            self.ip([], f"address del {address} dev lo")
            self.addresses.discard(address)

    def lay_cable(self):
        """Makes the interface that packets get lost in."""
        if not self.has_cable:
            self.ip([], "link add void type veth peer name nobody",
                    "link set void arp off addrgenmode none up",
                    "link set nobody arp off addrgenmode none up")
            self.has_cable = True

    def silence(self, where):
        """Makes an address or a prefix vanish: packets to it get lost."""
        self.lay_cable()
        addresses = self.within(where)
        for address in addresses:
            self.ip([], f"address del {address} dev lo")
            self.addresses.discard(address)
            self.ip([], f"route add {address} dev void")
            self.dropped.add(address)
        return addresses

    def restore(self, where):
        """Undoes silence()."""
        net = ipaddress.ip_network(where)
        for address in sorted(self.dropped):
            if ipaddress.ip_address(address) in net:
                self.ip([], f"route del {address} dev void")
                self.dropped.discard(address)
                self.add([address])

    def block(self, transport, addresses=(), port=53):
        """Loses every packet over udp or tcp to a port, of all or some."""
        self.lay_cable()
        self.blocked += 1
        number = {"tcp": 6, "udp": 17}[transport]
        for family, sign in (("-4", "."), ("-6", ":")):
            where = [f"to {a} " for a in addresses if sign in a]
            lines = [f"rule add pref {self.blocked} {to}ipproto {number} "
                     f"dport {port} lookup 53"
                     for to in (where if addresses else [""])]
            if self.blocked == 1:
                lines += ["route add default dev void table 53",
                          "rule add pref 10 lookup local", "rule del pref 0"]
            if lines:
                self.ip([family], *lines)

    def clear(self):
        """Takes away everything."""
        if self.blocked:
            for family in ("-4", "-6"):
                self.ip([family], "rule flush",
                        "rule add pref 0 lookup local",
                        "rule add pref 32766 lookup main",
                        "route flush table 53")
            self.blocked = 0
        lines = [f"route del {a} dev void" for a in self.dropped]
        lines += [f"address del {a} dev lo" for a in self.addresses]
        if lines:
            self.ip([], *lines)
        self.addresses.clear()
        self.dropped.clear()
