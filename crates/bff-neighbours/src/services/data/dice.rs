//! Chance that falls the same way every time: values determined by seed, kind and number.

use fastrand::Rng;
use std::ops::RangeInclusive;

/// All the data there is; equal seeds are equal worlds.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct World {
    pub(in super::super) seed: u64,
}

impl World {
    /// The dice that decide about one entity.
    pub(super) fn dice(self, kind: &str, number: u64) -> Dice {
        let bytes = kind.bytes().chain(number.to_le_bytes());
        Dice(Rng::with_seed(bytes.fold(self.seed, fnv)))
    }
}

/// One step of the hash FNV-1a.
pub(super) fn fnv(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
}

/// Decides about one entity, one value after the other.
#[derive(Debug)]
pub(super) struct Dice(Rng);

impl Dice {
    pub(super) fn between(&mut self, range: RangeInclusive<u64>) -> u64 {
        self.0.u64(range)
    }

    pub(super) fn one_in(&mut self, chances: u64) -> bool {
        self.between(1..=chances) == 1
    }

    pub(super) fn pick(&mut self, words: &[&'static str]) -> &'static str {
        self.0.choice(words).copied().unwrap_or_default()
    }

    /// `count` different words, or all there are, in the order of the list.
    pub(super) fn some(&mut self, words: &[&'static str], count: usize) -> Vec<&'static str> {
        let mut chosen = self.0.choose_multiple(words.iter().copied().enumerate(), count);
        chosen.sort_unstable();
        chosen.into_iter().map(|(_, word)| word).collect()
    }

    /// Between 0 and 1, with four decimals.
    pub(super) fn fraction(&mut self) -> f64 {
        f64::from(self.0.u16(0..=10_000)) / 10_000.0
    }

    pub(super) fn hex(&mut self, length: usize) -> String {
        (0..length).map(|_| self.0.digit(16)).collect()
    }

    pub(super) fn ip(&mut self) -> String {
        format!("10.{}.{}.{}", self.0.u8(..), self.0.u8(..), self.0.u8(1..))
    }

    /// A day of the given year, such as `2026-03-14`.
    pub(super) fn date(&mut self, year: u16) -> String {
        format!("{year}-{:02}-{:02}", self.0.u8(1..=12), self.0.u8(1..=28))
    }

    /// A moment of the given year, such as `2026-03-14T09:26:53Z`.
    pub(super) fn time(&mut self, year: u16) -> String {
        let (hour, minute, second) = (self.0.u8(0..24), self.0.u8(0..60), self.0.u8(0..60));
        format!("{}T{hour:02}:{minute:02}:{second:02}Z", self.date(year))
    }

    /// A day as people write it, such as `Tue 24 Nov`.
    pub(super) fn day_in_november(&mut self) -> String {
        // 2026 has its first of November on a Sunday.
        let weekdays = ["Sat", "Sun", "Mon", "Tue", "Wed", "Thu", "Fri"];
        let day = self.0.u8(1..=30);
        let weekday = weekdays.get(usize::from(day % 7)).copied().unwrap_or_default();
        format!("{weekday} {day} Nov")
    }
}

/// Cents as people write them.
pub(super) fn money(cents: u64) -> String {
    format!("€{}.{:02}", cents / 100, cents % 100)
}
