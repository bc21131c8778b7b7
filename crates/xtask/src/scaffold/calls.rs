//! What a new endpoint asks first: a call that its BFF already makes, by the signature that it has
//! there, and a view of what the sample service answers.

use super::{camel, snake, tools};
use std::path::Path;
use syn::{
    Expr, ExprLit, FnArg, GenericArgument, ImplItem, Item, ItemFn, Lit, Pat, PathArguments,
    ReturnType, Type,
};

/// A call of whose answer a few members are known.
struct Known {
    module: &'static str,
    function: &'static str,
    /// The sample service, as tests name it.
    service: &'static str,
    /// Name and type of each member.
    members: &'static [(&'static str, &'static str)],
    words: &'static str,
}

/// The first one that a BFF has is what it asks when no other is called like the endpoint.
const KNOWN: [Known; 4] = [
    Known {
        module: "users",
        function: "profile",
        service: "Users",
        members: &[("display_name", "String"), ("loyalty_tier", "String")],
        words: "who it is",
    },
    Known {
        module: "orders",
        function: "recent",
        service: "Orders",
        members: &[("order_id", "String"), ("status", "String"), ("item_count", "u32")],
        words: "the ten latest orders",
    },
    Known {
        module: "recommendations",
        function: "for_user",
        service: "Recommendations",
        members: &[("product_id", "String"), ("title", "String"), ("price_formatted", "String")],
        words: "ten things to look at",
    },
    Known {
        module: "catalog",
        function: "product",
        service: "Catalog",
        members: &[("product_id", "ProductId"), ("title", "String"), ("brand", "String")],
        words: "one product",
    },
];
/// What an endpoint has in scope without an import.
const PRELUDE: [&str; 2] = ["User", "Page"];

/// A call, as an endpoint writes it.
pub(super) struct Call {
    /// `orders`, or `catalog::{self, ProductId}`.
    pub(super) import: String,
    /// The handler's arguments after the context.
    pub(super) arguments: String,
    /// `orders::recent(&me, 10)`.
    pub(super) expression: String,
    /// The member that holds a list; nothing when the answer is one thing.
    pub(super) list: Option<String>,
    /// The parameter that the path needs: `product` for an argument that is an `Id<Product>`.
    pub(super) parameter: Option<String>,
    known: &'static Known,
}

impl Call {
    /// Those that a BFF has, the one that suits an endpoint's name first.
    ///
    /// # Errors
    /// Which services would do, when it asks none of them.
    pub(super) fn all_for(root: &Path, bff: &str, name: &str) -> Result<Vec<Self>, String> {
        let suits = |known: &&Known| known.module == snake(name);
        let others = KNOWN.iter().filter(|known| !suits(known));
        let sorted = KNOWN.iter().filter(suits).chain(others);
        let calls: Vec<_> = sorted.filter_map(|known| Self::of(root, bff, known)).collect();
        if calls.is_empty() {
            let names = KNOWN.map(|known| format!("{}::{}", known.module, known.function));
            return Err(format!("bffs/{bff}/src/upstream has none of {}", names.join(", ")));
        }
        Ok(calls)
    }

    fn of(root: &Path, bff: &str, known: &'static Known) -> Option<Self> {
        let path = format!("bffs/{bff}/src/upstream/{}.rs", known.module);
        let text = tools::read(root, &path).ok()?;
        let file = syn::parse_file(&text).ok()?;
        let function = file.items.iter().find_map(|item| match item {
            Item::Fn(function) if function.sig.ident == known.function => Some(function),
            _ => None,
        })?;
        let parameter = |kind: &str| {
            let id = file.items.iter().find_map(|item| id(item, kind))?;
            file.items.iter().find_map(|item| parameter(item, &id))
        };
        let taken: Vec<Argument> =
            function.sig.inputs.iter().map(argument).collect::<Option<_>>()?;
        let declared =
            || taken.iter().filter_map(|each| each.kind.as_ref().map(|kind| (each, kind)));
        let mut imports: Vec<&str> = declared().map(|(_, kind)| kind.as_str()).collect();
        imports.retain(|kind| !PRELUDE.contains(kind));
        imports.sort_unstable();
        let import = match imports.as_slice() {
            [] => known.module.to_owned(),
            kinds => format!("{}::{{self, {}}}", known.module, kinds.join(", ")),
        };
        let arguments: Vec<_> =
            declared().map(|(each, kind)| format!("{}: {kind}", each.name)).collect();
        let given: Vec<_> = taken.iter().map(Argument::given).collect();
        Some(Self {
            import,
            arguments: arguments.join(", "),
            expression: format!("{}::{}({})", known.module, known.function, given.join(", ")),
            list: is_list(function).then(|| member(&text, known.function)).flatten(),
            parameter: declared().find_map(|(_, kind)| parameter(kind)),
            known,
        })
    }

