"""The gateway's routes against the BFFs, and against the same routes for nginx. Each rule yields what is wrong."""

import json
import pathlib
import re
import tomllib

import jsonschema

from manifests import BFFS, TOP

SCHEMA = json.loads(pathlib.Path(__file__).with_name("httproute.schema.json").read_text())
# What nobody outside may say. `x-forwarded-*` is the gateway's own to set.
FORBIDDEN = {
    "x-user-id", "x-user-token", "x-service-account", "x-deadline-ms", "x-cache-debug", "forwarded",
}
# By this a BFF refuses a request of another BFF, also one that came through the gateway. Who forges it refuses himself.
HOP = "x-bff-hop"

GATEWAY = TOP / "deploy/gateway"
# What stands in nginx/<bff>.conf and nginx/<bff>.devices.
LOCATION = r"location ~ \^/\(?([\w|-]+?)\)?\(/\|\$\) \{ proxy_pass http://([\w-]+); \}"
DEVICE = r"(\w+)\s+([\w-]+);"


def shape(route):
    """Every field is one of HTTPRoute's."""
    for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(route):
        yield f"{route['metadata']['name']}: {error.json_path}: {error.message[:160]}"


def removed(rule):
    """The request headers that a rule takes away."""
    filters = [each.get("requestHeaderModifier", {}).get("remove", []) for each in rule["filters"]]
    return {name.lower() for names in filters for name in names}


def headers(route):
    """Every rule takes every forged header away, and leaves what ends a loop."""
    for rule in route["spec"]["rules"]:
        for name in sorted(FORBIDDEN - removed(rule)):
            yield f"{route['metadata']['name']}: a rule lets `{name}` in"
        if HOP in removed(rule):
            yield f"{route['metadata']['name']}: a rule hides from a BFF that a BFF calls it"


def backends(route, overlays):
    """Each rule leads to the public port of a BFF in the route's own namespace."""
    services = {
        (each["metadata"]["namespace"], each["metadata"]["name"], port["port"])
        for overlay in overlays
        for each in overlay.of("Service")
        for port in each["spec"]["ports"]
        if port["targetPort"] == "http"
    }
    for rule in route["spec"]["rules"]:
        for each in rule["backendRefs"]:
            if (route["metadata"]["namespace"], each["name"], each["port"]) not in services:
                yield f"{route['metadata']['name']}: no BFF has the Service {each}"


def prefixes(routes, name):
    """The paths of a BFF, after rewriting; a device's path is the rewritten one."""
    for route in routes:
        for rule in route["spec"]["rules"]:
            if rule["backendRefs"][0]["name"] == f"{name}-bff":
                rewrites = [f["urlRewrite"]["path"]["replacePrefixMatch"] for f in rule["filters"] if "urlRewrite" in f]
                for match in rule["matches"]:
                    yield match["path"]["value"], rewrites[0] if rewrites else match["path"]["value"]


def endpoints(routes):
    """Each endpoint has its route, no path leads to two BFFs, and a device's path leads to endpoints."""
    owners = {}
    for name in BFFS:
        files = sorted((TOP / "contracts" / name).glob("v*/*.json"))
        paths = [json.loads(file.read_text())["endpoint"].split(" ")[1] for file in files]
        config = tomllib.loads((TOP / "bffs" / name / "config/base.toml").read_text())
        paths += ["/bff/login", "/bff/callback"] if "session" in config else []
        mine = list(prefixes(routes, name))
        for path in paths:
            if not any(path.startswith(prefix + "/") for asked, prefix in mine if asked == prefix):
                yield f"{name}: no route for {path}"
        for asked, prefix in mine:
            if not any(path.startswith(prefix + "/") for path in paths):
                yield f"{name}: {asked} leads to {prefix}, where nothing is"
            if asked == prefix and owners.setdefault(asked, name) != name:
                yield f"{asked} leads to {name} and {owners[asked]}"


def same_in_nginx(routes):
    """nginx has the same paths, devices and headers, each BFF's in its own files."""
    emptied = {name.lower() for name in re.findall(r'proxy_set_header (\S+) "";', (GATEWAY / "nginx.conf").read_text())}
    ours = set().union(*(removed(rule) for route in routes for rule in route["spec"]["rules"]))
    for name in sorted(ours - emptied):
        yield f"nginx lets `{name}` in"
    if HOP in emptied:
        yield "nginx hides from a BFF that a BFF calls it"
    devices, locations = {}, {}
    for file in sorted((GATEWAY / "nginx").iterdir()):
        pattern = DEVICE if file.suffix == ".devices" else LOCATION
        for line in file.read_text().splitlines():
            found = re.fullmatch(pattern, line)
            if not found or found[2] != file.stem:
                yield f"nginx/{file.name}: not a line of {file.stem}: {line}"
            elif pattern == DEVICE:
                devices[found[1]] = found[2]
            else:
                locations |= {f"/{path}": found[2] for path in found[1].split("|")}
    for name in BFFS:
        for asked, prefix in prefixes(routes, name):
            if asked == prefix and locations.pop(asked, None) != name:
                yield f"nginx does not lead {asked} to {name}"
    for path in locations:
        yield f"nginx has {path}, which no HTTPRoute has"
    by_header = {
        each["value"]: rule["backendRefs"][0]["name"].removesuffix("-bff")
        for route in routes
        for rule in route["spec"]["rules"]
        for match in rule["matches"]
        for each in match.get("headers", [])
    }
    if by_header != devices:
        yield f"devices are {devices} in nginx and {by_header} in the HTTPRoutes"


def trust(overlays, routes):
    """In production a BFF believes the one header that the gateway writes, and none that the gateway takes away."""
    taken = set.intersection(*(removed(rule) for route in routes for rule in route["spec"]["rules"]))
    written = {name.lower() for name in re.findall(r"proxy_set_header (\S+) [^\"]", (GATEWAY / "nginx.conf").read_text())}
    for overlay in overlays:
        server = overlay.config["server"]
        proxies = server.get("trusted_proxies", [])
        if overlay.environment != "prod" or not proxies:
            continue
        header = server.get("forwarding_header", "")
        if header in taken or header not in written:
            yield f"{overlay.name}: believes `{header}` about the client, which the gateway does not write"
        if server.get("deadline_from", proxies) and "x-deadline-ms" in taken:
            yield f"{overlay.name}: believes a deadline that the gateway does not write"
