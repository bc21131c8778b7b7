"""Each rule refuses a made-up violation: the real manifests, with one thing wrong."""

import copy
import unittest
import unittest.mock

import check
from manifests import Overlay, build, overlays

OVERLAYS, ROUTES = overlays(), build("deploy/gateway")


def pod(overlay):
    return overlay.pod["spec"]


def policy(overlay):
    return next(each for each in overlay.of("NetworkPolicy") if each["spec"]["podSelector"])["spec"]


def peer(namespace, name, port):
    return {
        "to": [{
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "podSelector": {"matchExpressions": [
                {"key": "app.kubernetes.io/name", "operator": "In", "values": [name]}]},
        }],
        "ports": [{"protocol": "TCP", "port": port}],
    }


def scaler(overlay):
    return overlay.one("HorizontalPodAutoscaler")["spec"]


def put(place, key, value):
    place[key] = value


PROXIES = '[server]\ntrusted_proxies = ["10.0.0.0/8"]'

# What is changed in the web BFF in production, and a part of what is said about it.
CHANGES = [
    (lambda web: put(web.one("Deployment")["spec"], "replica", 3), "Additional properties"),
    (lambda web: put(web.one("Service")["spec"]["ports"][0], "port", "eighty"), "Service"),
    (lambda web: policy(web)["egress"].append(peer("mobile-bff", "mobile-bff", 8081)), "egress policy lets it speak with mobile"),
    (lambda web: policy(web)["egress"].append({"ports": [{"port": 443}]}), "egress policy lets it speak with partner"),
    (lambda web: policy(web)["egress"][0]["to"].append({"ipBlock": {"cidr": "10.0.0.0/8"}}), "speak with mobile"),
    (lambda web: policy(web)["ingress"][0]["from"].append({"namespaceSelector": {}}), "ingress policy lets it speak with mobile"),
    (lambda web: policy(web)["egress"].append(peer("services", "ledger", 8080)), "ledger is in only one"),
    (lambda web: policy(web)["egress"].append(peer("databases", "postgres", 5432)), "which nothing needs"),
    (lambda web: put(policy(web), "egress", [r for r in policy(web)["egress"] if r["ports"][0]["port"] != 6379]), "redis is closed"),
    (lambda web: put(policy(web)["ingress"][0]["ports"][0], "port", "admin"), "ingress on"),
    (lambda web: put(policy(web)["ingress"][2], "from", [{"namespaceSelector": {}}]), "port `keys` is open to"),
    (lambda web: put(policy(web)["ingress"][2]["ports"][0], "port", "admin"), "ingress on"),
    (lambda web: web.one("Service")["spec"]["ports"].pop(), "other ports"),
    (lambda web: web.objects.remove(next(n for n in web.of("NetworkPolicy") if not n["spec"]["podSelector"])), "no policy closes"),
    (lambda web: put(policy(web)["podSelector"]["matchLabels"], "app.kubernetes.io/name", "webb"), "does not select its pods"),
    (lambda web: web.one("PodDisruptionBudget")["spec"]["selector"]["matchLabels"].pop("app.kubernetes.io/name"), "selects pods of mobile"),
    (lambda web: put(web.container["ports"][0], "containerPort", 8080), "container ports"),
    (lambda web: put(web.one("Service")["spec"]["ports"][0], "targetPort", "admin"), "other ports"),
    (lambda web: put(web.container["livenessProbe"]["httpGet"], "path", "/readyz"), "liveness asks"),
    (lambda web: put(pod(web), "terminationGracePeriodSeconds", 30), "grace period"),
    (lambda web: put(web.one("Deployment")["spec"]["strategy"]["rollingUpdate"], "maxUnavailable", 1), "take capacity"),
    (lambda web: put(web.container["securityContext"], "readOnlyRootFilesystem", False), "not restricted"),
    (lambda web: put(web.container["securityContext"]["capabilities"], "drop", ["NET_RAW"]), "not restricted"),
    (lambda web: put(pod(web), "automountServiceAccountToken", True), "token of the cluster"),
    (lambda web: pod(web)["volumes"].append({"name": "tmp", "emptyDir": {}}), "place to write"),
    (lambda web: put(scaler(web)["metrics"][1]["pods"]["metric"], "name", "bff_inflight"), "which no BFF has"),
    (lambda web: put(scaler(web), "minReplicas", 1), "one instance in production"),
    (lambda web: put(web.one("ConfigMap")["data"], "prod.toml", '[issuers.main]\nkeys = { url = "https://a" }\n'), "common store of sessions"),
    (lambda web: put(web.one("ConfigMap")["data"], "prod.toml", '[cache.redis]\npassword = "x"\n'), "`password` in a ConfigMap"),
    (lambda web: put(web.one("ConfigMap")["data"], "prod.toml", '[session]\nkeys_file = "/run/secrets/bff/nowhere"\n'), "secret `nowhere`"),
    (lambda web: put(web.one("ConfigMap")["data"], "prod.toml", '[limits]\nper_surface = { requests = 1, per = "1s" }\n'), "count together"),
    (lambda web: put(web.one("ConfigMap")["data"], "prod.toml", f'{PROXIES}\n'), "believes `` about the client"),
    (lambda web: put(web.one("ConfigMap")["data"], "prod.toml", f'{PROXIES}\nforwarding_header = "forwarded"\n'), "believes `forwarded`"),
    (lambda web: put(web.one("ConfigMap")["data"], "prod.toml", f'{PROXIES}\nforwarding_header = "x-real-ip"\n'), "believes `x-real-ip`"),
    (lambda web: put(web.one("ConfigMap")["data"], "prod.toml", f'{PROXIES}\n'), "believes a deadline"),
    (lambda web: put(web.container["env"][-1], "value", "x"), "with its value"),
    (lambda web: put(web.container, "image", "registry.example/web-bff:latest"), "image"),
    (lambda web: put(web.container, "image", "registry.example/mobile-bff:0.1.0"), "image"),
]

