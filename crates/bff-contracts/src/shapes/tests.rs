//! A contract refuses what would break a client or a cache, and says what to do.

use super::*;
use bff_core::Auth;
use bff_core::prelude::*;

mod before {
    use bff_core::prelude::*;

    #[derive(View)]
    pub(super) struct Home {
        user: Profile,
    }

    #[derive(View)]
    struct Profile {
        display_name: String,
    }

    pub(super) async fn home(_: &Cx) -> Result<Home> {
        Ok(Home { user: Profile { display_name: String::new() } })
    }
}

mod renamed {
    use bff_core::prelude::*;

    #[derive(View)]
    pub(super) struct Home {
        user: Profile,
    }

    #[derive(View)]
    struct Profile {
        nickname: String,
    }

    pub(super) async fn home(_: &Cx) -> Result<Home> {
        Ok(Home { user: Profile { nickname: String::new() } })
    }
}

mod bumped {
    use bff_core::prelude::*;

    #[derive(View)]
    #[view(revision = 2)]
    pub(super) struct Home {
        user: Profile,
    }

    #[derive(View)]
    #[view(revision = 2)]
    struct Profile {
        nickname: String,
    }

    pub(super) async fn home(_: &Cx) -> Result<Home> {
        Ok(Home { user: Profile { nickname: String::new() } })
    }
}

mod doubled {
    use bff_core::prelude::*;

    mod other {
        use bff_core::prelude::*;

        #[derive(View)]
        pub(super) struct Item {
            pub(super) b: u32,
        }
    }

    #[derive(View)]
    pub(super) struct Home {
        first: Item,
        second: other::Item,
    }

    #[derive(View)]
    struct Item {
        a: u32,
    }

    pub(super) async fn home(_: &Cx) -> Result<Home> {
        Ok(Home { first: Item { a: 1 }, second: other::Item { b: 2 } })
    }
}

mod kept {
    use bff_core::prelude::*;

    #[derive(View)]
    pub(super) struct Title {
        title: String,
    }

    #[derive(View)]
    struct Product {
        title: String,
    }

    /// As before, with one member more that no answer shows.
    mod grown {
        use bff_core::prelude::*;

        #[derive(View)]
        pub(super) struct Product {
            pub(super) title: String,
            seller: Option<String>,
        }
    }

    const CATALOG: Service = Service::named("catalog");

    pub(super) async fn product(cx: &Cx) -> Result<Title> {
        let product = CATALOG.get("products").named::<Vec<Product>>("products");
        let products = cx.gather(Critical(product.cached(keep::CATALOGUE))).await?;
        Ok(Title { title: products.into_iter().map(|product| product.title).collect() })
    }

    /// As `product`, and clients see another name when it fails.
    pub(super) async fn renamed(cx: &Cx) -> Result<Title> {
        let product = CATALOG.get("products").named::<Vec<Product>>("goods");
        let products = cx.gather(Critical(product)).await?;
        Ok(Title { title: products.into_iter().map(|product| product.title).collect() })
    }

    pub(super) async fn optional(cx: &Cx) -> Result<Title> {
        let product = CATALOG.get("products").named::<Vec<Product>>("products");
        let products = cx.gather(Optional(product, vec![])).await?;
        Ok(Title { title: products.into_iter().map(|product| product.title).collect() })
    }

    pub(super) async fn not_kept(cx: &Cx) -> Result<Title> {
        let product = CATALOG.get("products").named::<Vec<Product>>("products");
        let products = cx.gather(Critical(product)).await?;
        Ok(Title { title: products.into_iter().map(|product| product.title).collect() })
    }

    pub(super) async fn grown(cx: &Cx) -> Result<Title> {
        let product = CATALOG.get("products").named::<Vec<grown::Product>>("products");
        let products = cx.gather(Critical(product.cached(keep::CATALOGUE))).await?;
        Ok(Title { title: products.into_iter().map(|product| product.title).collect() })
    }
}

fn bff(endpoint: Endpoint) -> Bff {
    Bff { name: "mobile", version: "0.0.0", auth: Auth::Open, endpoints: vec![endpoint] }
}

/// A directory of the test's own with the contract of `before` in it.
fn directory(name: &str) -> PathBuf {
    let directory =
        std::env::temp_dir().join(format!("bff-contracts-{}-{name}", std::process::id()));
    check_against(&bff(get("/mobile/v1/home").to(before::home)), &directory, true).unwrap();
    directory
}