    /// What stands between @ signs in the templates of an endpoint.
    pub(super) fn words(&self) -> Vec<(&'static str, String)> {
        let Known { service, members, words, .. } = self.known;
        let fields = members.iter().map(|(name, kind)| format!("    {name}: {kind},"));
        let mut names: Vec<_> = members.iter().map(|(name, _)| camel(name)).collect();
        let list = self.list.clone().unwrap_or_default();
        if self.list.is_none() {
            names.push("meta".to_owned());
        }
        names.sort_unstable();
        let names = names.iter().map(|name| format!("\"{name}\""));
        let place =
            if self.list.is_some() { format!("/{}/0", camel(&list)) } else { String::new() };
        vec![
            ("import", self.import.clone()),
            ("arguments", self.arguments.clone()),
            ("call", self.expression.clone()),
            ("fields", fields.collect::<Vec<_>>().join("\n")),
            ("list", list),
            ("place", place),
            ("members", names.collect::<Vec<_>>().join(", ")),
            ("service", (*service).to_owned()),
            ("words", (*words).to_owned()),
        ]
    }
}

/// One argument of a call: a number, or something that the handler takes.
struct Argument {
    name: String,
    kind: Option<String>,
}

impl Argument {
    fn given(&self) -> String {
        match &self.kind {
            Some(_) => format!("&{}", self.name),
            None => "10".to_owned(),
        }
    }
}

fn argument(argument: &FnArg) -> Option<Argument> {
    let FnArg::Typed(argument) = argument else { return None };
    let Pat::Ident(name) = &*argument.pat else { return None };
    let name = name.ident.to_string().trim_start_matches('_').to_owned();
    match &*argument.ty {
        Type::Reference(reference) => Some(Argument { name, kind: Some(last(&reference.elem)?) }),
        number => ["u8", "u16", "u32"]
            .contains(&last(number)?.as_str())
            .then_some(Argument { name, kind: None }),
    }
}

/// What the alias `name` identifies: `Product` of `Id<Product>`.
fn id(item: &Item, name: &str) -> Option<String> {
    let Item::Type(alias) = item else { return None };
    let Type::Path(path) = &*alias.ty else { return None };
    let id = path.path.segments.last().filter(|id| alias.ident == name && id.ident == "Id")?;
    let PathArguments::AngleBracketed(of) = &id.arguments else { return None };
    of.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(kind) => last(kind),
        _ => None,
    })
}

/// The `PARAMETER` of `impl Kind for ..`.
fn parameter(item: &Item, kind: &str) -> Option<String> {
    let Item::Impl(item) = item else { return None };
    let is_kind = item.trait_.as_ref()?.1.is_ident("Kind") && last(&item.self_ty)? == kind;
    let text = |expression: &Expr| match expression {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    };
    item.items.iter().filter(|_| is_kind).find_map(|item| match item {
        ImplItem::Const(constant) if constant.ident == "PARAMETER" => text(&constant.expr),
        _ => None,
    })
}

fn last(kind: &Type) -> Option<String> {
    let Type::Path(path) = kind else { return None };
    path.path.segments.last().map(|segment| segment.ident.to_string())
}

fn is_list(function: &ItemFn) -> bool {
    let ReturnType::Type(_, kind) = &function.sig.output else { return false };
    quote::quote!(#kind).to_string().contains("Vec <")
}

/// What a call is named, as a member: `recent_orders` of `.named("recentOrders")`.
fn member(text: &str, function: &str) -> Option<String> {
    let (_, body) = text.split_once(&format!("fn {function}"))?;
    let (_, named) = body.split_once(".named(\"")?;
    let (name, _) = named.split_once('"')?;
    let letter = |c: char| match c.is_ascii_uppercase() {
        true => format!("_{}", c.to_ascii_lowercase()),
        false => c.to_string(),
    };
    Some(name.chars().map(letter).collect())
}
