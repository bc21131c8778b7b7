//! Endpoints: a route, its promises, and one async function from context to view.

use crate::grant::admit;
use crate::ports::{Local, Principal};
use crate::{
    Answer, Cacheable, Class, Cx, FromCx, Need, Problem, Record, Result, Scope, Shape, Shared, View,
};
use std::{fmt, sync::Arc, time::Duration};

/// The methods that endpoints answer to. `HEAD` is answered wherever `GET` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Reads.
    Get,
    /// Writes.
    Post,
}

impl Method {
    /// The method as it is sent.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// Whose data an endpoint answers with, read off its handler's arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audience {
    /// The same for every caller.
    Shared,
    /// One user's.
    Personal,
}

/// A route with its promises, waiting for its handler.
#[derive(Debug, Clone)]
#[must_use = "a route is nothing without `.to(handler)`"]
pub struct Route {
    method: Method,
    path: &'static str,
    budget: Duration,
    client_cache: Option<Duration>,
    priority: Priority,
    page_kept: Option<Duration>,
    rate_class: &'static str,
    payload_budget: Option<usize>,
}

/// A route whose whole answer is kept; its handler takes nobody's data.
#[derive(Debug, Clone)]
#[must_use = "a route is nothing without `.to(handler)`"]
pub struct KeptRoute(Route);

/// Which requests are answered first when there is more to do than can be done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Priority {
    /// Refused first: what a client can do without or ask for later.
    Low,
    /// The pages.
    #[default]
    Normal,
    /// Refused last: what everything else depends on.
    High,
}

/// What a request may take unless its route says otherwise.
const DEFAULT_BUDGET: Duration = Duration::from_secs(1);

/// A route that answers `GET` at `path`; parameters are written `{name}`.
pub fn get(path: &'static str) -> Route {
    Route::new(Method::Get, path)
}

/// A route that answers `POST` at `path`; parameters are written `{name}`.
pub fn post(path: &'static str) -> Route {
    Route::new(Method::Post, path)
}

impl Route {
    fn new(method: Method, path: &'static str) -> Self {
        Self {
            method,
            path,
            budget: DEFAULT_BUDGET,
            client_cache: None,
            priority: Priority::Normal,
            page_kept: None,
            rate_class: match method {
                Method::Get => "read",
                Method::Post => "write",
            },
            payload_budget: None,
        }
    }

    /// The time the whole request may take; one second unless said otherwise. Calls get nine tenths
    /// of it.
    pub fn budget(self, budget: Duration) -> Self {
        Self { budget, ..self }
    }

    /// How long a client may show the answer without asking again. Not at all unless said
    /// otherwise.
    pub fn client_cache(self, keep: Duration) -> Self {
        Self { client_cache: Some(keep), ..self }
    }

    /// How early it is refused under overload; [`Priority::Normal`] unless said otherwise.
    pub fn priority(self, priority: Priority) -> Self {
        Self { priority, ..self }
    }

    /// The class of routes that callers are limited in together, `[limits.classes.<class>]`: `read`
    /// or `write` by its method unless said otherwise.
    pub fn rate_class(self, class: &'static str) -> Self {
        Self { rate_class: class, ..self }
    }

    /// How many bytes an answer may have before compression, `meta` included. It is a promise that
    /// `cargo xtask audit --live` measures; no answer is cut.
    pub fn payload_budget(self, bytes: usize) -> Self {
        Self { payload_budget: Some(bytes), ..self }
    }

    /// Keeps the whole answer in this process for `keep` and serves it to every caller, for requests
    /// without a query. A degraded answer is never kept, and an invalidated tag of any call in it
    /// ends it.
    pub fn page_kept(self, keep: Duration) -> KeptRoute {
        KeptRoute(Self { page_kept: Some(keep), ..self })
    }

