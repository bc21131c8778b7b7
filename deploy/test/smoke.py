"""`make smoke`: each release binary runs as its image would, alone and read-only, with its production overlay; becomes
ready, serves a page, shows services what it should, and stops. Needs root on Linux.

    smoke.py <directory of the BFFs' binaries> <directory of bff-dev and bff-key> [<bff> ...]
"""

import base64
import http.client
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse

from manifests import BFFS, TOP
from pod import Pod, World, public_url

MOST_BYTES = 30 * 1024 * 1024
# What gcr.io/distroless/cc has.
LIBRARIES = re.compile(r"(linux-vdso|libc|libm|libgcc_s|libdl|libpthread|librt|/lib.*/ld-linux.*)(\.so.*)?")

# Pages of the BFFs that are known here, without the product's id.
PRODUCTS = {"mobile": "/mobile/v1/products/", "web": "/web/v1/products/", "partner": "/v2/products/"}


class Wrong(Exception):
    """What is not as it should be."""


def check(is_so, what):
    if not is_so:
        raise Wrong(what)


def eventually(is_so, what):
    until = time.monotonic() + 20
    while not is_so():
        check(time.monotonic() < until, what)
        time.sleep(0.01)


def ask(url, target="", method="GET", headers=(), body=None):
    """Status, headers and text of an answer; redirects are answers."""
    place = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(place.netloc, timeout=20)
    connection.request(method, target or (place.path or "/") + (f"?{place.query}" if place.query else ""), body, dict(headers))
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, answer.headers, text


