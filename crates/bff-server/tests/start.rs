//! What cannot work is refused before a port opens, with a text that names the place and says what to do.

use bff_core::{Auth, Bff, prelude::*};
use bff_server::{Server, Settings};
use std::net::TcpListener;

enum Product {}

impl Kind for Product {
    type Scope = Shared;
    const PARAMETER: &'static str = "id";
}

enum Sku {}

impl Kind for Sku {
    type Scope = Shared;
    const PARAMETER: &'static str = "sku";
}

#[derive(View)]
struct Title {
    title: String,
}

#[derive(View)]
struct Greedy {
    meta: String,
}

async fn title(_: &Cx) -> Result<Title> {
    std::future::ready(Ok(Title { title: "t".to_owned() })).await
}

async fn product(cx: &Cx, _id: Id<Product>) -> Result<Title> {
    title(cx).await
}

async fn sku(cx: &Cx, _sku: Id<Sku>) -> Result<Title> {
    title(cx).await
}

async fn two_products(cx: &Cx, _one: Id<Product>, _other: Id<Product>) -> Result<Title> {
    title(cx).await
}

async fn personal(cx: &Cx, _me: User) -> Result<Title> {
    title(cx).await
}

async fn greedy(_: &Cx) -> Result<Greedy> {
    std::future::ready(Ok(Greedy { meta: "m".to_owned() })).await
}

const AUTH: &str = r#"
    [issuers.main]
    issuer = "https://issuer.test"
    audience = "test-bff"
    algorithms = ["RS256"]
    keys = { url = "https://issuer.test/keys" }
"#;

const API_KEYS: &str = r#"
    [api_keys]
    file = "no/such/keys.toml"
"#;

/// Starts on ports that are taken, so that a mistake that is found only after a port was opened is hidden by the port.
fn error_of(auth: Auth, endpoints: Vec<Endpoint>, server: &str, rest: &str) -> String {
    let held = TcpListener::bind("127.0.0.1:0").and_then(|port| Ok((port.local_addr()?, port)));
    let Ok((taken, _port)) = held else { unreachable!("no free port: {held:?}") };
    let text =
        format!("[server]\nlisten = '{taken}'\n{server}\n[admin]\nlisten = '{taken}'\n{rest}");
    let settings: Result<Settings, _> = toml::from_str(&text);
    let settings = settings.unwrap_or_else(|error| unreachable!("{text}: {error}"));
    let bff = Bff { name: "test", version: "1.0.0", auth, endpoints };
    Server::bind(&bff, &settings).err().map(|error| error.to_string()).unwrap_or_default()
}

/// Every part has to be in the error.
fn check(what: &str, error: &str, parts: &[&str]) {
    for part in parts {
        assert!(error.contains(part), "{what}: `{part}` is not in `{error}`");
    }
}

#[test]
fn a_taken_port_is_named_with_its_key() {
    let endpoints = vec![get("/test/v1/title").to(title)];
    let error = error_of(Auth::Open, endpoints, "", "");
    check("taken", &error, &["server.listen", "127.0.0.1:", "another process"]);

    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = port.local_addr().unwrap();
    let text = format!("server.listen = '127.0.0.1:0'\nadmin.listen = '{taken}'");
    let bff = Bff { name: "test", version: "1.0.0", auth: Auth::Open, endpoints: vec![] };
    let error = Server::bind(&bff, &toml::from_str(&text).unwrap()).unwrap_err().to_string();
    check("admin", &error, &["admin.listen", &taken.to_string()]);
}

#[test]
fn an_endpoint_that_cannot_work_is_refused() {
    let route = "/test/v1/products";
    let with_id = "/test/v1/products/{id}";
    let cases = [
        ("no {id}", vec![get(route).to(product)], [route, "`{id}`"]),
        ("other name", vec![get("/test/v1/{name}").to(product)], ["/test/v1/{name}", "`{id}`"]),
        (
            "unread",
            vec![get(with_id).to(title)],
            [with_id, "no argument of the handler reads `{id}`"],
        ),
        ("read twice", vec![get(with_id).to(two_products)], [with_id, "two arguments"]),
        ("anonymous", vec![get(route).to(personal)], [route, "one user"]),
        ("meta", vec![get(route).to(greedy)], [route, "`meta`"]),
        (
            "doubled",
            vec![get(route).to(title), get(route).to(title)],
            [route, "two with this method"],
        ),
        (
            "two names of one place",
            vec![get(with_id).to(product), get("/test/v1/products/{sku}").to(sku)],
            ["/test/v1/products/{sku}", "conflict"],
        ),
        ("broken", vec![get("/test/v1/{id").to(title)], ["/test/v1/{id", "arameter"]),
    ];
    for (what, endpoints, parts) in cases {
        let error = error_of(Auth::Open, endpoints, "", "");
        check(what, &error, &parts);
        assert!(error.starts_with("endpoint /"), "{what}: {error}");
    }
}

