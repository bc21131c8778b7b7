//! A recording fails when a member goes that is needed, and only then; and it says who needs what.

use super::*;
use bff_core::{Auth, prelude::*};
use serde_json::json;

const CATALOG: bff_core::Service = bff_core::Service::named("catalog");
const PRICING: bff_core::Service = bff_core::Service::named("pricing");
const ORDERS: bff_core::Service = bff_core::Service::named("orders");

/// No sample service.
const ROLES: bff_core::Service = bff_core::Service::named("roles");

enum Product {}

impl Kind for Product {
    type Scope = Shared;
    const PARAMETER: &'static str = "id";
}

#[derive(View)]
struct Page {
    product: Facts,
    price: Option<String>,
    orders: Vec<Order>,
}

#[derive(View)]
struct Facts {
    title: String,
    subtitle: Option<String>,
    category: Category,
    images: Vec<Image>,
}

/// All that there are today, and no more.
#[derive(View)]
enum Category {
    Audio,
    Bags,
    Home,
    Kitchen,
    Office,
    Outdoor,
    #[view(other)]
    Unknown,
}

#[derive(View)]
enum Role {
    Hero,
}

#[derive(View)]
struct Image {
    url: String,
    role: Option<String>,
}

#[derive(View)]
struct Order {
    order_id: String,
}

async fn page(cx: &Cx, me: User, id: Id<Product>) -> Result<Page> {
    let (product, price, orders) = cx
        .gather((
            Critical(CATALOG.get(("products", &id)).named("product")),
            Omittable(PRICING.get(("prices", &id)).at("priceFormatted").named("price")),
            Critical(ORDERS.get(("users", &me, "orders")).at("orders").named("orders")),
        ))
        .await?;
    Ok(Page { product, price, orders })
}

/// Knows one word only.
#[derive(View)]
struct Closed {
    role: Role,
}

async fn closed(cx: &Cx, id: Id<Product>) -> Result<Closed> {
    cx.gather(Critical(ROLES.get(("roles", &id)).named("role"))).await
}

/// Reads nothing that has a member more than this.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Strict {
    role: String,
}

#[derive(View)]
struct Named {
    role: String,
}

async fn strict(cx: &Cx, id: Id<Product>) -> Result<Named> {
    let Strict { role } =
        cx.gather(Critical(ROLES.get(("roles", &id)).named::<Strict>("role"))).await?;
    Ok(Named { role })
}

fn bff(endpoint: Endpoint) -> Bff {
    Bff { name: "test", version: "0.0.0", auth: Auth::Bearer, endpoints: vec![endpoint] }
}

fn pages() -> Bff {
    bff(get("/test/v1/pages/{id}").to(page))
}

