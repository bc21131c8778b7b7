//! Cutting members out of JSON text without reading it: the least that projection can cost. It trusts its input; a BFF
//! must not.

/// Appends `{"to":value,...}` with the members of `object` that are named in `wanted` as `(from, to)`, in that order.
/// Strings and numbers are copied as they stand. None when a member is missing.
#[must_use]
pub fn pick<const N: usize>(
    object: &[u8],
    wanted: &[(&str, &str); N],
    out: &mut Vec<u8>,
) -> Option<()> {
    let mut found = [None; N];
    let mut missing = N;
    let mut at = after_space(object, 0) + 1;
    while missing > 0 {
        let (key, value, next) = member(object, at)?;
        let slots = wanted.iter().zip(&mut found);
        for (_, slot) in slots.filter(|((from, _), _)| from.as_bytes() == key) {
            *slot = Some(value);
            missing -= 1;
        }
        at = next;
    }
    for (place, ((_, to), value)) in wanted.iter().zip(found).enumerate() {
        out.extend_from_slice(if place == 0 { b"{\"" } else { b",\"" });
        out.extend_from_slice(to.as_bytes());
        out.extend_from_slice(b"\":");
        out.extend_from_slice(value?);
    }
    out.push(b'}');
    Some(())
}

/// Appends `[...]` with [`pick`] of every element of the list that is the member `name` of `object`.
#[must_use]
pub fn pick_each<const N: usize>(
    object: &[u8],
    name: &str,
    wanted: &[(&str, &str); N],
    out: &mut Vec<u8>,
) -> Option<()> {
    let mut at = after_space(object, 0) + 1;
    let list = loop {
        let (key, value, next) = member(object, at)?;
        if key == name.as_bytes() {
            break value;
        }
        at = next;
    };
    out.push(b'[');
    let mut at = after_space(list, 1);
    let mut first = true;
    while *list.get(at)? != b']' {
        if !first {
            out.push(b',');
        }
        first = false;
        let end = value_end(list, at)?;
        pick(list.get(at..end)?, wanted, out)?;
        at = after_comma(list, end);
    }
    out.push(b']');
    Some(())
}

/// Key, value and the place of the next member.
fn member(object: &[u8], at: usize) -> Option<(&[u8], &[u8], usize)> {
    let at = after_space(object, at);
    let key_end = value_end(object, at)?;
    let key = object.get(at + 1..key_end - 1)?;
    let start = after_space(object, after_space(object, key_end) + 1);
    let end = value_end(object, start)?;
    Some((key, object.get(start..end)?, after_comma(object, end)))
}

/// The end of the value that begins at `at`.
fn value_end(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at)? {
        b'"' => string_end(text, at),
        b'{' | b'[' => nested_end(text, at),
        _ => {
            let ends =
                |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
            Some(at + text.get(at..)?.iter().position(ends)?)
        }
    }
}

/// Eight bytes at a time: most strings end within two steps, too soon for a search that has to be set up.
fn string_end(text: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        let rest = text.get(at..)?;
        at += match rest.first_chunk() {
            Some(eight) => {
                let word = u64::from_le_bytes(*eight);
                let found = equal(word, b'"') | equal(word, b'\\');
                if found == 0 {
                    at += 8;
                    continue;
                }
                // A place below eight.
                (found.trailing_zeros() / 8) as usize
            }
            None => rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?,
        };
        if *text.get(at)? == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);

/// The highest bit of every byte of `word` that equals `byte`; true at least up to the first of them.
fn equal(word: u64, byte: u8) -> u64 {
    let zero = word ^ (ONES * u64::from(byte));
    zero.wrapping_sub(ONES) & !zero & HIGHS
}

fn nested_end(text: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    loop {
        let marks = |byte: &u8| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']');
        at += text.get(at..)?.iter().position(marks)?;
        match text.get(at)? {
            b'"' => {
                at = string_end(text, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            _ if depth == 1 => return Some(at + 1),
            _ => depth -= 1,
        }
        at += 1;
    }
}

fn after_comma(text: &[u8], at: usize) -> usize {
    let at = after_space(text, at);
    if text.get(at) == Some(&b',') { after_space(text, at + 1) } else { at }
}

fn after_space(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: Option<&str>) {
        let mut out = Vec::new();
        let done = pick(body.as_bytes(), &[("a", "a"), ("b", "c")], &mut out);
        let found = done.map(|()| String::from_utf8(out).unwrap());
        assert_eq!(found.as_deref(), expected, "{body}");
    }

    #[test]
    fn wanted_members_are_cut_out_and_renamed() {
        check(r#"{"a":1,"b":"x"}"#, Some(r#"{"a":1,"c":"x"}"#));
        check(
            r#"{"x":{"a":7,"b":[{"a":8}]},"b":"\"}","y":"a","a":null}"#,
            Some(r#"{"a":null,"c":"\"}"}"#),
        );
        check(
            "{ \"b\" : [1, {\"a\":2}] ,\n \"a\" : -1.5e3 }",
            Some("{\"a\":-1.5e3,\"c\":[1, {\"a\":2}]}"),
        );
        check(r#"{"b":"a\\","a":""}"#, Some(r#"{"a":"","c":"a\\"}"#));
    }

    #[test]
    fn what_is_missing_or_cut_off_is_noticed() {
        for body in [r#"{"a":1}"#, r#"{"a":1,"b":"x"#, "{}", "", "{", r#"{"a":1,"b":[1"#] {
            check(body, None);
        }
    }

    #[test]
    fn lists_keep_their_order() {
        let each = |body: &str| {
            let mut out = Vec::new();
            pick_each(body.as_bytes(), "items", &[("a", "b")], &mut out)
                .map(|()| String::from_utf8(out).unwrap())
        };
        let body = r#"{"n":[1],"items":[{"z":0,"a":1}, {"a":"2"}],"m":3}"#;
        assert_eq!(each(body).as_deref(), Some(r#"[{"b":1},{"b":"2"}]"#));
        assert_eq!(each(r#"{"items":[]}"#).as_deref(), Some("[]"));
        assert_eq!(each(r#"{"other":[]}"#), None);
    }
}
