//! A handler takes the context and up to four arguments that a request brings along.

use bff_core::prelude::*;

#[derive(View)]
struct Titles {
    titles: Vec<String>,
}

enum Shelf {}

impl Kind for Shelf {
    type Scope = Shared;
    const PARAMETER: &'static str = "id";
}

async fn all(_: &Cx) -> Result<Titles> {
    Ok(Titles { titles: vec![] })
}

async fn of_shelf(cx: &Cx, _: Id<Shelf>) -> Result<Titles> {
    all(cx).await
}

async fn of_page(cx: &Cx, _: Id<Shelf>, _: Page) -> Result<Titles> {
    all(cx).await
}

async fn of_user(cx: &Cx, _: User, _: Id<Shelf>, _: Page) -> Result<Titles> {
    all(cx).await
}

/// May change the shelf.
enum WriteShelf {}

impl Grant for WriteShelf {
    const SCOPE: &'static str = "shelf:write";
}

async fn put(
    cx: &Cx,
    _: User,
    _: Granted<WriteShelf>,
    _: Body<Titles>,
    _: IdempotencyKey,
) -> Result<Titles> {
    all(cx).await
}

fn main() {
    let _ = [
        get("/titles").to(all),
        get("/shelves/{id}").to(of_shelf),
        get("/shelves/{id}/titles").to(of_page),
        get("/mine/{id}").to(of_user),
        post("/mine").to(put),
    ];
}
