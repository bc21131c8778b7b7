//! `/bff/login`, `/bff/callback`, `/bff/user`, `/bff/logout` and `/bff/backchannel-logout` over HTTP;
//! what they do is in bff-auth.

use super::{
    arrival::{Arrival, within},
    headers::lines,
    people, perimeter,
    respond::{self, Response},
};
use crate::telemetry::report::{Route, Running};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method, StatusCode,
        header::{self, HeaderValue},
    },
    web::Payload,
};
use bff_auth::{Cookies, Provenance, Reply, Sessions, Visit};
use bff_core::{Class, Deadline, Parameters, Problem, Result, TraceContext};
use bff_limits::Decision;
use bytes::Bytes;
use std::time::Duration;

/// What one of these requests may take: a login asks the identity provider twice.
pub(crate) const BUDGET: Duration = Duration::from_secs(8);
/// The class of the pages that lead to the provider and back; each address has its own quota.
pub(crate) const SIGN_IN: &str = "sign-in";
/// The class of what the browser may know in between, as of any page that is read.
const READ: &str = "read";
/// What stands around a logout token in its form.
const FORM_BYTES: usize = 1024;

/// What a path below `/bff` is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    Login,
    Callback,
    User,
    Logout,
    BackchannelLogout,
}

impl Page {
    const ALL: [Self; 5] =
        [Self::Login, Self::Callback, Self::User, Self::Logout, Self::BackchannelLogout];

    /// The page at a path.
    pub(crate) fn at(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|page| page.path() == path)
    }

    /// The path that it is at.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Login => "/bff/login",
            Self::Callback => "/bff/callback",
            Self::User => "/bff/user",
            Self::Logout => "/bff/logout",
            Self::BackchannelLogout => "/bff/backchannel-logout",
        }
    }

    /// Its name in logs and metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Login => "bff-login",
            Self::Callback => "bff-callback",
            Self::User => "bff-user",
            Self::Logout => "bff-logout",
            Self::BackchannelLogout => "bff-backchannel-logout",
        }
    }

    /// The only method that it answers to: what changes nothing here, or proves itself otherwise,
    /// is a navigation.
    pub(crate) fn method(self) -> &'static str {
        match self {
            Self::BackchannelLogout => "POST",
            _ => "GET",
        }
    }
}

impl Arrival<'_> {
    /// Answers a page of the server's own: login, logout and what the browser may know between.
    pub(super) async fn answer_session(
        &self,
        page: Page,
        sessions: &Sessions,
        payload: Payload,
        trace: TraceContext,
    ) -> HttpResponse {
        let deadline = Deadline::starting_now(BUDGET);
        let cx = self.context(deadline, trace, Parameters::new(), None, Bytes::new());
        let route = Some(Route { method: page.method(), path: page.path() });
        let running = Running::begin(&self.worker.telemetry, page.name(), route, self.received, cx);
        let trace = running.cx.trace();
        if page.method() == Method::POST.as_str() {
            self.read_body().await;
        }
        let mut decision = None;
        let answer = self.session(page, sessions, payload, deadline, &mut decision, trace);
        let answer = within(deadline, async { Ok(answer.await) }).await;
        let mut response = answer.unwrap_or_else(|late| self.session_problem(page, &late, trace));
        if let (Some(limits), Some(decision)) = (&self.worker.shared.rates, decision) {
            respond::limits(&mut response, limits, &decision);
        }
        self.leave_body();
        running.end(response.http.status().as_u16(), response.bytes, Vec::new());
        response.http
    }

    /// Answers a session page: with a page for a person who reads it, and with JSON for a script.
    pub(crate) async fn session(
        &self,
        page: Page,
        sessions: &Sessions,
        payload: Payload,
        deadline: Deadline,
        decision: &mut Option<Decision>,
        trace: &TraceContext,
    ) -> Response {
        match self.session_reply(page, sessions, payload, deadline, decision).await {
            Ok(reply) => respond(reply, trace),
            Err(problem) => self.session_problem(page, &problem, trace),
        }
    }

    /// The same for a problem.
    pub(crate) fn session_problem(
        &self,
        page: Page,
        problem: &Problem,
        trace: &TraceContext,
    ) -> Response {
        let response = respond::problem(problem, trace.trace_id, None);
        let for_people = matches!(page, Page::Login | Page::Callback | Page::Logout);
        if for_people && visit(self.request).is_read_by_a_person() {
            return people::problem(response, problem, trace.trace_id);
        }
        response
    }

    async fn session_reply(
        &self,
        page: Page,
        sessions: &Sessions,
        payload: Payload,
        deadline: Deadline,
        decision: &mut Option<Decision>,
    ) -> Result<Reply> {
        let lines = cookie_lines(self.request);
        let cookies = Cookies::new(&lines);
        let visit = visit(self.request);
        let query = self.request.uri().query().unwrap_or_default();
        match page {
            Page::Login | Page::Callback | Page::Logout => {
                self.limit(SIGN_IN, None, self.client(), decision).await?;
            }
            // The provider ends sessions from one address, and none of them may stay.
            Page::BackchannelLogout => self.limit(SIGN_IN, None, None, decision).await?,
            // Once it is known whose it is: many users share an address.
            Page::User => {}
        }
        match page {
            Page::Login => sessions.login(query, cookies, visit).await,
            Page::Callback => sessions.callback(query, cookies, visit).await,
            Page::Logout => sessions.logout(query, cookies, visit).await,
            Page::User => {
                provenance(self.request).check(sessions.vault().origin())?;
                let (user, reply) = sessions.user(query, cookies).await?;
                self.limit(READ, Some(&user), None, decision).await?;
                Ok(reply)
            }
            Page::BackchannelLogout => {
                let limit = sessions.vault().max_token_bytes().saturating_add(FORM_BYTES);
                let form = perimeter::read_body(payload, limit, deadline.end()).await?;
                sessions.backchannel_logout(&form).await
            }
        }
    }
}

