//! Keys that never change by themselves.

use crate::{credential, credentials, shown, support::run};
use bff_core::ports::Vouch;
use bff_fixtures::TestFile;
use std::time::{Duration, Instant};
use tokio::task::yield_now;

#[test]
fn a_key_from_the_configuration_is_shown_as_it_is() {
    let settings =
        "[credentials.main]\nkind = \"static_key\"\nheader = \"X-Key\"\nsecret = \"k 1\"";
    let credentials = credentials(settings).unwrap();
    run(async {
        let (users, orders) = (credentials.voucher("users"), credentials.voucher("orders"));
        let proof = users.at_hand(None).unwrap();
        assert_eq!(credential(&proof), "x-key: k 1");
        assert!(users.instead_of(&proof, None).await.is_none());
        assert_eq!(credential(&orders.at_hand(None).unwrap()), "");
        assert!(credentials.voucher("nobody").at_hand(None).unwrap().credential.is_none());
        let printed = format!("{credentials:?} {users:?} {proof:?}");
        assert!(!printed.contains("k 1"), "{printed}");
    });
}

#[test]
fn a_key_file_that_changes_is_read_again() {
    let file = TestFile::new("key", "first\n");
    let settings = format!(
        "[credentials.main]\nkind = \"static_key\"\nheader = \"x-key\"\nfile = {:?}",
        file.0
    );
    let credentials = credentials(&settings).unwrap();
    run(async {
        let voucher = credentials.voucher("users");
        let first = shown(&voucher, None).await.unwrap();
        assert_eq!(credential(&first), "x-key: first");
        assert!(voucher.instead_of(&first, None).await.is_none(), "nothing has changed");

        file.write("the second");
        let until = Instant::now() + Duration::from_secs(20);
        while credential(&voucher.at_hand(None).unwrap()) != "x-key: the second" {
            assert!(Instant::now() < until, "the change was not seen");
            yield_now().await;
        }

        // A service that refuses the old key is the occasion to look at once.
        let second = shown(&voucher, None).await.unwrap();
        file.write("and a third one");
        let third = voucher.instead_of(&second, None).await.unwrap();
        assert_eq!(credential(&third), "x-key: and a third one");

        file.write("no \0 key, and longer");
        assert!(voucher.instead_of(&third, None).await.is_none());
        assert_eq!(credential(&voucher.at_hand(None).unwrap()), "x-key: and a third one");
    });
}