# The same for the mobile BFF's route.
ROUTE_CHANGES = [
    (lambda route: put(route["spec"]["rules"][0], "filter", []), "Additional properties"),
    (lambda route: route["spec"]["rules"][0]["filters"][0]["requestHeaderModifier"]["remove"].remove("x-user-id"), "lets `x-user-id` in"),
    (lambda route: put(route["spec"]["rules"][0]["backendRefs"][0], "port", 9081), "no BFF has the Service"),
    (lambda route: put(route["spec"]["rules"][0]["backendRefs"][0], "port", 8070), "no BFF has the Service"),
    (lambda route: route["spec"]["rules"][0]["filters"][0]["requestHeaderModifier"]["remove"].append("X-Bff-Hop"), "hides from a BFF"),
    (lambda route: put(route["spec"]["rules"][0]["matches"][0]["path"], "value", "/web"), "leads to"),
    (lambda route: put(route["spec"]["rules"][0]["matches"][0]["path"], "value", "/m"), "no route for /mobile"),
]


# A Containerfile without its waiver.
UNWAIVED = "FROM base:1.0.0\nUSER 65532\n"


class Rules(unittest.TestCase):
    def test_the_manifests_are_good(self):
        self.assertEqual(list(check.violations(OVERLAYS, ROUTES)), [])

    def test_each_change_of_an_overlay_is_refused(self):
        for change, part in CHANGES:
            changed = [Overlay(each.name, each.environment, copy.deepcopy(each.objects)) for each in OVERLAYS]
            change(next(each for each in changed if (each.name, each.environment) == ("web", "prod")))
            said = "\n".join(check.violations(changed, ROUTES))
            self.assertIn(part, said)

    def test_each_change_of_a_route_is_refused(self):
        for change, part in ROUTE_CHANGES:
            changed = copy.deepcopy(ROUTES)
            change(next(each for each in changed if each["metadata"]["name"] == "mobile-bff"))
            said = "\n".join(check.violations(OVERLAYS, changed))
            self.assertIn(part, said)

    def test_the_scanner_scans(self):
        changed = Overlay("web", "prod", copy.deepcopy(OVERLAYS[0].objects))
        changed.container["securityContext"]["privileged"] = True
        self.assertIn("CKV_K8S_16", "\n".join(check.checkov([changed])))

    def test_waivers_are_needed(self):
        """What is waived would be found: the scanner reads manifests and Containerfiles."""
        with unittest.mock.patch("pathlib.Path.read_text", lambda _: UNWAIVED):
            said = "\n".join(check.checkov([OVERLAYS[0]]))
        self.assertIn("CKV_DOCKER_2", said)


if __name__ == "__main__":
    unittest.main()
