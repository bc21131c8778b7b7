//! The people who can sign in: the users of the sample services, without a password.

/// The users on the sign-in page, as the sample services of seed 1 know them.
pub(super) const DEMO: [(&str, &str); 5] = [
    ("u-1", "Amir Weber"),
    ("u-2", "Oskar Bauer"),
    ("u-3", "Ingrid García"),
    ("u-4", "Sofia Marino"),
    ("u-5", "Clara Lindqvist"),
];

/// The sample services know `u-1` to this one.
const LAST: u32 = 5000;

/// Name and email of `id`, if there is such a user.
pub(super) fn find(id: &str) -> Option<(String, String)> {
    let number = id.strip_prefix("u-")?.parse().ok().filter(|n| (1..=LAST).contains(n))?;
    // `u-007` parses too, but is nobody.
    if format!("u-{number}") != id {
        return None;
    }
    let known = DEMO.iter().find(|(known, _)| *known == id);
    let name = known.map_or_else(|| format!("User {number}"), |(_, name)| (*name).to_owned());
    Some((name, format!("user{number}@example.com")))
}
