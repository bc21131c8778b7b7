//! Versions of BFFs: three numbers, as in Semantic Versioning 2.0.0 without its suffixes.

use std::{fmt, str::FromStr};

/// `1.2.3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

/// Which number grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Patch,
    Minor,
    Major,
}

impl Version {
    pub(super) fn bumped(self, level: Level) -> Self {
        let Self { major, minor, patch } = self;
        match level {
            Level::Major => Self { major: major + 1, minor: 0, patch: 0 },
            Level::Minor => Self { major, minor: minor + 1, patch: 0 },
            Level::Patch => Self { major, minor, patch: patch + 1 },
        }
    }

    /// What a change that breaks clients needs at least: before 1.0.0 nothing is promised but patches.
    pub(super) fn level_that_may_break(self) -> Level {
        if self.major == 0 { Level::Minor } else { Level::Major }
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers: Vec<u32> = text.split('.').map_while(|number| number.parse().ok()).collect();
        match *numbers.as_slice() {
            [major, minor, patch] if text == format!("{major}.{minor}.{patch}") => {
                Ok(Self { major, minor, patch })
            }
            _ => Err(format!("version `{text}` is not three numbers, as in 1.2.3")),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl Level {
    pub(super) fn named(word: &str) -> Option<Self> {
        match word {
            "major" => Some(Self::Major),
            "minor" => Some(Self::Minor),
            "patch" => Some(Self::Patch),
            _ => None,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Major => "major",
            Self::Minor => "minor",
            Self::Patch => "patch",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_grows_and_those_below_it_begin_again() {
        let bumped = |text: &str, level| text.parse::<Version>().unwrap().bumped(level).to_string();
        assert_eq!(bumped("0.1.9", Level::Patch), "0.1.10");
        assert_eq!(bumped("0.1.9", Level::Minor), "0.2.0");
        assert_eq!(bumped("1.2.3", Level::Major), "2.0.0");
    }

    #[test]
    fn what_breaks_needs_a_minor_before_the_first_major_and_a_major_after() {
        let needs = |text: &str| text.parse::<Version>().unwrap().level_that_may_break();
        assert_eq!((needs("0.9.1"), needs("1.0.0")), (Level::Minor, Level::Major));
    }

    #[test]
    fn other_versions_are_refused() {
        for text in ["", "1", "1.2", "1.2.3.4", "1.2.3-rc.1", "01.2.3", "1.2.x", "+1.2.3"] {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
    }
}