    /// The function that answers.
    pub fn to<H: Handler<A>, A: Arguments>(self, handler: H) -> Endpoint
    where
        H::Answer: Record,
    {
        Endpoint {
            route: self,
            shape: <H::Answer as View>::SHAPE,
            audience: if A::Scope::PERSONAL { Audience::Personal } else { Audience::Shared },
            needs: A::NEEDS,
            run: Arc::new(Erased { handler, arguments: std::marker::PhantomData }),
        }
    }
}

impl KeptRoute {
    /// The function that answers. One that takes a user, or an id of a personal kind, does not
    /// compile.
    pub fn to<H: Handler<A>, A: Arguments>(self, handler: H) -> Endpoint
    where
        H::Answer: Record,
        A::Scope: Cacheable,
    {
        self.0.to(handler)
    }
}

/// One line of a BFF's table: everything that routes, contracts and metrics need to know.
#[derive(Clone)]
pub struct Endpoint {
    route: Route,
    shape: &'static Shape,
    audience: Audience,
    needs: &'static [Need],
    run: Arc<dyn Run>,
}

impl Endpoint {
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

/// An async function from `&Cx` and up to four arguments to a result.
#[diagnostic::on_unimplemented(
    message = "this function cannot answer an endpoint",
    label = "not a handler",
    note = "a handler is `async fn(cx: &Cx, ..) -> Result<View>` with up to four arguments"
)]
pub trait Handler<Arguments>: Send + Sync + 'static {
    /// What it answers with.
    type Answer;

    /// Runs the function.
    fn handle(&self, cx: &Cx, arguments: Arguments) -> impl Future<Output = Result<Self::Answer>>;
}

/// Up to four [`FromCx`] arguments.
pub trait Arguments: Sized + 'static {
    /// Their scopes, joined: personal as soon as one of them names a user.
    type Scope: Scope;
    /// What the request has to bring for them.
    const NEEDS: &'static [Need];

    /// Reads them in order.
    ///
    /// # Errors
    /// The problem of the first that the request does not bring.
    fn from_cx(cx: &Cx) -> Result<Self>;
}

macro_rules! joined {
    () => { Shared };
    ($head:ident $($tail:ident)*) => { <$head::Scope as Scope>::And<joined!($($tail)*)> };
}

macro_rules! handler {
    ($($argument:ident)*) => {
        impl<Function, V, $($argument),*> Handler<($($argument,)*)> for Function
        where
            Function: AsyncFn(&Cx $(, $argument)*) -> Result<V> + Send + Sync + 'static,
        {
            type Answer = V;

            #[allow(non_snake_case, reason = "the type parameters name the arguments' places")]
            async fn handle(&self, cx: &Cx, ($($argument,)*): ($($argument,)*)) -> Result<V> {
                self(cx $(, $argument)*).await
            }
        }

        impl<$($argument: FromCx + 'static),*> Arguments for ($($argument,)*) {
            type Scope = joined!($($argument)*);
            const NEEDS: &'static [Need] = &[$($argument::NEED),*];

            #[allow(unused_variables, reason = "without arguments there is nothing to read")]
            fn from_cx(cx: &Cx) -> Result<Self> {
                Ok(($($argument::from_cx(cx)?,)*))
            }
        }
    };
}

handler!();
handler!(A);
handler!(A B);
handler!(A B C);
handler!(A B C D);

/// A handler whose types are forgotten, so that a table can hold it.
trait Run: Send + Sync {
    fn run<'a>(&'a self, cx: &'a Cx) -> Local<'a, Result<Answer>>;
}

struct Erased<H, A> {
    handler: H,
    arguments: std::marker::PhantomData<fn(A)>,
}

impl<H: Handler<A>, A: Arguments> Run for Erased<H, A>
where
    H::Answer: Record,
{
    fn run<'a>(&'a self, cx: &'a Cx) -> Local<'a, Result<Answer>> {
        Box::pin(async move {
            let view = self.handler.handle(cx, A::from_cx(cx)?).await?;
            Answer::render(&view).map_err(|_| {
                Problem::new(
                    Class::Internal,
                    "INTERNAL",
                    "Something went wrong on our side. Please try again later.",
                )
            })
        })
    }
}
