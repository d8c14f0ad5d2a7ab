# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts with a monitor each, beside the small internet of the lab.

A node has network, process and host name of its own (namespaces inside those
of the test). One cable leads to the lab, one to each of the nodes before it.
What runs on a node ends all at once with kill(), as when its power fails.
"""

import os
import signal
import subprocess
import sys

import monitors
from monitors import labs

# The lab's ends of the cables to the nodes.
GATEWAYS = ("203.0.113.254", "2001:db8:fe::1")
NAMED = ("import os, socket, sys; socket.sethostname(sys.argv[1]); "
         "os.execvp(sys.argv[2], sys.argv[2:])")


class Node:
    """A host of this name and IPv4 address.

    peers: nodes that it has a cable to.
    """

    def __init__(self, lab, name, address, peers=()):
        self.lab, self.name, self.address = lab, name, address
        self.process = None
        self.keeper, self.space = keep_network()
        self.number = len(lab.nodes) + 1
        lab.nodes.append(self)
        self.cable = f"wan{self.number}"
        self.connect_lab()
        for peer in peers:
            self.connect(peer)

    def ip(self, *commands):
        """Runs commands of ip(8) on the node."""
        done = subprocess.run(
            ["nsenter", f"--net={self.space}", labs.netns.find("ip"),
             "-batch", "-"], input="\n".join(commands) + "\n",
            capture_output=True, text=True, check=False)
        labs.check(done.returncode == 0,
                   f"ip on {self.name}: {commands}: {done.stderr}")

    def connect_lab(self):
        """Lays the cable to the lab."""
        here, (four, six) = self.cable, GATEWAYS
        own = f"2001:db8:fe::{self.number + 1}"
        self.lab.net.ip([], f"link add {here} type veth peer name wan "
                        f"netns {self.keeper.pid}", f"link set {here} up")
        self.ip("link set lo up", "link set wan up",
                f"address add {self.address} dev wan",
                f"address add {own} dev wan nodad",
                f"route add {four} dev wan", f"route add {six} dev wan",
                f"route add default via {four} dev wan onlink",
                f"route add default via {six} dev wan onlink")
        self.lab.net.ip([], f"address add {four} dev {here}",
                        f"address add {six} dev {here} nodad",
                        f"route add {self.address} dev {here}",
                        f"route add {own} dev {here}")

    def connect(self, peer):
        """Lays the cable to another node."""
        ends = f"to{self.number}", f"to{peer.number}"
        self.ip(f"link add {ends[1]} type veth peer name {ends[0]} "
                f"netns {peer.keeper.pid}")
        for node, to, end in ((self, peer, ends[1]), (peer, self, ends[0])):
            node.ip(f"link set {end} up",
                    f"route add {to.address} dev {end} src {node.address}")

    def start(self, command, log, environment):
        """Starts a program; it and its children are all that runs here."""
        with open(log, "ab") as out:
            self.process = subprocess.Popen(
                ["nsenter", f"--net={self.space}", "unshare", "--uts",
                 "--pid", "--fork", "--kill-child=SIGKILL", sys.executable,
                 "-c", NAMED, self.name, *command],
                env=environment, stdin=subprocess.DEVNULL, stdout=out,
                stderr=out)

    def kill(self):
        """The power fails."""
        if self.process:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def remove(self):
        """Takes the node away, and its cable."""
        self.kill()
        # It goes with the network at its other end, which takes a while.
        subprocess.run([labs.netns.find("ip"), "link", "del", self.cable],
                       capture_output=True, check=False)
        self.keeper.stdin.close()
        self.keeper.wait()


def keep_network():
    """(a process that keeps a network of its own, the file of that)."""
    keeper = subprocess.Popen(
        ["unshare", "--net", "sh", "-c",
         "read -r pid rest </proc/self/stat; echo $pid; exec cat"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    # By its number in that /proc, which may be another than here.
    number = keeper.stdout.readline().decode().strip()
    labs.check(number.isdigit(), "a network for a node")
    return keeper, f"/proc/{number}/ns/net"
