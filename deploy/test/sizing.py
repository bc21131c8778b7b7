"""`make sizing`: what a release binary needs with its production overlay, for the table in docs/deploy.md. Quiet or busy,
processor time tells the same; the wall clock does not.

    sizing.py <directory of the BFFs' binaries> <directory of bff-dev and bff-key> [<bff> ...]
"""

import http.client
import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from manifests import TOP
from pod import Pod, World, public_url
from smoke import PRODUCTS

STARTS = 20
IN_FLIGHT = 1000
# What docs/deploy.md promises: milliseconds of processor time until it is ready, and MB when idle.
MOST_START, MOST_IDLE = 100, 20
# For requests that hang: one worker, as in a pod with one processor, and nothing that would refuse so many.
PATIENT = {
    "BFF__SERVER__WORKERS": "1",
    "BFF__OVERLOAD__BROWNOUT_LAG": "10s",
    "BFF__OVERLOAD__SHED_LAG": "10s",
    "BFF__LIMITS__PER_PRINCIPAL__REQUESTS": "100000",
    "BFF__LIMITS__PER_PRINCIPAL__BURST": "100000",
    "BFF__SERVICES__CATALOG__TIMEOUT": "10s",
    "BFF__SERVICES__CATALOG__CONCURRENCY__INITIAL": str(IN_FLIGHT),
    "BFF__SERVICES__CATALOG__CONCURRENCY__MIN": str(IN_FLIGHT),
}


def free_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


class Process:
    """A started BFF: when it began, where it is, what it uses."""

    def __init__(self, pod, binary):
        self.public, self.admin = free_port(), free_port()
        variables = pod.environment() | pod.files() | PATIENT
        variables |= {"BFF__SERVER__LISTEN": f"127.0.0.1:{self.public}", "BFF__ADMIN__LISTEN": f"127.0.0.1:{self.admin}"}
        self.log = pod.directory / "log"
        with self.log.open("w") as log:
            self.begun = time.monotonic()
            self.process = subprocess.Popen([binary], env=variables, stdout=log, stderr=log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def until_ready(self):
        """Milliseconds from the start until `/readyz` is 200, by the clock and of the processor."""
        while not self.is_ready():
            if self.process.poll() is not None:
                raise SystemExit(f"it ended: {self.log.read_text()}")
            time.sleep(0.0005)
        return (time.monotonic() - self.begun) * 1e3, self.processor()

    def is_ready(self):
        try:
            return self.ask("/readyz")[0] == 200
        except OSError:
            return False

    def ask(self, target):
        connection = http.client.HTTPConnection("127.0.0.1", self.admin, timeout=10)
        connection.request("GET", target)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def processor(self):
        """Milliseconds that all threads have run, in user and system mode."""
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((each / "schedstat").read_text().split()[0]) for each in tasks) / 1e6

    def memory(self):
        """Resident MB."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def in_flight(self):
        found = re.search(r"(?m)^bff_requests_in_flight\S* (\d+)", self.ask("/metrics")[1])
        return int(found[1]) if found else 0


def hang(process, pod):
    """The most requests that were in flight at once, and the MB at that time."""
    catalog = http.client.HTTPConnection(pod.places["control"].removeprefix("http://"))
    catalog.request("PUT", "/faults/catalog/hang-before-headers")
    catalog.getresponse().read()
    token = pod.places["tokens"].get(pod.name)
    credential = f"authorization: Bearer {token}\r\n" if token else ""
    clients = [socket.create_connection(("127.0.0.1", process.public)) for _ in range(IN_FLIGHT)]
    for number, client in enumerate(clients, 1):
        target = f"{PRODUCTS[pod.name]}p-{number}"
        client.sendall(f"GET {target} HTTP/1.1\r\nhost: a\r\n{credential}\r\n".encode())
    most = (0, 0.0)
    until = time.monotonic() + 1.5
    while time.monotonic() < until:
        most = max(most, (process.in_flight(), process.memory()))
    for client in clients:
        client.close()
    return most


def loads(pod, binary):
    """MB when idle, and under so many requests; a page ends by itself, so a busy machine may need several tries."""
    best = (0, 0.0, 0.0)
    for _ in range(5):
        with Process(pod, binary) as process:
            process.until_ready()
            time.sleep(5)
            idle = process.memory()
            best = max(best, (*hang(process, pod), idle))
            if best[0] >= IN_FLIGHT * 0.95:
                break
    return best[2], best[:2]


def measure(pod, binary):
    """A line of the table, and whether it keeps what is promised."""
    starts = []
    for _ in range(STARTS):
        with Process(pod, binary) as process:
            starts.append(process.until_ready())
    wall, busy = zip(*starts)
    idle, (many, loaded) = loads(pod, binary)
    size = binary.stat().st_size / 1048576
    per_thousand = (loaded - idle) / max(many, 1) * 1000
    line = (
        f"| {pod.name} | {size:.0f} | {statistics.median(wall):.0f} / {max(wall):.0f} | {statistics.median(busy):.0f} "
        f"/ {max(busy):.0f} | {idle:.1f} | {loaded:.1f} at {many} | {per_thousand:.1f} |"
    )
    return line, statistics.median(busy) < MOST_START and idle < MOST_IDLE


def main(binaries, tools, *names):
    lines = [
        f"{STARTS} starts each; load average {' '.join(f'{each:.1f}' for each in os.getloadavg())}, {os.cpu_count()} processors",
        "",
        "| BFF | binary, MB | ready after, ms (median / most) | processor until then, ms | idle, MB | in flight, MB | per 1 000 |",
        "|---|---|---|---|---|---|---|",
    ]
    print("\n".join(lines))
    is_good = True
    for name in names or PRODUCTS:
        with tempfile.TemporaryDirectory() as directory, World(tools, public_url()) as places:
            pod = Pod(name, places, pathlib.Path(directory, name), tools)
            line, is_within = measure(pod, pathlib.Path(binaries, f"bff-{name}").resolve())
        print(line, flush=True)
        lines.append(line)
        is_good &= is_within
    (TOP / "target").mkdir(exist_ok=True)
    (TOP / "target/sizing.md").write_text("\n".join(lines) + "\n")
    if not is_good:
        print(f"sizing: more than {MOST_START} ms of processor time to start, or {MOST_IDLE} MB idle")
    return not is_good


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
