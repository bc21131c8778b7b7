//! From the endpoint table and the last minute to the console's map.

use super::{
    picture::{Dependency, EndpointPicture, Kept, Numbers, ServicePicture},
    verdict::Verdict,
};
use crate::telemetry::{live::Of, window::Sum};
use bff_core::{Criticality, Depends, Endpoint};
use std::cmp::Reverse;

/// What the picture is drawn from.
pub(super) struct Source<'a> {
    pub(super) sums: Vec<(Of, Sum)>,
    pub(super) seconds: f64,
    pub(super) services: &'a [ServicePicture],
}

impl Source<'_> {
    fn sum(&self, of: Of) -> Sum {
        let known = self.sums.iter().find(|(known, _)| *known == of);
        known.map(|(_, sum)| sum.clone()).unwrap_or_default()
    }

    fn numbers(&self, sum: &Sum) -> Numbers {
        Numbers {
            per_second: sum.all as f64 / self.seconds,
            error_percent: sum.failed_percent(),
            p50_ms: sum.percentile_ms(50.0),
            p99_ms: sum.percentile_ms(99.0),
        }
    }

    pub(super) fn endpoint(&self, endpoint: &Endpoint, stage: &[Depends]) -> EndpointPicture {
        let sum = self.sum(Of::Endpoint(endpoint.name()));
        let dependencies = self.dependencies(Some(endpoint.name()), stage);
        let own = Verdict::of(sum.all, sum.failed, Criticality::Critical);
        let worst = dependencies.iter().map(|d| d.verdict).filter(|v| *v > Verdict::Ok).max();
        EndpointPicture {
            name: endpoint.name(),
            method: endpoint.method().name(),
            path: endpoint.path(),
            budget_ms: u64::try_from(endpoint.budget().as_millis()).unwrap_or(u64::MAX),
            verdict: worst.map_or(own, |worst| worst.max(own)),
            numbers: self.numbers(&sum),
            dependencies,
        }
    }

    /// Calls that keep values fresh, for which no request waits.
    pub(super) fn renewals(&self) -> Option<EndpointPicture> {
        let dependencies = self.dependencies(None, &[]);
        let verdict = dependencies.iter().map(|d| d.verdict).max()?.min(Verdict::Degraded);
        Some(EndpointPicture {
            name: "renewal",
            method: "",
            path: "kept values, renewed beside requests",
            budget_ms: 0,
            verdict,
            numbers: self.numbers(&Sum::default()),
            dependencies,
        })
    }

    /// Those of the table, and those that only traffic showed. Those in trouble first, then critical
    /// ones.
    fn dependencies(&self, endpoint: Option<&'static str>, stage: &[Depends]) -> Vec<Dependency> {
        let seen = self.sums.iter().filter_map(|(of, _)| match *of {
            Of::Call { endpoint: of, dependency, service, criticality } if of == endpoint => {
                Some(Depends { dependency, service, criticality })
            }
            _ => None,
        });
        let later = seen.filter(|call| !stage.contains(call));
        let all = stage.iter().map(|call| (*call, true)).chain(later.map(|call| (call, false)));
        let mut all: Vec<_> =
            all.map(|(call, first)| self.dependency(endpoint, call, first)).collect();
        all.sort_by_key(|known| (Reverse(known.verdict.max(Verdict::Ok)), known.criticality));
        all
    }

    fn dependency(
        &self,
        endpoint: Option<&'static str>,
        call: Depends,
        first_stage: bool,
    ) -> Dependency {
        let Depends { dependency, service, criticality } = call;
        let sum = self.sum(Of::Call { endpoint, dependency, service, criticality });
        let known = self.services.iter().find(|known| known.name == service);
        let verdict = Verdict::of(sum.all, sum.failed, criticality);
        Dependency {
            name: dependency,
            service,
            criticality: criticality.word(),
            first_stage,
            // Renewals fail no page.
            verdict: if endpoint.is_none() { verdict.min(Verdict::Degraded) } else { verdict },
            numbers: self.numbers(&sum),
            breaker: known.map_or("none", |known| known.breaker),
        }
    }

    pub(super) fn cache(&self) -> Vec<Kept> {
        let kept = |(of, sum): &(Of, Sum)| match of {
            Of::Lookup(entity) => Some(Kept {
                entity,
                per_second: sum.all as f64 / self.seconds,
                hit_percent: sum.failed_percent().map(|missed| 100.0 - missed),
            }),
            _ => None,
        };
        self.sums.iter().filter_map(kept).collect()
    }
}
