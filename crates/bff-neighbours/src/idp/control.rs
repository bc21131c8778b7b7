//! `/control`: what a person may look at and break with curl.

use super::{
    asked::{Asked, Params},
    fault::{Endpoint, IdpFault},
    provider::{Provider, Session},
    reply::json,
    serve::Answer,
};
use actix_web::HttpResponse;
use bff_fixtures::Json;
use serde_json::{Map, json};

const USAGE: &str = "try GET /control, PUT /control/faults/{jwks|token|authorize|discovery|revoke|end-session}/\
                     {status?code=503|hang|delay?millis=300|garbage|close}, DELETE /control/faults, \
                     POST /control/users/{user}/end-session";

impl Provider {
    pub(super) fn control(&mut self, asked: &Asked) -> Answer {
        let segments: Vec<_> = asked.path.split('/').skip(2).collect();
        match (asked.method.as_str(), segments.as_slice()) {
            ("GET", []) => json(&self.summary()).into(),
            ("PUT", ["faults", endpoint, kind]) => self.put_fault(endpoint, kind, &asked.params),
            ("DELETE", ["faults"]) => {
                self.desks.values_mut().for_each(|desk| desk.fault = None);
                json(&json!({ "fault": null })).into()
            }
            ("POST", ["users", user, "end-session"]) => {
                let told = self.end_sessions(user);
                Answer { response: json(&json!({ "logoutTokens": told.len() })), told }
            }
            _ => unknown(),
        }
    }

    fn put_fault(&mut self, endpoint: &str, kind: &str, params: &Params) -> Answer {
        let found = (Endpoint::named(endpoint), IdpFault::named(kind, params));
        let (Some(endpoint), Some(fault)) = found else {
            return unknown();
        };
        self.desks.entry(endpoint).or_default().fault = Some(fault);
        json(&json!({ "endpoint": endpoint.name(), "fault": format!("{fault:?}") })).into()
    }

    fn summary(&self) -> Json {
        let endpoints: Map<_, _> =
            Endpoint::ALL.into_iter().map(|endpoint| self.desk(endpoint)).collect();
        let sessions = self.sessions.iter().map(|(_, session)| {
            let Session { sid, sub, clients, .. } = session;
            json!({ "sid": sid, "sub": sub, "clients": clients })
        });
        let deliveries = self.deliveries.iter().map(|delivery| {
            json!({ "client": delivery.client, "sid": delivery.sid, "status": delivery.status })
        });
        json!({
            "endpoints": endpoints,
            "sessions": sessions.collect::<Vec<_>>(),
            "refreshes": self.grants.refreshes,
            "reusedRefreshTokens": self.grants.reused,
            "revocations": self.grants.revocations,
            "logoutTokens": deliveries.collect::<Vec<_>>(),
        })
    }

    fn desk(&self, endpoint: Endpoint) -> (String, Json) {
        let desk = self.desks.get(&endpoint).copied().unwrap_or_default();
        let fault = desk.fault.map(|fault| format!("{fault:?}"));
        (endpoint.name().to_owned(), json!({ "requests": desk.requests, "fault": fault }))
    }
}

fn unknown() -> Answer {
    HttpResponse::NotFound().json(json!({ "error": USAGE })).into()
}
