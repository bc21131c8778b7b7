//! The shape of a view as a constant: what is read, what is written, and a fingerprint of both.

use std::fmt;

/// What a view looks like on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Whole {
        /// Its width as it is kept, from 8 to 64.
        bits: u8,
        /// Whether it can be negative.
        signed: bool,
    },
    /// A number with a fraction.
    Decimal {
        /// Its width as it is kept: 32 or 64.
        bits: u8,
    },
    /// A string.
    Text,
    /// A value that may be missing; then the member is left out.
    Maybe(&'static Shape),
    /// An array of equal shapes.
    List(&'static Shape),
    /// A string out of a fixed set.
    Choice {
        /// The set.
        words: &'static [&'static str],
        /// The word that stands for every one that is not in the set.
        other: Option<&'static str>,
    },
    /// An object.
    Record {
        /// The name of the view in kebab-case.
        name: &'static str,
        /// The version written by hand beside the view, from 1.
        revision: u32,
        /// The members in the order in which they are written.
        members: &'static [Member],
    },
}

/// One member of a [`Shape::Record`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// The name that the client sees.
    pub name: &'static str,
    /// The name that the service uses.
    pub from: &'static str,
    /// What the member holds.
    pub shape: &'static Shape,
}

/// 64 bits that change when a shape changes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(u64);

impl Shape {
    /// The fingerprint of the whole tree: FNV-1a, 64 bit (Fowler, Noll, Vo; draft-eastlake-fnv),
    /// over kinds and names. Two names of one member count, because a value that was read from
    /// another place is another value; so do the width and sign of a number, because kept bytes are
    /// read by them, and the word that stands for unknown ones. Revisions and the names of views do
    /// not.
    #[must_use]
    pub const fn fingerprint(&self) -> Fingerprint {
        Fingerprint(self.mix(0xcbf2_9ce4_8422_2325))
    }

    /// The revision of a record, also of one in a list or an option; 1 for everything else.
    #[must_use]
    pub const fn revision(&self) -> u32 {
        match self {
            Self::Record { revision, .. } => *revision,
            Self::List(inner) | Self::Maybe(inner) => inner.revision(),
            _ => 1,
        }
    }

    /// The members of a record; none for everything else.
    #[must_use]
    pub const fn members(&self) -> &'static [Member] {
        match self {
            Self::Record { members, .. } => members,
            _ => &[],
        }
    }

    #[allow(
        clippy::indexing_slicing,
        reason = "const evaluation has no iterators; the loops are bounded by len()"
    )]
    const fn mix(&self, hash: u64) -> u64 {
        match self {
            Self::Flag => mix_byte(hash, b'f'),
            Self::Whole { bits, signed: false } => mix_byte(mix_byte(hash, b'u'), *bits),
            Self::Whole { bits, signed: true } => mix_byte(mix_byte(hash, b'i'), *bits),
            Self::Decimal { bits } => mix_byte(mix_byte(hash, b'd'), *bits),
            Self::Text => mix_byte(hash, b't'),
            Self::Maybe(inner) => inner.mix(mix_byte(hash, b'?')),
            Self::List(inner) => inner.mix(mix_byte(hash, b'[')),
            Self::Choice { words, other } => {
                let mut hash = mix_byte(hash, b'(');
                let mut i = 0;
                while i < words.len() {
                    hash = mix_text(hash, words[i]);
                    i += 1;
                }
                if let Some(other) = other {
                    hash = mix_text(mix_byte(hash, b'*'), other);
                }
                mix_byte(hash, b')')
            }
            Self::Record { members, .. } => {
                let mut hash = mix_byte(hash, b'{');
                let mut i = 0;
                while i < members.len() {
                    let member = &members[i];
                    hash = member.shape.mix(mix_text(mix_text(hash, member.name), member.from));
                    i += 1;
                }
                mix_byte(hash, b'}')
            }
        }
    }
}

const fn mix_byte(hash: u64, byte: u8) -> u64 {
    (hash ^ byte as u64).wrapping_mul(0x0000_0100_0000_01b3)
}

/// Mixes a name and its end, so that `ab` + `c` differs from `a` + `bc`.
#[allow(
    clippy::indexing_slicing,
    reason = "const evaluation has no iterators; the loop is bounded by len()"
)]
const fn mix_text(hash: u64, text: &str) -> u64 {
    let bytes = text.as_bytes();
    let mut hash = hash;
    let mut i = 0;
    while i < bytes.len() {
        hash = mix_byte(hash, bytes[i]);
        i += 1;
    }
    mix_byte(hash, 0)
}

impl Fingerprint {
    /// The eight bytes stored beside a cached value.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
