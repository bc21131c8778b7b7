//! Calls that an endpoint waits for outside `gather`: there one failure aborts the page, or one slow
//! call holds it up, and nothing says which of them the page can do without.

use crate::audit::{
    Finding, Rule,
    source::{Source, arguments, line},
};
use proc_macro2::Span;
use std::collections::HashSet;
use syn::{
    Expr, ExprAwait, ExprMethodCall, Item, Macro, Path,
    visit::{self, Visit},
};

/// Macros and types that run futures together.
const TOGETHER: [&str; 13] = [
    "try_join",
    "join",
    "try_join3",
    "join3",
    "try_join_all",
    "join_all",
    "select",
    "select_all",
    "select_ok",
    "FuturesUnordered",
    "FuturesOrdered",
    "JoinSet",
    "LocalSet",
];
const SPAWN: [&str; 3] = ["spawn", "spawn_local", "spawn_blocking"];

const ADVICE: &str = "run it through `cx.gather` as `Critical`, `Optional` or `Omittable`, which say what its failure means";

/// Looks at endpoint files only.
pub(crate) fn fan_out(source: &Source<'_>) -> Vec<Finding> {
    if !source.file.is_endpoint() {
        return Vec::new();
    }
    let functions = source.code.items.iter().filter_map(|item| match item {
        Item::Fn(item) => Some(item.sig.ident.to_string()),
        _ => None,
    });
    let mut visitor = Visitor { source, own: functions.collect(), found: Vec::new() };
    visitor.visit_file(&source.code);
    visitor.found
}

struct Visitor<'a> {
    source: &'a Source<'a>,
    /// The file's own functions, which are looked at themselves.
    own: HashSet<String>,
    found: Vec<Finding>,
}

impl Visitor<'_> {
    fn find(&mut self, span: Span, what: String) {
        self.found.push(self.source.finding(Rule::FanOut, line(span), what, ADVICE));
    }

    fn goes_through_gather(&self, awaited: &Expr) -> bool {
        match awaited {
            Expr::MethodCall(call) if call.method == "gather" => true,
            // Adapters of the same future.
            Expr::MethodCall(call) => self.goes_through_gather(&call.receiver),
            Expr::Call(call) => match &*call.func {
                Expr::Path(path) => {
                    path.path.get_ident().is_some_and(|name| self.own.contains(&name.to_string()))
                }
                _ => false,
            },
            Expr::Paren(inner) => self.goes_through_gather(&inner.expr),
            _ => false,
        }
    }
}

impl<'ast> Visit<'ast> for Visitor<'_> {
    fn visit_macro(&mut self, call: &'ast Macro) {
        if let Some(last) = call.path.segments.last()
            && TOGETHER.contains(&last.ident.to_string().as_str())
        {
            return self.find(last.ident.span(), format!("`{}!`", last.ident));
        }
        for inner in arguments(call) {
            self.visit_expr(&inner);
        }
    }

    fn visit_path(&mut self, path: &'ast Path) {
        let names: Vec<_> = path.segments.iter().map(|segment| &segment.ident).collect();
        let together =
            names.iter().find(|name| TOGETHER.iter().skip(2).any(|known| *name == known));
        if let Some(name) = together {
            self.find(name.span(), format!("`{name}`"));
        }
        if let [.., module, last] = names.as_slice()
            && SPAWN.iter().any(|known| *last == known)
        {
            self.find(last.span(), format!("`{module}::{last}`"));
        }
        visit::visit_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        if call.method == "fetch" {
            self.find(call.method.span(), "a direct `.fetch(..)`".to_owned());
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_await(&mut self, awaited: &'ast ExprAwait) {
        let known = self.found.len();
        visit::visit_expr_await(self, awaited);
        // What is awaited says more than that it is.
        if self.found.len() == known && !self.goes_through_gather(&awaited.base) {
            let what = "something is awaited that is not `gather`".to_owned();
            self.find(awaited.await_token.span, what);
        }
    }
}
