//! The buckets of this process: a table of fixed size, in which a flood of names takes no memory.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// Buckets that share a lock, and among which a new one finds its place.
const WAYS: usize = 8;
/// Sets of them; a power of two.
const SETS: usize = 8192;

/// At most [`WAYS`] x [`SETS`] buckets, a megabyte. A bucket that is whole again is as good as none,
/// and gives way to a new one. When none of a set is, the one that is nearest to it gives way: its
/// owner has a little more than the quota.
#[derive(Debug)]
pub(crate) struct Table {
    sets: Box<[Mutex<[Bucket; WAYS]>]>,
    evicted: AtomicU64,
}

/// All zeros is a bucket that is whole.
#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    key: u64,
    arrival: u64,
}

impl Table {
    pub(crate) fn new() -> Self {
        let sets = (0..SETS).map(|_| Mutex::default()).collect();
        Self { sets, evicted: AtomicU64::new(0) }
    }

    /// Buckets that gave way before they were whole.
    pub(crate) fn evicted(&self) -> u64 {
        self.evicted.load(Relaxed)
    }

    /// The arrival time of a bucket, which is not made for it.
    pub(crate) fn read(&self, key: u64) -> u64 {
        let bucket = |set: &[Bucket; WAYS]| set.iter().find(|bucket| bucket.key == key).copied();
        self.with_set(key, |set| bucket(set)).unwrap_or_default().arrival
    }

    /// Changes the arrival time of a bucket.
    pub(crate) fn change<T>(&self, key: u64, now: u64, change: impl FnOnce(&mut u64) -> T) -> T {
        self.with_set(key, |set| {
            let known = set.iter().position(|bucket| bucket.key == key);
            let at = known.unwrap_or_else(|| nearest_to_whole(set));
            let mut unplaced = Bucket::default();
            let bucket = set.get_mut(at).unwrap_or(&mut unplaced);
            if bucket.key != key {
                if bucket.arrival > now {
                    self.evicted.fetch_add(1, Relaxed);
                }
                *bucket = Bucket { key, arrival: 0 };
            }
            change(&mut bucket.arrival)
        })
    }

    fn with_set<T>(&self, key: u64, work: impl FnOnce(&mut [Bucket; WAYS]) -> T) -> T {
        let index = usize::try_from(key % SETS as u64).unwrap_or_default();
        match self.sets.get(index) {
            Some(set) => work(&mut set.lock().unwrap_or_else(PoisonError::into_inner)),
            // There are `SETS` of them.
            None => work(&mut [Bucket::default(); WAYS]),
        }
    }
}

fn nearest_to_whole(set: &[Bucket; WAYS]) -> usize {
    let nearest = set.iter().enumerate().min_by_key(|(_, bucket)| bucket.arrival);
    nearest.map_or(0, |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys that share a set.
    fn key(n: u64) -> u64 {
        n * SETS as u64 + 7
    }

    #[test]
    fn a_bucket_keeps_its_time() {
        let table = Table::new();
        table.change(key(1), 0, |arrival| *arrival = 50);
        table.change(key(2), 0, |arrival| *arrival = 60);
        table.change(key(1), 0, |arrival| *arrival += 5);
        assert_eq!((table.read(key(1)), table.read(key(2)), table.read(key(3))), (55, 60, 0));
    }

    #[test]
    fn a_whole_bucket_gives_way_first_and_then_the_one_nearest_to_it() {
        let table = Table::new();
        for n in 1..=WAYS as u64 {
            table.change(key(n), 0, |arrival| *arrival = 100 + n);
        }
        table.change(key(100), 101, |arrival| *arrival = 500);
        assert_eq!((table.read(key(1)), table.evicted()), (0, 0), "it was whole");
        table.change(key(101), 101, |arrival| *arrival = 500);
        assert_eq!((table.read(key(2)), table.evicted()), (0, 1));
        assert_eq!((table.read(key(3)), table.read(key(100))), (103, 500));
    }
}