#[test]
fn a_service_that_must_not_or_cannot_be_called_is_refused() {
    let url = |url: &str| format!("[services.orders]\nurl = \"{url}\"");
    let orders = |line: &str| format!("[services.orders]\nurl = \"http://orders\"\n{line}");
    let own = "a BFF never calls a BFF";
    let cases = [
        (
            "named",
            "[services.web-bff]\nurl = \"http://web\"".to_owned(),
            ["services.web-bff.url", own],
        ),
        ("hosted", url("http://mobile-bff"), ["services.orders.url", own]),
        ("hosted with port", url("http://mobile-bff:8081/x"), ["services.orders.url", own]),
        (
            "in a namespace",
            url("http://web-bff.shop.svc.cluster.local"),
            ["services.orders.url", own],
        ),
        ("as a package", url("https://bff-partner"), ["services.orders.url", own]),
        ("upper case", url("http://Mobile-BFF"), ["services.orders.url", own]),
        ("scheme", url("ftp://orders"), ["services.orders.url", "http://host"]),
        ("no host", url("unix:/run/orders"), ["services.orders.url", "http://host"]),
        ("password", url("http://me:hunter2@orders"), ["services.orders.url", "[credentials]"]),
        ("query", url("http://orders?a=1"), ["services.orders.url", "query"]),
        ("timeout", orders("timeout = \"0s\""), ["services.orders.timeout", "zero"]),
        (
            "connect",
            orders("connect_timeout = \"0ms\""),
            ["services.orders.connect_timeout", "zero"],
        ),
        ("body", orders("body_limit_bytes = 0"), ["services.orders.body_limit_bytes", "zero"]),
        ("useless ca", orders("ca_file = \"ca.pem\""), ["services.orders.ca_file", "http://"]),
        (
            "no such ca",
            "[services.orders]\nurl = \"https://orders\"\nca_file = \"no/such/ca.pem\"".to_owned(),
            ["services.orders.ca_file", "no/such/ca.pem"],
        ),
        ("no such credential", orders("credential = \"gone\""), ["services.orders.credential", "gone"]),
        (
            "signed without a key",
            orders("identity = \"signed\""),
            ["services.orders.identity", "[internal_tokens]"],
        ),
        (
            "secret",
            "[credentials.orders]\nkind = \"static_key\"\nheader = \"x-key\"\nsecret = \"hunter2\\n\""
                .to_owned(),
            ["credentials.orders.secret", "no header can carry"],
        ),
        (
            "no such key",
            "[internal_tokens]\nkey_file = \"no/such/key.pem\"".to_owned(),
            ["internal_tokens.key_file", "no/such/key.pem"],
        ),
        (
            "useless certificate",
            orders("client_certificate_file = \"c.pem\""),
            ["services.orders.client_certificate_file", "http://"],
        ),
        (
            "half a certificate",
            "[services.orders]\nurl = \"https://orders\"\nclient_certificate_file = \"c.pem\""
                .to_owned(),
            ["services.orders.client_key_file", "missing"],
        ),
        (
            "no such certificate",
            "[services.orders]\nurl = \"https://orders\"\nclient_certificate_file = \"no/such.pem\"\n\
             client_key_file = \"no/such.key\""
                .to_owned(),
            ["services.orders.client_certificate_file", "no/such.pem"],
        ),
    ];
    for (what, rest, parts) in cases {
        let error = error_of(Auth::Open, vec![], "", &rest);
        check(what, &error, &parts);
        assert!(!error.contains("hunter2"), "{what}: {error}");
    }
}