class Running:
    """A started BFF. It is killed with this value, unless it was stopped."""

    def __init__(self, pod, binary):
        self.pod, self.log = pod, pod.directory / "log"
        command = ["unshare", "--mount", TOP / "deploy/isolate.sh", pod.directory, binary]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def __enter__(self):
        until = time.monotonic() + 20
        while not (line := next((each for each in self.lines() if '"message":"ready"' in each), None)):
            check(self.process.poll() is None, f"it ended: {self.log.read_text()}")
            check(time.monotonic() < until, f"not ready after 20 s: {self.log.read_text()}")
            time.sleep(0.01)
        fields = json.loads(line)
        fields |= fields.get("fields", {})
        self.public, self.admin = (f"http://{fields[key]}" for key in ("address", "admin"))
        self.keys = f"http://{fields['keys']}" if "keys" in fields else None
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def lines(self):
        return self.log.read_text().splitlines()

    def field(self, name):
        """A field of /proc/<pid>/status; the shell and its helpers have become the binary."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return re.search(rf"(?m)^{name}:\s+(\S+)", status)[1]

    def stop(self):
        self.process.terminate()
        check(self.process.wait(30) == 0, f"it ended with {self.process.returncode} after SIGTERM: {self.lines()[-3:]}")


def libraries(binary):
    """The image is small and has all that the binary needs."""
    check(binary.stat().st_size < MOST_BYTES, f"{binary.stat().st_size} bytes; an image has to stay under 30 MB")
    needed = subprocess.run(["ldd", binary], check=True, capture_output=True, text=True).stdout
    strange = [line.split()[0] for line in needed.splitlines() if not LIBRARIES.fullmatch(line.split()[0])]
    check(not strange, f"needs libraries that the image does not have: {strange}")


def ports(bff):
    """Each port has what belongs there."""
    for probe in ("/startupz", "/livez", "/readyz", "/metrics"):
        check(ask(bff.admin, probe)[0] == 200, f"{probe}: {bff.lines()[-3:]}")
    for port, targets in ((bff.public, ("/nowhere", "/metrics", "/internal-jwks")), (bff.keys, ("/metrics", "/console.json"))):
        for target in targets if port else ():
            status, headers, _ = ask(port, target)
            check((status, headers["content-type"]) == (404, "application/problem+json"), f"{port}{target}: {status}")


def confined(bff):
    """It is nobody, may nothing, and has no file open to write."""
    who = bff.field("Uid"), bff.field("CapBnd")
    check(who == ("65532", "0000000000000000"), f"it is not the user that it should be: {who}")
    descriptors = pathlib.Path(f"/proc/{bff.process.pid}/fd")
    files = {os.readlink(each) for each in descriptors.iterdir()}
    files = {each for each in files if each.startswith("/") and each not in ("/dev/null", "/dev/urandom", str(bff.log))}
    check(not files, f"it has files open: {files}")


def page(bff, target, headers=()):
    """A whole page, limited and not degraded; a busy machine may be too slow for the first."""
    said = []

    def is_whole():
        said[:] = ask(bff.public, target, headers=headers)
        return said[0] == 200 and said[1]["degraded"] is None or said[0] in (400, 401, 403, 404)

    eventually(is_whole, f"{target} stays degraded")
    status, told, text = said
    check(status == 200, f"{target}: {status} {text[:300]}")
    check('"principal";r=' in (told["ratelimit"] or ""), f"{target}: no limit: {told}")


def signed_in(bff):
    """The headers of somebody who signed in with a browser."""
    _, told, _ = ask(bff.public, "/bff/login?return_to=/")
    login = told["set-cookie"].split(";")[0]
    _, asked, form = ask(told["location"])
    ticket = re.search(r'name="ticket" value="([^"]*)"', form)[1]
    body = urllib.parse.urlencode({"user": "u-1", "ticket": ticket})
    typed = {"content-type": "application/x-www-form-urlencoded", "cookie": asked["set-cookie"].split(";")[0]}
    _, told, _ = ask(bff.pod.places["provider"], "/sign-in", "POST", typed, body)
    back = urllib.parse.urlsplit(told["location"])
    status, told, text = ask(bff.public, f"{back.path}?{back.query}", headers={"cookie": login})
    cookies = [each.split(";")[0] for each in told.get_all("set-cookie", ())]
    check(status == 303 and cookies, f"nobody can sign in: {status} {text}")
    return {"cookie": "; ".join(each for each in cookies if not each.endswith("=")), "x-csrf": "1"}


def serves(bff):
    """What the surface is for, as somebody who may."""
    name, places = bff.pod.name, bff.pod.places
    token = {"authorization": f"Bearer {places['tokens'].get(name)}"}
    if name == "mobile":
        page(bff, "/mobile/v1/home", token)
    elif name == "web":
        page(bff, "/web/v1/me", signed_in(bff))
    elif name == "partner":
        page(bff, "/v2/products?limit=2", {"x-api-key": bff.pod.api_key})
    # Several, because the cache waits for nobody: on a busy machine one may be left out.
    for product in ("p-1", "p-2", "p-3", "p-4", "p-5"):
        page(bff, PRODUCTS[name] + product, {} if name == "web" else token)


def shown(bff):
    """Services are shown what the overlay configures, and services can check it."""
    config, places = bff.pod.overlay.config, bff.pod.places
    for name, service in config["services"].items():
        stats = json.loads(ask(places["control"], f"/stats/{name}")[2])
        seen = {key.lower(): value for key, value in stats["last_headers"]}
        if not seen or seen.get("x-service-account") != f"{bff.pod.name}-bff":
            continue
        check("credential" in service, f"{name} is shown nothing")
        credential = config["credentials"][service["credential"]]
        header = credential.get("header", "authorization")
        shape = ".+" if "header" in credential else "Bearer .+"
        check(re.fullmatch(shape, seen.get(header, "")) and "x-user-id" not in seen, f"{name} was shown {sorted(seen)}")
        if "x-user-token" in seen:
            head = seen["x-user-token"].split(".")[0]
            kid = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"]
            known = [each["kid"] for each in json.loads(ask(bff.keys, "/internal-jwks")[2])["keys"]]
            check(kid in known, f"{name} cannot find the key {kid} in {known}")
            bff.vouched = True
    check(bff.keys is None or getattr(bff, "vouched", False), "no service was shown a user")


def redis(bff):
    """Both Redis servers take what the documented account may do: pages are kept, and instances count together."""
    keys = ["redis-cli", "-u", bff.pod.places["cache"], "KEYS", f"{bff.pod.name}:*"]
    # What is kept is written after the page is served.
    eventually(lambda: subprocess.run(keys, capture_output=True, text=True).stdout.strip(), "nothing is kept in Redis")
    metrics = lambda: ask(bff.admin, "/metrics")[2]
    # A request waits 10 ms for Redis, which on a busy machine may be too short for the first ones.
    together = lambda: serves(bff) or re.search(r'bff_limit_events_total{event="decided_together"} [^0]', metrics())
    eventually(together, "limits are not counted together")
    refused = re.findall(r'bff_redis_events_total{.*event="server_error"} [^0].*', metrics())
    check(not refused, f"Redis refuses commands: {refused}")


def smoke(pod, binary):
    """One BFF from its start to its end; says so in a line."""
    libraries(binary)
    with Running(pod, binary) as bff:
        confined(bff)
        idle = int(bff.field("VmRSS")) // 1024
        # What the pages of another BFF are, only its own tests know.
        for each in (ports, serves, shown, redis) if pod.name in PRODUCTS else (ports,):
            each(bff)
        bff.stop()
    size = binary.stat().st_size // 1048576
    print(f"smoke: {pod.name}: {size} MB on disk, {idle} MB in memory when idle; starts as in production, answers and stops")


def main(binaries, tools, *names):
    for name in names or BFFS:
        with tempfile.TemporaryDirectory() as directory, World(tools, public_url()) as places:
            # The binary's own user has to find it.
            os.chmod(directory, 0o755)
            try:
                smoke(Pod(name, places, pathlib.Path(directory, name), tools), pathlib.Path(binaries, f"bff-{name}").resolve())
            except Wrong as wrong:
                print(f"smoke: {name}: {wrong}", file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
