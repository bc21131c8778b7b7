"""Who reaches whom, by the NetworkPolicies as data. Each rule yields what is wrong."""

# Where an egress rule may lead besides the BFF's own services, and what in the configuration needs it.
NEEDS = {
    ("kube-system", "k8s-app", "kube-dns"): lambda config: True,
    ("observability", "app.kubernetes.io/name", "opentelemetry-collector"):
        lambda config: "otlp_endpoint" in config.get("traces", {}),
    ("identity", "app.kubernetes.io/name", "identity-provider"):
        lambda config: "session" in config
        or any("url" in issuer["keys"] for issuer in config.get("issuers", {}).values())
        or any("token_url" in each for each in config.get("credentials", {}).values()),
    ("redis", "app.kubernetes.io/name", "redis"):
        lambda config: any("redis" in config.get(table, {}) for table in ("cache", "session"))
        or "shared" in config.get("limits", {}),
}
SERVICES = "services"


def selects(selector, labels):
    """Whether a label selector matches (all of `matchLabels`, all of `matchExpressions`)."""
    if any(labels.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    tests = {
        "In": lambda key, values: labels.get(key) in values,
        "NotIn": lambda key, values: labels.get(key) not in values,
        "Exists": lambda key, _: key in labels,
        "DoesNotExist": lambda key, _: key not in labels,
    }
    return all(
        tests[each["operator"]](each["key"], each.get("values"))
        for each in selector.get("matchExpressions", [])
    )


def admits(peer, pod, namespace, own_namespace):
    """Whether a peer of a policy includes a pod with these labels in this namespace. An address block may be anybody's."""
    if "ipBlock" in peer:
        return True
    if "namespaceSelector" in peer:
        is_there = selects(peer["namespaceSelector"], {"kubernetes.io/metadata.name": namespace})
    else:
        is_there = namespace == own_namespace
    return is_there and selects(peer.get("podSelector", {}), pod)


def side(overlay, direction, other):
    """Whether the policies of one BFF let it speak with a pod of another in a direction, whatever the port."""
    peers = {"ingress": "from", "egress": "to"}[direction]
    own, there = (each.one("Deployment")["metadata"]["namespace"] for each in (overlay, other))
    policies = [
        each["spec"]
        for each in overlay.of("NetworkPolicy")
        if selects(each["spec"]["podSelector"], overlay.pod["metadata"]["labels"])
        and direction.capitalize() in each["spec"]["policyTypes"]
    ]
    if not policies:
        return True
    labels = other.pod["metadata"]["labels"]
    rules = [rule for policy in policies for rule in policy.get(direction, [])]
    # A rule without peers is for everybody.
    return any(
        not rule.get(peers) or any(admits(peer, labels, there, own) for peer in rule[peers])
        for rule in rules
    )


def apart(all_overlays):
    """No BFF reaches a BFF: neither side allows it."""
    for one in all_overlays:
        for other in all_overlays:
            if one.environment == other.environment and one.name != other.name:
                for direction in ("egress", "ingress"):
                    if side(one, direction, other):
                        yield f"{one.name}: its {direction} policy lets it speak with {other.name}"


def named(peer):
    """A peer as (namespace, label, names); `None` for what names nobody."""
    namespace = peer.get("namespaceSelector", {}).get("matchLabels", {})
    expressions = peer.get("podSelector", {}).get("matchExpressions", [])
    if list(namespace) != ["kubernetes.io/metadata.name"] or len(expressions) != 1:
        return None
    (only,) = expressions
    if only["operator"] != "In" or peer["podSelector"].get("matchLabels"):
        return None
    return namespace["kubernetes.io/metadata.name"], only["key"], only["values"]


def policy_of(overlay):
    """The policy of the BFF itself."""
    mine = [each for each in overlay.of("NetworkPolicy") if each["spec"]["podSelector"]]
    return mine[0]["spec"] if len(mine) == 1 else {"egress": [], "ingress": []}


def egress(overlay):
    """Each way out is needed by the configuration, and each need has its way."""
    config, found = overlay.config, {}
    for rule in policy_of(overlay)["egress"]:
        if not rule.get("ports") or not rule.get("to"):
            yield f"{overlay.name}: an egress rule without peers or ports lets everything out"
        for peer in rule.get("to", []):
            if (name := named(peer)) is None:
                yield f"{overlay.name}: egress to {peer}, which names nobody"
            else:
                found.setdefault(name[:2], []).extend(name[2])
    services = found.pop((SERVICES, "app.kubernetes.io/name"), [])
    for name in set(services) ^ set(config["services"]):
        yield f"{overlay.name}: {name} is in only one of the NetworkPolicy and [services.*]"
    for (namespace, label, name), is_needed in NEEDS.items():
        is_open = name in found.get((namespace, label), [])
        if is_open != is_needed(config):
            yield f"{overlay.name} in {overlay.environment}: {name} is {'open' if is_open else 'closed'}, and should not be"
    known = {each[:2]: each[2] for each in NEEDS}
    for place, names in found.items():
        if names != [known.get(place)]:
            yield f"{overlay.name}: egress to {place} {names}, which nothing needs"


def ingress(overlay):
    """Only the gateway comes to the public port, the scraper to the admin port, services to that of keys, if there is one."""
    open_ports = {}
    for rule in policy_of(overlay)["ingress"]:
        ports = [each.get("port") for each in rule.get("ports", [])] or ["any"]
        for port in ports:
            open_ports.setdefault(port, []).extend(rule.get("from", ["anybody"]))
    wanted = {"http": "gateway", "keys": SERVICES} if overlay.serves_keys else {"http": "gateway"}
    if set(open_ports) != {"admin", *wanted}:
        yield f"{overlay.name}: ingress on {sorted(map(str, open_ports))}"
    for port, namespace in wanted.items():
        peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}
        if open_ports.get(port) != [peer]:
            yield f"{overlay.name}: the port `{port}` is open to {open_ports.get(port)}"
    scrapers = [each != "anybody" and named(each) for each in open_ports.get("admin", [])]
    if scrapers != [("observability", "app.kubernetes.io/name", ["prometheus"])]:
        yield f"{overlay.name}: the admin port is open to {open_ports.get('admin')}"


def default_deny(overlay):
    """Whatever else comes to the namespace is closed in until a policy opens it."""
    closed = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    if closed not in [each["spec"] for each in overlay.of("NetworkPolicy")]:
        yield f"{overlay.name}: no policy closes the namespace"
