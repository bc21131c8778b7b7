//! The BFFs that the processes are, and how one is started and asked.

use crate::parts::{self, MAIN, Product};
use bff_core::{Auth, Endpoint, prelude::*};
use bff_testkit::{
    BffProcess, Json, Ticker,
    http::{self, Reply},
    process::Part,
};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What each process asks for its part.
const TEST: &str = "release::each_is_a_process_of_its_own";

/// Short, so that each release often finds what the other one has just written.
const SHORT: Keep = Keep::of(millis(40));
/// How long the hot value lives, to the millisecond.
pub(crate) const LIFETIME: Duration = seconds(2);
/// Served while it is renewed for as long as a test may take.
const HOT: Keep = Keep::of(LIFETIME).jitter_percent(0).while_revalidating(minutes(5));

/// Two texts each: read as the other one, it would be a good answer with the wrong words in it.
mod old {
    use bff_core::prelude::*;

    #[derive(View)]
    pub(super) struct Shown {
        pub(super) title: String,
        pub(super) brand: String,
    }

    #[derive(View)]
    pub(super) struct Page {
        pub(super) product: Shown,
    }
}

mod new {
    use bff_core::prelude::*;

    #[derive(View)]
    #[view(revision = 2)]
    pub(super) struct Shown {
        pub(super) title: String,
        pub(super) category: String,
    }

    #[derive(View)]
    pub(super) struct Page {
        pub(super) product: Shown,
    }
}

/// As [`new`], by somebody who did not think of the revision.
mod forgotten {
    use bff_core::prelude::*;

    #[derive(View)]
    pub(super) struct Shown {
        pub(super) title: String,
        pub(super) category: String,
    }

    #[derive(View)]
    pub(super) struct Page {
        pub(super) product: Shown,
    }
}

macro_rules! release {
    ($shape:ident) => {
        fn $shape() -> Endpoint {
            let route = get("/test/v1/products/{id}").budget(seconds(9));
            route.to(async move |cx: &Cx, id: Id<Product>| -> Result<$shape::Page> {
                let product = MAIN.get(("products", &id)).named::<$shape::Shown>("product");
                let product = cx.gather(Critical(product.cached(SHORT))).await?;
                Ok($shape::Page { product })
            })
        }
    };
}

release!(old);
release!(new);
release!(forgotten);

/// A process of this release, with `main` at this url; `cache` is its `[cache]`.
pub(crate) fn start(release: &str, main: &str, cache: &str) -> BffProcess {
    BffProcess::start(TEST, release, &parts::settings(main, cache))
}

#[test]
fn each_is_a_process_of_its_own() {
    if let Some(part) = Part::of_this_process() {
        let endpoint = match part.role.as_str() {
            "old" => old(),
            "new" => new(),
            "forgotten" => forgotten(),
            _ => parts::product(HOT),
        };
        let settings = parts::read(&part.settings);
        return part.play(&parts::bff(Auth::Open, vec![endpoint]), &settings);
    }
    let _alone = one_at_a_time();
    let service = Ticker::start();
    let both = [(); 2].map(|()| start("hot", &service.url(), ""));
    // They share no memory.
    assert_eq!(both.each_ref().map(title), ["p-1 1", "p-1 2"]);
    assert_eq!(both.each_ref().map(title), ["p-1 1", "p-1 2"]);
    let [address, admin] = [both[0].address, both[0].admin_address];
    drop(both);
    assert!([address, admin].iter().all(|gone| std::net::TcpStream::connect(gone).is_err()));
}

/// The title of the hot page.
pub(crate) fn title(bff: &BffProcess) -> Json {
    let reply = http::send(bff.address, "GET", "/test/v1/products/p-1", &[]);
    reply.unwrap_or_else(|error| unreachable!("the process answers: {error}")).at("/title")
}

/// What the admin port tells.
fn tell(bff: &BffProcess, target: &str) -> Reply {
    let reply = http::send(bff.admin_address, "GET", target, &[]);
    reply.unwrap_or_else(|error| unreachable!("the admin port answers: {error}"))
}

/// A number at a JSON pointer into what the admin port tells about the cache.
pub(crate) fn number(bff: &BffProcess, pointer: &str) -> u64 {
    tell(bff, "/cache").json().pointer(pointer).and_then(Json::as_u64).unwrap_or_default()
}

/// How many pages found their value anywhere but in memory.
pub(crate) fn lookups_beyond_memory(bff: &BffProcess) -> f64 {
    let text = tell(bff, "/metrics").text();
    let ours = text.lines().filter(|line| line.starts_with("bff_cache_lookups_total{"));
    let ours = ours.filter(|line| !line.contains("tier=\"near\""));
    ours.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
}

/// Keeps tests apart whose load takes the whole machine.
pub(crate) fn one_at_a_time() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
