//! A personal call is kept for its user; a shared one with a policy of its class, and tags.

use bff_core::prelude::*;

const USERS: Service = Service::named("users");
const CATALOG: Service = Service::named("catalog");

enum Product {}

impl Kind for Product {
    type Scope = Shared;
    const PARAMETER: &'static str = "id";
}

#[derive(View)]
struct Page {
    name: String,
    title: String,
}

async fn page(cx: &Cx, me: User, id: Id<Product>) -> Result<Page> {
    let (name, title) = cx
        .gather((
            Critical(USERS.get(("users", &me)).named("profile").kept_for(&me, seconds(5))),
            Critical(
                CATALOG
                    .get(("products", &id))
                    .named("product")
                    .cached(keep::CATALOGUE)
                    .tagged("product", &id),
            ),
        ))
        .await?;
    Ok(Page { name, title })
}

fn main() {
    let _ = get("/page/{id}").to(page);
}
