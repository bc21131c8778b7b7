//! Routes that answer with something else than a declared view: then whatever a service adds would
//! reach the client.

use crate::audit::{
    Finding, Rule,
    source::{Source, Token, arguments, line},
};
use std::collections::HashMap;
use syn::{
    Attribute, Expr, ExprMethodCall, FnArg, GenericArgument, Item, PathArguments, ReturnType,
    Signature, Type, UseTree,
    visit::{self, Visit},
};

const ADVICE: &str = "answer with a struct with `#[derive(View)]` that is declared in this file";
const LOOSE: [&str; 4] = ["Value", "RawValue", "json", "serde_json"];

/// Looks at the handlers of endpoint files, and for loose JSON everywhere.
pub(crate) fn no_view(source: &Source<'_>) -> Vec<Finding> {
    let mut found = loose_json(source);
    if source.file.is_endpoint() {
        let mut visitor = Visitor { source, known: Known::of(source), found: Vec::new() };
        visitor.visit_file(&source.code);
        found.extend(visitor.found);
    }
    found
}

fn loose_json(source: &Source<'_>) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for token in source.tokens() {
        let Token::Name(name, line) = token else { continue };
        if LOOSE.contains(&name.as_str()) && found.last().is_none_or(|last| last.line != line) {
            let what = format!("loose JSON: `{name}`");
            found.push(source.finding(Rule::NoView, line, what, ADVICE));
        }
    }
    found
}

/// What the names of a file mean.
struct Known<'a> {
    views: Vec<String>,
    imported: Vec<String>,
    functions: HashMap<String, &'a Signature>,
}

impl<'a> Known<'a> {
    fn of(source: &'a Source<'_>) -> Self {
        let mut known = Self { views: Vec::new(), imported: Vec::new(), functions: HashMap::new() };
        for item in &source.code.items {
            match item {
                Item::Struct(item) if derives_view(&item.attrs) => {
                    known.views.push(item.ident.to_string());
                }
                Item::Enum(item) if derives_view(&item.attrs) => {
                    known.views.push(item.ident.to_string());
                }
                Item::Use(item) => collect_names(&item.tree, &mut known.imported),
                Item::Fn(item) => {
                    known.functions.insert(item.sig.ident.to_string(), &item.sig);
                }
                _ => {}
            }
        }
        known
    }

    fn has_view(&self, name: &str) -> bool {
        [&self.views, &self.imported].iter().any(|names| names.iter().any(|known| known == name))
    }
}

struct Visitor<'a> {
    source: &'a Source<'a>,
    known: Known<'a>,
    found: Vec<Finding>,
}

impl Visitor<'_> {
    fn check(&mut self, handler: &Expr, at: usize) {
        let mut find = |line, what| {
            self.found.push(self.source.finding(Rule::NoView, line, what, ADVICE));
        };
        let Expr::Path(path) = handler else {
            return find(at, "the handler is no function of this file".to_owned());
        };
        let name = path.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
        let Some(signature) = self.known.functions.get(&name) else {
            return find(at, format!("the handler `{name}` is no function of this file"));
        };
        let line = line(signature.ident.span());
        match answer(signature) {
            Some(view) if self.known.has_view(&view) => {}
            Some(other) => find(line, format!("`{name}` answers with `{other}`, which is no view")),
            None => find(line, format!("`{name}` does not answer with `Result<View>`")),
        }
    }
}

impl<'ast> Visit<'ast> for Visitor<'_> {
    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        for inner in arguments(call) {
            self.visit_expr(&inner);
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        if call.method == "to"
            && begins_with_route(&call.receiver)
            && let Some(handler) = call.args.first()
        {
            self.check(handler, line(call.method.span()));
        }
        visit::visit_expr_method_call(self, call);
    }
}

/// Whether a chain of method calls begins with `get(..)` or `post(..)`.
fn begins_with_route(chain: &Expr) -> bool {
    match chain {
        Expr::MethodCall(call) => begins_with_route(&call.receiver),
        Expr::Call(call) => matches!(&*call.func, Expr::Path(path)
            if path.path.segments.last().is_some_and(|last| last.ident == "get" || last.ident == "post")),
        _ => false,
    }
}

/// `Home` of `async fn home(cx: &Cx, ..) -> Result<Home>`.
fn answer(signature: &Signature) -> Option<String> {
    let takes_context = matches!(signature.inputs.first(), Some(FnArg::Typed(_)));
    let ReturnType::Type(_, returned) = &signature.output else { return None };
    let Type::Path(result) = &**returned else { return None };
    let result =
        result.path.segments.last().filter(|last| takes_context && last.ident == "Result")?;
    let PathArguments::AngleBracketed(arguments) = &result.arguments else { return None };
    match arguments.args.first()? {
        GenericArgument::Type(Type::Path(view)) => {
            view.path.segments.last().map(|last| last.ident.to_string())
        }
        _ => Some("an unnamed type".to_owned()),
    }
}

fn derives_view(attributes: &[Attribute]) -> bool {
    let mut found = false;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("derive")) {
        let _ = attribute.parse_nested_meta(|meta| {
            found |= meta.path.segments.last().is_some_and(|last| last.ident == "View");
            Ok(())
        });
    }
    found
}

fn collect_names(tree: &UseTree, names: &mut Vec<String>) {
    match tree {
        UseTree::Path(path) => collect_names(&path.tree, names),
        UseTree::Name(name) => names.push(name.ident.to_string()),
        UseTree::Rename(rename) => names.push(rename.rename.to_string()),
        UseTree::Group(group) => group.items.iter().for_each(|tree| collect_names(tree, names)),
        UseTree::Glob(_) => {}
    }
}
