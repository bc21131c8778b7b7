//! Cache keys that are made by hand: they have no version that anybody checks, and no scope that the
//! compiler computed.

use crate::audit::{
    File, Finding, Rule, Tree,
    source::{Source, Token},
};

const CLIENTS: [&str; 8] = [
    "redis",
    "deadpool_redis",
    "fred",
    "bff_redis",
    "bff_cache",
    "moka",
    "memcache",
    "cached_proc",
];

const ADVICE: &str =
    "keep the call with `.cached(..)`, which makes `client:entity:vN:scope:id` by itself";

/// Strings that look like keys, the type of keys, and clients of caches, in a BFF's code.
pub(crate) fn cache_key(source: &Source<'_>) -> Vec<Finding> {
    let find = |token| {
        let (line, what) = match token {
            Token::Text(text, line) if looks_like_a_key(&text) => {
                (line, format!("`{text}` looks like a cache key"))
            }
            Token::Name(name, line) if name == "Key" => (line, "a `Key` made by hand".to_owned()),
            Token::Name(name, line) if CLIENTS.contains(&name.as_str()) => {
                (line, format!("`{name}`: a BFF speaks with no store itself"))
            }
            _ => return None,
        };
        Some(source.finding(Rule::CacheKey, line, what, ADVICE))
    };
    source.tokens().into_iter().filter_map(find).collect()
}

/// Clients of caches in the manifests of BFFs.
pub(crate) fn cache_clients(tree: &Tree) -> Vec<Finding> {
    let of_file = |file: &File| {
        let of_line = |(line, text): (usize, &str)| {
            let name = text.split(['.', '=', ' ']).next().unwrap_or_default().trim();
            let is_client = CLIENTS.contains(&name.replace('-', "_").as_str());
            is_client.then(|| Finding {
                rule: Rule::CacheKey,
                file: file.path.clone(),
                line,
                what: format!("the BFF depends on `{name}`"),
                advice: ADVICE,
            })
        };
        file.plain_lines().filter_map(of_line).collect::<Vec<_>>()
    };
    tree.files.iter().filter(|file| file.is_manifest()).flat_map(of_file).collect()
}

/// Words between colons, as in `product:{id}`; but no address, time or port, and no scope, which is
/// two words: `orders:read`.
fn looks_like_a_key(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let is_part = |part: &&str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "{}_-.*".contains(c);
        part.is_empty() || part.chars().all(allowed)
    };
    let is_number = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    let begins = parts.first().is_some_and(|first| {
        first.len() > 1 && first.starts_with(|c: char| c.is_ascii_lowercase() || c == '{')
    });
    let inner_empty = parts.iter().rev().skip(1).any(|part| part.is_empty());
    let is_port = parts.len() == 2 && parts.last().is_some_and(is_number);
    let is_word = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase());
    let is_scope = parts.len() == 2 && parts.iter().all(is_word);
    let other = inner_empty || is_port || is_scope;
    parts.len() > 1 && begins && !other && parts.iter().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::looks_like_a_key;

    #[test]
    fn keys_are_told_from_other_text_with_colons() {
        for key in ["product:{id}", "mobile:home:v3:shared:p-1", "user:", "{client}:{entity}:{id}"]
        {
            assert!(looks_like_a_key(key), "{key}");
        }
        for other in [
            "12:30",
            "orders:read",
            "localhost:8080",
            "http://users",
            "Note: this",
            "a::b",
            ":",
            "At 12:30",
        ] {
            assert!(!looks_like_a_key(other), "{other}");
        }
    }
}
