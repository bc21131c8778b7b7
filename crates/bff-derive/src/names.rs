//! Wire names: `camelCase` for members, `SCREAMING_SNAKE_CASE` for words, `kebab-case` for
//! contracts.

/// `user_id` as `userId`.
pub(crate) fn camel(name: &str) -> String {
    let mut words = name.trim_start_matches("r#").split('_').filter(|word| !word.is_empty());
    let mut out = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}

/// `SoldOut` as `SOLD_OUT`.
pub(crate) fn screaming(name: &str) -> String {
    split_words(name, '_').to_ascii_uppercase()
}

/// `ProductPage` as `product-page`.
pub(crate) fn kebab(name: &str) -> String {
    split_words(name, '-').to_ascii_lowercase()
}

/// Puts `between` before every capital that begins a word: one behind a letter that is none, or before
/// one that is none, so that an acronym is one word.
fn split_words(name: &str, between: char) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut letters = name.chars().peekable();
    let mut before = None;
    while let Some(letter) = letters.next() {
        let begins = before.is_some_and(|before: char| {
            !before.is_ascii_uppercase() || letters.peek().is_some_and(char::is_ascii_lowercase)
        });
        if letter.is_ascii_uppercase() && begins {
            out.push(between);
        }
        out.push(letter);
        before = Some(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_wire() {
        assert_eq!(camel("user_id"), "userId");
        assert_eq!(camel("r#type"), "type");
        assert_eq!(camel("eta"), "eta");
        assert_eq!(screaming("SoldOut"), "SOLD_OUT");
        assert_eq!(screaming("Gold"), "GOLD");
        assert_eq!(kebab("ProductPage"), "product-page");
    }

    #[test]
    fn an_acronym_is_one_word() {
        for (name, expected) in [
            ("HTTPStatusPage", "http-status-page"),
            ("StatusHTTP", "status-http"),
            ("ProductSKU", "product-sku"),
            ("AProduct", "a-product"),
            ("PageV2", "page-v2"),
            ("X509Certificate", "x509-certificate"),
            ("A", "a"),
        ] {
            assert_eq!(kebab(name), expected, "{name}");
        }
        assert_eq!(screaming("SoldOutEU"), "SOLD_OUT_EU");
    }
}
