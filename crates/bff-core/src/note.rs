//! Degradation notes: the one value behind the envelope, the `Degraded` header, the log line and
//! the metric.

use crate::{Criticality, Reason};
use serde::{Serialize, Serializer, ser::SerializeStruct};
use std::{fmt, time::Duration};

/// One section of the answer that is not what its service would have said just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The name of the call whose answer is missing.
    pub section: &'static str,
    /// What its failure would have meant to the page. A critical section can only be stale.
    pub criticality: Criticality,
    /// What the client got instead.
    pub filled: Filled,
    /// Why.
    pub reason: Reason,
}

/// What stands in the place of a missing answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filled {
    /// The fallback written beside the call.
    Default,
    /// An earlier answer of the same service.
    Stale {
        /// How long ago it was read.
        age: Duration,
    },
    /// Nothing: the section is left out.
    Absent,
}

impl Filled {
    /// The word for it, as in `meta.sections` and in metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Stale { .. } => "stale",
            Self::Absent => "absent",
        }
    }
}

/// `recommendations;filled=default;reason=TIMEOUT`: one item of the `Degraded` header and of the
/// log line, in the syntax of structured fields (RFC 9651).
impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{};filled={}", self.section, self.filled.word())?;
        if let Filled::Stale { age } = self.filled {
            write!(f, ";age={}", age.as_secs())?;
        }
        write!(f, ";reason={}", self.reason.code())
    }
}

/// `{"section":"recommendations","filled":"default","reason":"TIMEOUT"}`, with `ageSeconds` when it
/// is stale.
impl Serialize for Note {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut note = serializer.serialize_struct("Note", 4)?;
        note.serialize_field("section", self.section)?;
        note.serialize_field("filled", self.filled.word())?;
        if let Filled::Stale { age } = self.filled {
            note.serialize_field("ageSeconds", &age.as_secs())?;
        }
        note.serialize_field("reason", self.reason.code())?;
        note.end()
    }
}
