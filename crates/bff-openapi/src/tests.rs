//! Both documents of a small table with everything that an endpoint can take.

use super::Surface;
use bff_core::{Auth, Bff, prelude::*};
use serde_json::json;

enum Thing {}

impl Kind for Thing {
    type Scope = Shared;
    const PARAMETER: &'static str = "id";
}

/// Two views of one name that a client can tell apart.
mod other {
    use bff_core::prelude::*;

    #[derive(View)]
    pub(super) struct List {
        pub(super) items: Vec<Item>,
        pub(super) next_cursor: Option<Cursor>,
    }

    #[derive(View)]
    pub(super) struct Item {
        pub(super) name: String,
    }
}

#[derive(View)]
#[view(revision = 3)]
struct Page1 {
    item: Item,
    moods: Vec<Mood>,
    note: Option<String>,
    problem: Option<Problems>,
}

/// The name is the envelope's, too.
mod taken {
    use bff_core::prelude::View;

    #[derive(View)]
    pub(super) struct Problem {
        pub(super) text: String,
    }
}

use taken::Problem as Problems;

#[derive(View)]
struct Item {
    id: Id<Thing>,
    price: f64,
    sold: bool,
}

#[derive(View)]
enum Mood {
    Good,
    VeryBad,
}

#[derive(View)]
struct NewItem {
    units: u8,
}

async fn page(_: &Cx, id: Id<Thing>) -> Result<Page1> {
    let item = Item { id, price: 1.0, sold: false };
    Ok(Page1 { item, moods: vec![Mood::Good, Mood::VeryBad], note: None, problem: None })
}

async fn list(_: &Cx, _page: Page) -> Result<other::List> {
    Ok(other::List { items: vec![other::Item { name: String::new() }], next_cursor: None })
}

async fn add(_: &Cx, _me: User, _item: Body<NewItem>, _key: IdempotencyKey) -> Result<Item> {
    Err(Problem::unauthenticated())
}

fn bff(auth: Auth) -> Bff {
    let endpoints = vec![
        get("/test/v2/things/{id}").payload_budget(kilobytes(2)).to(page),
        get("/test/v10/things").to(list),
        post("/test/v2/things").to(add),
    ];
    Bff { name: "test", version: "1.0.0", auth, endpoints }
}

#[test]
fn views_of_one_name_have_two_and_each_is_referred_to_by_its_own() {
    let document = Surface::of(&bff(Auth::Session)).openapi();
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["ListItem"]["required"], json!(["name"]));
    assert_eq!(
        schemas["List"]["properties"]["items"]["items"]["$ref"],
        "#/components/schemas/ListItem"
    );
    assert_eq!(schemas["Page1Item"]["required"], json!(["id", "price", "sold"]));
    let item = &schemas["Page1"]["properties"]["item"];
    assert_eq!(item["$ref"], "#/components/schemas/Page1Item");
    assert_eq!(schemas["Page1"]["required"], json!(["item", "moods"]));
    assert_eq!(schemas["Page1"]["x-revision"], 3);
    assert_eq!(
        schemas["Page1"]["properties"]["moods"]["items"]["enum"],
        json!(["GOOD", "VERY_BAD"])
    );
    assert_eq!(document["info"]["version"], "v10");
}

#[test]
fn an_operation_says_what_it_takes_and_answers() {
    let document = Surface::of(&bff(Auth::Session)).openapi();
    let read = &document["paths"]["/test/v2/things/{id}"]["get"];
    assert_eq!(read["operationId"], "getPage1");
    assert_eq!(read["parameters"][0]["name"], "id");
    assert_eq!((&read["x-audience"], &read["security"]), (&json!("shared"), &json!([])));
    assert_eq!(read["x-payload-budget-bytes"], 2048);
    let version = &read["responses"]["200"]["headers"]["X-Schema-Version"]["schema"]["const"];
    assert_eq!(version, "test.page1/3");
    assert!(read["responses"]["304"].is_object() && read["responses"]["401"].is_null());

    let names = |operation: &serde_json::Value| {
        let all = operation["parameters"].as_array().into_iter().flatten();
        all.map(|parameter| parameter["name"].to_string()).collect::<Vec<_>>().join(" ")
    };
    let list = &document["paths"]["/test/v10/things"]["get"];
    assert_eq!(names(list), r#""limit" "cursor""#);
    assert!(list["x-paged"] == true && read["x-paged"].is_null());
    let write = &document["paths"]["/test/v2/things"]["post"];
    assert_eq!(names(write), r#""Idempotency-Key" "X-CSRF""#);
    let body = &write["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(body["$ref"], "#/components/schemas/NewItem");
    assert_eq!(write["security"], json!([{"session": []}]));
    assert!(write["responses"]["401"].is_object() && write["responses"]["413"].is_object());
    assert!(write["responses"]["304"].is_null());
}

#[test]
fn only_a_bff_with_sessions_has_pages_to_sign_in_and_out() {
    let document = Surface::of(&bff(Auth::Session)).openapi();
    let paths = &document["paths"];
    let login = &paths["/bff/login"]["get"]["responses"];
    assert_eq!(login["303"]["headers"]["Location"]["required"], true);
    assert!(login["200"].is_null() && login["303"]["content"].is_null());
    let user = &paths["/bff/user"]["get"];
    assert_eq!(user["security"], json!([{"session": []}]));
    assert_eq!(user["parameters"][1]["name"], "X-CSRF");
    let form = &paths["/bff/backchannel-logout"]["post"]["requestBody"]["content"];
    assert!(form["application/x-www-form-urlencoded"].is_object());
    for auth in [Auth::Bearer, Auth::BearerOrApiKey, Auth::Open] {
        let document = Surface::of(&bff(auth)).openapi();
        assert!(document["paths"]["/bff/login"].is_null());
    }
}

#[test]
fn every_reference_leads_somewhere() {
    for auth in [Auth::Bearer, Auth::BearerOrApiKey, Auth::Session] {
        let document = Surface::of(&bff(auth)).openapi();
        let text = document.to_string();
        let references: Vec<_> = text.split("\"$ref\":\"#").skip(1).collect();
        assert!(references.len() > 20);
        for rest in references {
            let pointer = rest.split('"').next().unwrap_or_default();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
    }
}

#[test]
fn typescript_has_interfaces_unions_and_optional_members() {
    let text = Surface::of(&bff(Auth::Bearer)).typescript();
    for line in [
        "export interface Page1 {",
        "  item: Page1Item;",
        "  moods: (\"GOOD\" | \"VERY_BAD\")[];",
        "  note?: string;",
        "  problem?: Page1Problem;",
        "  sold: boolean;",
        "export interface ListItem {",
        "    body: NewItem;",
        "    answer: Enveloped<Page1>;",
    ] {
        assert!(text.lines().any(|known| known == line), "{line}\n{text}");
    }
}