#[test]
fn a_renamed_field_without_a_new_revision_is_refused_even_when_rewriting() {
    let directory = directory("renamed");
    let renamed = bff(get("/mobile/v1/home").to(renamed::home));
    for update in [false, true] {
        let why = check_against(&renamed, &directory, update).unwrap_err();
        assert!(why.contains("`Home`: write #[view(revision = 2)]"), "{why}");
        assert!(why.contains("`Profile`: write #[view(revision = 2)]"), "{why}");
        assert!(why.contains("make contracts ACCEPT=1"), "{why}");
    }
    let types = fs::read_to_string(directory.join("mobile/types.ts")).unwrap();
    assert!(types.contains("displayName") && !types.contains("nickname"), "{types}");
    fs::remove_dir_all(directory).unwrap();
}

#[test]
fn a_new_revision_is_accepted_once_the_file_is_rewritten() {
    let directory = directory("bumped");
    let bumped = bff(get("/mobile/v1/home").to(bumped::home));
    assert!(
        check_against(&bumped, &directory, false)
            .unwrap_err()
            .contains("differs from its contract")
    );
    check_against(&bumped, &directory, true).unwrap();
    check_against(&bumped, &directory, false).unwrap();
    fs::remove_dir_all(directory).unwrap();
}

#[test]
fn the_name_of_a_call_and_what_its_failure_means_change_only_when_accepted() {
    let directory =
        std::env::temp_dir().join(format!("bff-contracts-{}-calls", std::process::id()));
    let route = || get("/mobile/v1/product");
    check_against(&bff(route().to(kept::not_kept)), &directory, true).unwrap();
    for changed in [route().to(kept::renamed), route().to(kept::optional)] {
        let changed = bff(changed);
        let why = check_against(&changed, &directory, false).unwrap_err();
        assert!(why.contains("title.json: the endpoint differs from its contract"), "{why}");
        check_against(&changed, &directory, true).unwrap();
        check_against(&changed, &directory, false).unwrap();
    }
    fs::remove_dir_all(directory).unwrap();
}

#[test]
fn a_document_that_says_something_else_is_named_with_its_line() {
    let home = bff(get("/mobile/v1/home").to(before::home));
    let directory = directory("documents");
    for (name, line) in [("openapi.json", 2), ("types.ts", 3)] {
        let path = directory.join("mobile").join(name);
        let good = fs::read_to_string(&path).unwrap();
        let damage =
            |(n, text)| if n + 1 == line { "other\n".to_owned() } else { format!("{text}\n") };
        fs::write(&path, good.lines().enumerate().map(damage).collect::<String>()).unwrap();
        let why = check_against(&home, &directory, false).unwrap_err();
        assert!(why.contains(name) && why.contains(&format!("from line {line} on")), "{why}");
        check_against(&home, &directory, true).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), good);
    }
    fs::remove_dir_all(directory).unwrap();
}

#[test]
fn a_file_without_its_endpoint_is_named() {
    let directory = directory("orphan");
    let why = check_against(&bff(get("/mobile/v2/home").to(before::home)), &directory, false)
        .unwrap_err();
    assert!(
        why.contains("no contract for this endpoint yet")
            && why.contains("no endpoint has this contract"),
        "{why}"
    );
    fs::remove_dir_all(directory).unwrap();
}

#[test]
fn two_views_of_one_name_are_refused() {
    let directory =
        std::env::temp_dir().join(format!("bff-contracts-{}-doubled", std::process::id()));
    let why = check_against(&bff(get("/mobile/v1/home").to(doubled::home)), &directory, true)
        .unwrap_err();
    assert!(why.contains("two different views are called `Item`"), "{why}");
    fs::remove_dir_all(directory).unwrap();
}

#[test]
fn a_view_that_only_the_cache_sees_needs_a_new_revision_too() {
    let directory = std::env::temp_dir().join(format!("bff-contracts-{}-kept", std::process::id()));
    check_against(&bff(get("/mobile/v1/product").to(kept::product)), &directory, true).unwrap();
    assert!(directory.join("mobile/kept/products.json").is_file());
    let grown = bff(get("/mobile/v1/product").to(kept::grown));
    let why = check_against(&grown, &directory, true).unwrap_err();
    assert!(why.contains("`Product`: write #[view(revision = 2)]"), "{why}");
    fs::remove_dir_all(directory).unwrap();
}
