//! Which limits there are, and which of them a request is under.

use crate::{
    Network,
    decision::{Decision, Policy, Tightest},
    gcra::Rate,
    headers::{self, Headers, RateLimit},
    local::{Bucket, Few, Local, Place},
    settings::{FAILURES, LimitSettings, PRINCIPAL, Quota, SURFACE},
    shared::Shared,
};
use bytes::Bytes;

/// What a request is, as far as limits care.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request<'a> {
    /// Who asks: the same text for the same one, whatever the token. Nobody's own limits hold for
    /// `None`.
    pub principal: Option<&'a str>,
    /// The class of the route. One without a quota is not limited.
    pub class: Option<&'a str>,
}

/// Whose limits hold.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Who<'a> {
    Principal(&'a str),
    /// Somebody who is known by nothing else.
    Network(Network),
    Nobody,
}

/// All limits of a BFF.
pub(crate) struct Rules {
    principal: Option<Limit>,
    surface: Option<Limit>,
    failures: Option<Limit>,
    classes: Vec<Class>,
    /// By the `limit` of a bucket.
    names: Vec<String>,
    policies: Policies,
}

#[derive(Clone, Copy)]
struct Limit {
    /// Its place among the names.
    index: usize,
    rate: Rate,
}

struct Class {
    limit: Limit,
    /// What makes somebody's bucket in this class of his own.
    salt: u64,
    policy: Bytes,
}

struct Policies {
    anonymous: Bytes,
    principal: Bytes,
    failures: Bytes,
}

impl Rules {
    /// The limits of settings that were checked.
    pub(crate) fn of(settings: &LimitSettings, local: &Local) -> Self {
        let mut names = Vec::new();
        let mut limit = |(name, quota): (&str, &Quota)| {
            names.push(name.to_owned());
            Limit { index: names.len() - 1, rate: quota.rate() }
        };
        let LimitSettings { per_principal, per_surface, failures_per_ip, .. } = settings;
        let surface = per_surface.as_ref().map(|quota| (SURFACE, quota));
        let principal = per_principal.as_ref().map(|quota| (PRINCIPAL, quota));
        let failures = failures_per_ip.as_ref().map(|quota| (FAILURES, quota));
        let class = |(name, quota): (&String, &Quota)| Class {
            limit: limit((name, quota)),
            salt: local.salt(name),
            policy: headers::policy(&[Some((name, quota)), principal, surface]),
        };
        Self {
            classes: settings.classes.iter().map(class).collect(),
            policies: Policies {
                anonymous: headers::policy(&[surface]),
                principal: headers::policy(&[principal, surface]),
                failures: headers::policy(&[failures]),
            },
            principal: principal.map(&mut limit),
            surface: surface.map(&mut limit),
            failures: failures.map(&mut limit),
            names,
        }
    }

    /// The buckets of a request to a route of `class`, and what holds for it.
    pub(crate) fn buckets(
        &self,
        who: Who<'_>,
        class: Option<&str>,
        local: &Local,
    ) -> (Policy, Few<Bucket>) {
        let bucket = |limit: Limit, place| Bucket { limit: limit.index, rate: limit.rate, place };
        let surface = self.surface.map(|limit| bucket(limit, Place::Surface));
        let (hash, place): (_, fn(u64) -> Place) = match who {
            Who::Principal(principal) => (local.hash(principal), Place::Principal),
            Who::Network(network) => (local.hash_of_network(network), Place::Network),
            Who::Nobody => return (Policy::Anonymous, [None, None, surface]),
        };
        let own = self.principal.map(|limit| bucket(limit, place(hash)));
        let class = class.and_then(|name| {
            let is_it =
                |class: &Class| self.names.get(class.limit.index).is_some_and(|n| n == name);
            let index = self.classes.iter().position(is_it)?;
            let class = self.classes.get(index)?;
            Some((index, bucket(class.limit, place(hash ^ class.salt))))
        });
        match class {
            Some((index, class)) => (Policy::Class(index), [own, Some(class), surface]),
            None => (Policy::Principal, [own, None, surface]),
        }
    }

    /// The bucket of a network's failures.
    pub(crate) fn failures_of(&self, network: Network, local: &Local) -> Option<Bucket> {
        let Limit { index: limit, rate } = self.failures?;
        Some(Bucket { limit, rate, place: local.failures(network) })
    }

    /// The bucket as Redis knows it. No principal has the name of a network's.
    pub(crate) fn keyed(&self, shared: &Shared, bucket: &Bucket, who: Who<'_>) -> (String, Rate) {
        let (own, of_class, whom) = match &who {
            Who::Principal(principal) => ("p", "c", principal.as_bytes()),
            Who::Network(network) => ("a", "ac", network.octets()),
            Who::Nobody => ("", "", &[][..]),
        };
        let key = match self.names.get(bucket.limit).map(String::as_str) {
            Some(SURFACE) => shared.common_key("s"),
            Some(PRINCIPAL) => shared.key(own, whom),
            class => shared.key(&format!("{of_class}:{}", class.unwrap_or_default()), whom),
        };
        (key, bucket.rate)
    }

    /// What an answer says about a decision.
    pub(crate) fn headers(&self, decision: &Decision) -> Option<Headers<'_>> {
        let Tightest { limit, remaining, seconds } = decision.tightest?;
        let policy = match decision.policy {
            Policy::Anonymous => &self.policies.anonymous,
            Policy::Principal => &self.policies.principal,
            Policy::Class(class) => &self.classes.get(class)?.policy,
            Policy::Failures => &self.policies.failures,
        };
        let limit = RateLimit { name: self.names.get(limit)?, remaining, seconds };
        let retry_after = (!decision.allowed).then_some(seconds);
        Some(Headers { policy, limit, retry_after })
    }
}