/// A directory of the test's own, which goes with it.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let name = format!("bff-upstream-{}-{name}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    /// With the recordings of the page in it.
    fn recorded(name: &str) -> Self {
        let directory = Self::new(name);
        check(&pages(), &directory.0, true).unwrap();
        check(&pages(), &directory.0, false).unwrap();
        directory
    }

    fn path(&self, service: &str, call: &str) -> PathBuf {
        path_of(&folder_of(&pages(), &self.0), service, call)
    }

    fn read(&self, service: &str, call: &str) -> Value {
        serde_json::from_slice(&fs::read(self.path(service, call)).unwrap()).unwrap()
    }

    /// Checks after a change in a file.
    fn check_with(&self, (service, call): (&str, &str), change: impl FnOnce(&mut Value)) -> String {
        let mut file = self.read(service, call);
        let before = file.to_string();
        change(&mut file);
        fs::write(self.path(service, call), file.to_string()).unwrap();
        let said = check(&pages(), &self.0, false).err().unwrap_or_default();
        fs::write(self.path(service, call), before).unwrap();
        said
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_member_that_is_needed_is_missed_by_service_call_and_name() {
    let directory = Directory::recorded("needed");
    for (service, call, place, member) in [
        ("catalog", "product", "/answers/0/body", "title"),
        ("catalog", "product", "/answers/0/body/images/0", "url"),
        ("pricing", "price", "/answers/0/body", "priceFormatted"),
    ] {
        let said = directory.check_with((service, call), |file| {
            file.pointer_mut(place).unwrap().as_object_mut().unwrap().remove(member).unwrap();
        });
        let wanted = format!("missing field `{member}`");
        assert!(said.contains(&format!("what {service} answers to its call `{call}`")), "{said}");
        assert!(said.contains("GET /test/v1/pages/p-1") && said.contains(&wanted), "{said}");
        assert!(said.lines().all(|line| line.contains(call)), "no other call is blamed: {said}");
    }
}

#[test]
fn members_that_are_added_or_that_nobody_reads_make_no_difference() {
    let directory = Directory::recorded("added");
    let said = directory.check_with(("catalog", "product"), |file| {
        let body = file.pointer_mut("/answers/0/body").unwrap().as_object_mut().unwrap();
        assert!(body.remove("supplier").is_some());
        body.insert("addedYesterday".to_owned(), json!({ "deep": [1] }));
    });
    assert_eq!(said, "");
}

#[test]
fn a_file_says_what_is_read_of_all_its_answers() {
    let directory = Directory::recorded("reads");
    assert_eq!(
        directory.read("catalog", "product")["reads"],
        json!({ "title": "text", "category": "text", "images": [{ "url": "text", "role?": "text" }] })
    );
    assert_eq!(
        directory.read("orders", "orders")["reads"],
        json!({ "orders": [{ "orderId": "text" }] })
    );
    let orders = directory.read("orders", "orders");
    let bodies = orders["answers"].as_array().unwrap().iter().map(|a| &a["body"]["orders"]);
    let lengths: Vec<_> = bodies.filter_map(Value::as_array).map(Vec::len).collect();
    assert_eq!(lengths, [1, 0], "one with an order of each kind, and one without any");
    let said = directory.check_with(("catalog", "product"), |file| {
        file["answers"][0]["body"]["subtitle"] = "new".into();
    });
    assert!(said.contains("reads other members") && said.contains("make contracts"), "{said}");
}

#[test]
fn what_is_not_recorded_or_not_asked_for_is_named() {
    let directory = Directory::recorded("missing");
    let price = directory.path("pricing", "price");
    let elsewhere = directory.path("pricing", "former");
    fs::rename(&price, &elsewhere).unwrap();
    let said = check(&pages(), &directory.0, false).unwrap_err();
    assert!(said.contains("no answer of pricing to its call `price` is recorded"), "{said}");
    assert!(said.contains("`former`") && said.contains("leads to no such call"), "{said}");
}

/// A recording of a service that is no sample.
fn by_hand(directory: &Directory, body: &Value) {
    let client = json!({ "request": "GET /test/v1/roles/p-1", "user": "u-1" });
    let recorded = json!({
        "client": client, "request": "GET /roles/p-1", "status": 200,
        "contentType": "application/json", "body": body,
    });
    let path = directory.path("roles", "role");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, json!({ "reads": null, "answers": [recorded] }).to_string()).unwrap();
}

#[test]
fn an_answer_written_by_hand_stays_and_closed_words_are_said() {
    let directory = Directory::new("closed");
    let closed = bff(get("/test/v1/roles/{id}").to(closed));
    let said = check(&closed, &directory.0, true).unwrap_err();
    assert!(said.contains("no answer of roles to its call `role` is recorded"), "{said}");
    let body = json!({ "role": "HERO", "more": 1 });
    by_hand(&directory, &body);
    assert!(check(&closed, &directory.0, false).unwrap_err().contains("reads other members"));
    check(&closed, &directory.0, true).unwrap();
    let file = directory.read("roles", "role");
    assert_eq!(file["reads"], json!({ "role": "text, but only words known today" }));
    assert_eq!(file["answers"][0]["body"], body);
}

#[test]
fn a_call_that_a_new_member_would_break_is_refused() {
    let directory = Directory::new("strict");
    by_hand(&directory, &json!({ "role": "HERO" }));
    let said = check(&bff(get("/test/v1/roles/{id}").to(strict)), &directory.0, true).unwrap_err();
    assert!(said.contains("`role`") && said.contains("when members are added"), "{said}");
}
