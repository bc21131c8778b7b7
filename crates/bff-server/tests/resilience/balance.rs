//! Which host gets the next call.

use crate::bed::{self, about, is_good, page, service};
use bff_core::prelude::*;
use bff_testkit::{Fault, SampleServices, Service as Sample};

/// The healthy host takes its time, the other one fails in none: to be fast is not to be good.
#[test]
fn a_host_that_fails_at_once_does_not_look_fast() {
    let faults = [Fault::Status { code: 500, retry_after: None }, Fault::WrongContentType];
    for fault in faults {
        let [bad, good] = [(); 2].map(|()| SampleServices::start().unwrap());
        let urls = [&bad, &good].map(|services| services.url(Sample::Catalog));
        let more = "timeout = \"2s\"\nbreaker.min_success_percent = 0.0";
        let bff = bed::start(seconds(5), &[service("main", &urls, more)]);
        bad.set_fault(Sample::Catalog, Some(fault.clone()));
        good.set_fault(Sample::Catalog, Some(Fault::Delay { millis: 20 }));
        let good_pages = (0..40).filter(|_| is_good(&page(&bff, "/test/v1/critical/p-1"))).count();
        let hosts = &about(&bff, "main")["hosts"];
        assert!(good_pages >= 30, "{fault:?}: {good_pages} of 40 pages are good: {hosts}");
    }
}