#[test]
fn identity_is_configured_where_it_is_asked_for_and_nowhere_else() {
    let no_file =
        AUTH.replace("url = \"https://issuer.test/keys\"", "file = \"no/such/keys.json\"");
    let twice = format!("{AUTH}{}", AUTH.replace("main", "other"));
    let cases = [
        ("missing", Auth::Bearer, "", ["issuers:", "missing"]),
        ("needless", Auth::Open, AUTH, ["issuers:", "takes no bearer tokens"]),
        ("keys", Auth::Bearer, &no_file, ["issuers.main.keys.file", "no/such/keys.json"]),
        (
            "audience",
            Auth::Bearer,
            &AUTH.replace("test-bff", ""),
            ["issuers.main.audience", "empty"],
        ),
        ("two of one", Auth::Bearer, &twice, ["issuers.other.issuer", "`issuers.main`"]),
        ("keys or no tokens", Auth::BearerOrApiKey, API_KEYS, ["issuers:", "missing"]),
        (
            "needless keys",
            Auth::Bearer,
            &format!("{AUTH}{API_KEYS}"),
            ["api_keys:", "takes no API keys"],
        ),
        (
            "no such keys",
            Auth::BearerOrApiKey,
            &format!("{AUTH}{API_KEYS}"),
            ["api_keys.file:", "no/such/keys.toml"],
        ),
    ];
    for (what, auth, rest, parts) in cases {
        let error = error_of(auth, vec![], "", rest);
        check(what, &error, &parts);
        let [key, _] = parts;
        assert!(error.starts_with(&format!("configuration: {key}")), "{what}: {error}");
    }
}

#[test]
fn sessions_that_would_not_be_safe_are_refused() {
    let good = r#"
        issuer = "https://id.example"
        client_id = "web-bff"
        client_secret = "hunter2"
        public_url = "https://shop.example"
    "#;
    let change = |from: &str, to: &str| format!("[session]\n{}", good.replace(from, to));
    let add = |line: &str| format!("[session]\n{good}\n{line}");
    let (public, issuer) = ("https://shop.example", "https://id.example");
    let cases = [
        ("missing", String::new(), ["session", "missing"]),
        ("plain", change(public, "http://shop.example"), ["session.public_url", "https://"]),
        ("path", change(public, "https://shop.example/web"), ["session.public_url", "origin"]),
        ("issuer", change(issuer, "http://id.example"), ["session.issuer", "https://"]),
        ("no url", change(issuer, "id.example"), ["session.issuer", "https://"]),
        (
            "public client",
            change("client_secret", "# "),
            ["session.client_secret_file", "confidential"],
        ),
        (
            "no file",
            change("client_secret = \"hunter2\"", "client_secret_file = \"no/such\""),
            ["session.client_secret_file", "no/such"],
        ),
        ("cookie", add("cookie = \"session\""), ["session.cookie", "__Host-"]),
        (
            "domain",
            add("cookie = \"__Host-a; Domain=shop.example\""),
            ["session.cookie", "letters"],
        ),
        ("scopes", add("scopes = [\"profile\"]"), ["session.scopes", "openid"]),
        ("idle", add("idle = \"10s\""), ["session.idle", "1m"]),
        ("order", add("idle = \"9h\""), ["session.absolute", "session.idle"]),
        (
            "keys",
            add("redis = { url = \"redis://127.0.0.1:1\" }"),
            ["session.keys_file", "openssl rand"],
        ),
        ("no keys", add("keys_file = \"no/such\""), ["session.keys_file", "no/such"]),
        (
            "redis",
            add("keys_file = \"x\"\nredis = { url = \"http://redis\" }"),
            ["session.redis.url", ""],
        ),
    ];
    for (what, rest, parts) in cases {
        let error = error_of(Auth::Session, vec![], "", &rest);
        check(what, &error, &parts);
        assert!(!error.contains("hunter2"), "{what}: {error}");
    }
    let elsewhere = error_of(Auth::Open, vec![], "", &format!("[session]\n{good}"));
    check("elsewhere", &elsewhere, &["session", "keeps no sessions"]);
}

#[test]
fn limits_of_nothing_and_names_from_nobody_are_refused() {
    let quota = "{ requests = 1, per = \"1s\" }";
    let class =
        error_of(Auth::Open, vec![], "", &format!("[limits]\nclasses = {{ serach = {quota} }}"));
    check("class", &class, &["limits.classes.serach", "rate_class"]);
    let zero = quota.replace('1', "0");
    let zero = error_of(Auth::Open, vec![], "", &format!("[limits]\nper_principal = {zero}"));
    check("zero", &zero, &["limits.per_principal", "zero"]);
    let gateway = "[gateway_identity]\nsubject_header = \"x-user\"";
    let alone = error_of(Auth::Bearer, vec![], "", &format!("{gateway}\n{AUTH}"));
    check("no peers", &alone, &["gateway_identity", "server.trusted_proxies"]);
    let open = error_of(Auth::Open, vec![], "trusted_proxies = [\"10.0.0.0/8\"]", gateway);
    check("open", &open, &["gateway_identity", "no bearer tokens"]);
}

