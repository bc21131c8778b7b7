//! Handlers: async functions from the context and up to four arguments to a view.

use crate::ports::Local;
use crate::{
    Answer, Class, Criticality, Cx, Filled, FromCx, Need, Note, Problem, Reason, Record, Result,
    Scope, Shared, View,
};
use std::{marker::PhantomData, sync::Arc};

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
pub(crate) trait Run: Send + Sync {
    fn run<'a>(&'a self, cx: &'a Cx) -> Local<'a, Result<Answer>>;
}

struct Erased<H, A> {
    handler: H,
    arguments: PhantomData<fn(A)>,
}

/// The handler without its types.
pub(crate) fn erased<H: Handler<A>, A: Arguments>(handler: H) -> Arc<dyn Run>
where
    H::Answer: Record,
{
    Arc::new(Erased { handler, arguments: PhantomData })
}

impl<H: Handler<A>, A: Arguments> Run for Erased<H, A>
where
    H::Answer: Record,
{
    fn run<'a>(&'a self, cx: &'a Cx) -> Local<'a, Result<Answer>> {
        Box::pin(async move {
            let view = self.handler.handle(cx, A::from_cx(cx)?).await?;
            if let Some(section) = view.lost() {
                let (criticality, reason) = (Criticality::Optional, Reason::Invalid);
                cx.note(Note { section, criticality, filled: Filled::Absent, reason });
            }
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