/// What a request says about the page that sent it.
pub(crate) fn provenance(request: &HttpRequest) -> Provenance<'_> {
    Provenance {
        csrf: said(request, "x-csrf"),
        origin: said(request, "origin"),
        fetch_site: said(request, "sec-fetch-site"),
    }
}

/// What a request says about how the browser came here.
fn visit(request: &HttpRequest) -> Visit<'_> {
    Visit {
        site: said(request, "sec-fetch-site"),
        mode: said(request, "sec-fetch-mode"),
        dest: said(request, "sec-fetch-dest"),
        user: said(request, "sec-fetch-user"),
        purpose: ["sec-purpose", "purpose", "x-moz"].iter().find_map(|name| said(request, name)),
        takes_html: people::is_taken(request),
    }
}

/// What a browser says about a request. What is said twice, or is no text, is said by nobody.
fn said<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let mut values = request.headers().get_all(name);
    let value = values.next()?.to_str().unwrap_or_default();
    if values.next().is_some() { Some("") } else { Some(value) }
}

/// The `Cookie` lines of a request.
pub(crate) fn cookie_lines(request: &HttpRequest) -> Vec<&[u8]> {
    lines(request, header::COOKIE).collect()
}

/// The only problem that a wrong method gets.
pub(crate) fn wrong_method(page: Page) -> Problem {
    let message = format!("This address answers to {} only.", page.method());
    Problem::new(Class::MethodNotAllowed, "METHOD_NOT_ALLOWED", message)
}

fn respond(reply: Reply, trace: &TraceContext) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut builder = respond::begin(status, trace.trace_id);
    builder.insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")));
    if let Some(location) = reply.location {
        builder.insert_header((header::LOCATION, location));
        // The address that the browser leaves may hold a code.
        builder.insert_header((header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")));
    }
    for cookie in reply.cookies {
        builder.append_header((header::SET_COOKIE, cookie));
    }
    if let Some(onward) = &reply.onward {
        return people::onward(builder, onward, trace.trace_id);
    }
    let Some(json) = reply.json else {
        return Response { http: builder.finish(), bytes: 0 };
    };
    builder.insert_header((header::CONTENT_TYPE, HeaderValue::from_static("application/json")));
    let bytes = json.len();
    let http: HttpResponse = builder.body(json);
    Response { http, bytes }
}
