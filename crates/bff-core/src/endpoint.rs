//! Endpoints: a route, its promises, and one async function from context to view.

use crate::grant::admit;
use crate::handler::{Arguments, Handler, Run, erased};
use crate::ports::{Local, Principal};
use crate::{Answer, Cx, Method, Need, Priority, Record, Result, Route, Scope, Shape, View};
use std::{fmt, sync::Arc, time::Duration};

/// Whose data an endpoint answers with, read off its handler's arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audience {
    /// The same for every caller.
    Shared,
    /// One user's.
    Personal,
}

/// One line of a BFF's table: everything that routes, contracts and metrics need to know.
///
/// ```
/// # use bff_core::prelude::*;
///
/// #[derive(View)]
/// struct Status {
///     open: bool,
/// }
///
/// async fn status(_cx: &Cx) -> Result<Status> {
///     Ok(Status { open: true })
/// }
///
/// let endpoint: Endpoint = get("/shop/v1/status").budget(millis(100)).to(status);
/// assert_eq!(endpoint.path(), "/shop/v1/status");
/// ```
#[derive(Clone)]
pub struct Endpoint {
    route: Route,
    shape: &'static Shape,
    audience: Audience,
    needs: &'static [Need],
    run: Arc<dyn Run>,
}

impl Endpoint {
    pub(crate) fn new<H: Handler<A>, A: Arguments>(route: Route, handler: H) -> Self
    where
        H::Answer: Record,
    {
        Self {
            route,
            shape: <H::Answer as View>::SHAPE,
            audience: if A::Scope::PERSONAL { Audience::Personal } else { Audience::Shared },
            needs: A::NEEDS,
            run: erased(handler),
        }
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> Method {
        self.route.method
    }

    /// The path, with `{name}` for parameters.
    #[must_use]
    pub fn path(&self) -> &'static str {
        self.route.path
    }

    /// The time the whole request may take.
    #[must_use]
    pub fn budget(&self) -> Duration {
        self.route.budget
    }

    /// How long a client may show the answer without asking again.
    #[must_use]
    pub fn client_cache(&self) -> Option<Duration> {
        self.route.client_cache
    }

    /// How early it is refused under overload.
    #[must_use]
    pub fn priority(&self) -> Priority {
        self.route.priority
    }

    /// The class of routes that callers are limited in together.
    #[must_use]
    pub fn rate_class(&self) -> &'static str {
        self.route.rate_class
    }

    /// How many bytes an answer may have before compression; `None` where nothing was promised.
    #[must_use]
    pub fn payload_budget(&self) -> Option<usize> {
        self.route.payload_budget
    }

    /// How long the whole answer is kept for everybody.
    #[must_use]
    pub fn page_kept(&self) -> Option<Duration> {
        self.route.page_kept
    }

    /// The shape of the answer, without the envelope.
    #[must_use]
    pub fn shape(&self) -> &'static Shape {
        self.shape
    }

    /// Whose data it answers with.
    #[must_use]
    pub fn audience(&self) -> Audience {
        self.audience
    }

    /// The name of the contract: the view's name in kebab-case, `product-page` for `ProductPage`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self.shape {
            Shape::Record { name, .. } => name,
            _ => "",
        }
    }

    /// What a request has to bring.
    #[must_use]
    pub fn needs(&self) -> &'static [Need] {
        self.needs
    }

    /// The scopes that the caller's credential needs.
    pub fn scopes(&self) -> impl Iterator<Item = &'static str> {
        self.needs.iter().filter_map(|need| match need {
            Need::Grant(scope) => Some(*scope),
            _ => None,
        })
    }

    /// The shape of the body that it takes.
    #[must_use]
    pub fn body(&self) -> Option<&'static Shape> {
        self.needs.iter().find_map(|need| match need {
            Need::Body(shape) => Some(*shape),
            _ => None,
        })
    }

    /// Whether it answers nobody who is not known: because of whose data it shows, or because of
    /// what it may do.
    #[must_use]
    pub fn needs_caller(&self) -> bool {
        self.audience == Audience::Personal || self.scopes().next().is_some()
    }

    /// Checks what the caller may, before anything of the request is read or a kept page is served.
    ///
    /// # Errors
    /// 401 without a caller, 403 when its credential lacks a scope.
    pub fn admit(&self, caller: Option<&Principal>) -> Result<()> {
        self.scopes().try_for_each(|scope| admit(caller, scope))
    }

    /// The key under which the whole answer to a request is kept: the path of the route and everything
    /// of the request that an argument of the handler reads. What no argument reads, such as an unknown
    /// query parameter, makes no other page. `None` where the answer must not be kept, because an
    /// argument reads a body or cannot be read at all.
    #[must_use]
    pub fn page_key(&self, cx: &Cx) -> Option<String> {
        let mut key = format!("page:{}", self.path());
        self.needs.iter().all(|need| need.add_to_key(cx, &mut key)).then_some(key)
    }

    /// Runs the handler and renders its view.
    ///
    /// # Errors
    /// The problem that the client gets.
    pub fn answer<'a>(&'a self, cx: &'a Cx) -> Local<'a, Result<Answer>> {
        self.run.run(cx)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} {} -> {}/{}",
            self.method(),
            self.path(),
            self.name(),
            self.shape.revision()
        )
    }
}