#[test]
fn c13_trust_that_nobody_means_is_refused() {
    let proxies = "trusted_proxies = [\"10.0.0.0/8\"]";
    for (server, gateway, parts) in [
        ("trusted_proxies = [\"0.0.0.0/0\"]", "", ["server.trusted_proxies", "everybody"]),
        (
            "trusted_proxies = [\"10.0.0.0/8\", \"::/0\"]",
            "",
            ["server.trusted_proxies", "everybody"],
        ),
        ("deadline_from = [\"0.0.0.0/0\"]", "", ["server.deadline_from", "everybody"]),
        ("forwarding_header = \"forwarded\"", "", ["forwarding_header", "server.trusted_proxies"]),
        (
            "forwarding_header = \"x-forwarded-for\"",
            "",
            ["forwarding_header", "server.trusted_proxies"],
        ),
        (
            proxies,
            "subject_header = \"x user\"",
            ["gateway_identity.subject_header", "name of a header"],
        ),
        (proxies, "subject_header = \"\"", ["gateway_identity.subject_header", "name of a header"]),
        (
            proxies,
            "subject_header = \"x-user\"\nscopes_header = \"x:y\"",
            ["gateway_identity.scopes_header", "name"],
        ),
        (
            proxies,
            "subject_header = \"x-user\"\nscopes_header = \"X-User\"",
            ["gateway_identity.scopes_header", "subject"],
        ),
        (proxies, "subject_header = \"x-user\"\nfrom = []", ["gateway_identity", "from"]),
        (
            proxies,
            "subject_header = \"x-user\"\nfrom = [\"::/0\"]",
            ["gateway_identity.from", "everybody"],
        ),
    ] {
        let gateway = match gateway {
            "" => String::new(),
            gateway => format!("[gateway_identity]\n{gateway}"),
        };
        let error = error_of(Auth::Bearer, vec![], server, &format!("{gateway}\n{AUTH}"));
        check(server, &error, &parts);
    }
    let unknown = "[server]\nlisten = '0.0.0.0:1'\nforwarding_header = 'x-real-ip'\n[admin]\nlisten = '0.0.0.0:1'";
    let Err(unknown) = toml::from_str::<Settings>(unknown) else { unreachable!("it is known") };
    check(
        "unknown",
        &unknown.to_string(),
        &["x-real-ip", "`forwarded`", "`x-forwarded-for`", "`none`"],
    );
}

#[test]
fn limits_that_would_refuse_everything_or_nothing_are_refused() {
    let cases = [
        ("workers = 0", "", ["server.workers", "zero"]),
        ("workers = 100000", "", ["server.workers", "1024"]),
        ("", "logs.level = \"loud\"", ["logs.level", "bff_auth=debug"]),
        ("", "logs.level = \"info,bff_auth\"", ["logs.level", "bff_auth=debug"]),
        ("max_connections = 0", "", ["server.max_connections", "zero"]),
        ("max_uri_bytes = 0", "", ["server.max_uri_bytes", "zero"]),
        ("max_header_bytes = 0", "", ["server.max_header_bytes", "zero"]),
        ("max_headers = 0", "", ["server.max_headers", "96"]),
        ("max_headers = 97", "", ["server.max_headers", "96"]),
        ("head_timeout = \"0s\"", "", ["server.head_timeout", "1s"]),
        ("head_timeout = \"200ms\"", "", ["server.head_timeout", "1s"]),
        ("", "traces.sample_ratio = 1.5", ["traces.sample_ratio", "0 to 1"]),
        ("", "traces.sample_ratio = -0.1", ["traces.sample_ratio", "0 to 1"]),
        ("", "traces.sample_ratio = nan", ["traces.sample_ratio", "0 to 1"]),
        ("", "traces.otlp_endpoint = \"not a url\"", ["traces.otlp_endpoint", "http://"]),
        ("", "traces.otlp_endpoint = \"https://a/v1/traces\"", ["traces.otlp_endpoint", "http://"]),
        ("", "metrics.otlp_endpoint = \"a:4318\"", ["metrics.otlp_endpoint", "http://"]),
        ("", "metrics.otlp_interval = \"1ms\"", ["metrics.otlp_interval", "100ms"]),
    ];
    for (server, rest, parts) in cases {
        // A table that stands after `[admin]` has to be one of its own.
        let rest = ["traces", "logs", "metrics"].iter().fold(rest.to_owned(), |rest, table| {
            rest.replacen(&format!("{table}."), &format!("[{table}]\n"), 1)
        });
        let error = error_of(Auth::Open, vec![], server, &rest);
        check(&format!("{server}{rest}"), &error, &parts);
    }
}
