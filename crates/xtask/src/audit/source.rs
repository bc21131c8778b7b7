//! One source file as rules look at it: parsed, without its tests.

use super::{File, Finding, Rule};
use proc_macro2::{Delimiter, Literal, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Expr, Item, Macro, Token as Punct, punctuated::Punctuated};

/// A parsed file.
pub(crate) struct Source<'a> {
    pub(crate) file: &'a File,
    pub(crate) code: syn::File,
}

/// A word of the code with the line on which it stands.
pub(crate) enum Token {
    Name(String, usize),
    /// The text of a string.
    Text(String, usize),
}

impl<'a> Source<'a> {
    pub(crate) fn parse(file: &'a File) -> Result<Self, Finding> {
        let mut code = syn::parse_file(&file.text).map_err(|error| Finding {
            rule: Rule::NoView,
            file: file.path.clone(),
            line: error.span().start().line,
            what: format!("this is no Rust: {error}"),
            advice: "repair it, so that it can be read",
        })?;
        code.items.retain(|item| !is_test(item));
        Ok(Self { file, code })
    }

    pub(crate) fn finding(
        &self,
        rule: Rule,
        line: usize,
        what: String,
        advice: &'static str,
    ) -> Finding {
        Finding { rule, file: self.file.path.clone(), line, what, advice }
    }

    /// Every name and string, also those in macros, but not those in attributes and comments.
    pub(crate) fn tokens(&self) -> Vec<Token> {
        let mut tokens = Vec::new();
        collect(self.code.to_token_stream(), &mut tokens);
        tokens
    }
}

/// The arguments of a macro that takes expressions, such as `vec!`; none of any other.
pub(crate) fn arguments(call: &Macro) -> Vec<Expr> {
    let parser = Punctuated::<Expr, Punct![,]>::parse_terminated;
    call.parse_body_with(parser).map(|all| all.into_iter().collect()).unwrap_or_default()
}

/// The line of a span, from 1.
pub(crate) fn line(span: Span) -> usize {
    span.start().line
}

fn collect(stream: TokenStream, tokens: &mut Vec<Token>) {
    let mut after_hash = false;
    for tree in stream {
        match tree {
            TokenTree::Punct(mark) if mark.as_char() == '#' => {
                after_hash = true;
                continue;
            }
            TokenTree::Punct(mark) if after_hash && mark.as_char() == '!' => continue,
            TokenTree::Group(group) => {
                let is_attribute = after_hash && group.delimiter() == Delimiter::Bracket;
                if !is_attribute {
                    collect(group.stream(), tokens);
                }
            }
            TokenTree::Ident(name) => tokens.push(Token::Name(name.to_string(), line(name.span()))),
            TokenTree::Literal(literal) => tokens.extend(text_of(&literal)),
            TokenTree::Punct(_) => {}
        }
        after_hash = false;
    }
}

fn text_of(literal: &Literal) -> Option<Token> {
    let text: syn::LitStr = syn::parse2(TokenTree::from(literal.clone()).into()).ok()?;
    Some(Token::Text(text.value(), line(literal.span())))
}

fn is_test(item: &Item) -> bool {
    let attributes: &[Attribute] = match item {
        Item::Mod(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    };
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}
