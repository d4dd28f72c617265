//! The names of the functions that were linked into a program, packed: what is kept of each is
//! 32 bits of a hash, and of those the distance to the next. So a program of 25,000 functions takes
//! 75 kilobytes, and a function that is not there passes for one that is in one case of 100,000.

use xxhash_rust::xxh3::xxh3_64;

/// Names that are kept of one program: a few times what the largest have.
pub(crate) const MAX_NAMES: usize = 400_000;

/// Names, as they come by.
#[derive(Debug, Default)]
pub(crate) struct Names {
    hashes: Vec<u32>,
    /// The package of the name before.
    package: Vec<u8>,
    overflown: bool,
}

impl Names {
    /// Takes in a function by its whole name, `package.symbol`, and its package.
    pub(crate) fn push(&mut self, package: &[u8], name: &[u8]) {
        if self.hashes.len() + 2 > 2 * MAX_NAMES {
            self.shrink();
            if self.hashes.len() > MAX_NAMES {
                self.overflown = true;
            }
        }
        if self.overflown {
            return;
        }
        if self.package != package {
            self.package.clear();
            self.package.extend_from_slice(package);
            self.hashes.push(hash(package));
        }
        self.hashes.push(hash(name));
    }

    /// Takes in a function of a package.
    #[cfg(test)]
    pub(crate) fn add(&mut self, package: &str, symbol: &str) {
        self.push(package.as_bytes(), format!("{package}.{symbol}").as_bytes());
    }

    fn shrink(&mut self) {
        self.hashes.sort_unstable();
        self.hashes.dedup();
    }

    /// The packed names; nothing where there are too many.
    pub(crate) fn pack(mut self) -> Option<Vec<u8>> {
        self.shrink();
        if self.overflown || self.hashes.len() > MAX_NAMES {
            return None;
        }
        let mut packed = Vec::with_capacity(3 * self.hashes.len());
        let mut last = 0;
        for hash in self.hashes {
            let mut distance = hash - last;
            last = hash;
            while distance >= 0x80 {
                packed.push(distance as u8 | 0x80);
                distance >>= 7;
            }
            packed.push(distance as u8);
        }
        Some(packed)
    }
}

/// Names that can be asked for.
#[derive(Debug, Default)]
pub(crate) struct KnownNames {
    /// Sorted.
    hashes: Vec<u32>,
}

impl KnownNames {
    /// Unpacks what [`Names::pack`] packed; of anything else, whatever it holds.
    pub(crate) fn unpack(packed: &[u8]) -> Self {
        let mut hashes = Vec::with_capacity(packed.len() / 2);
        let (mut last, mut distance, mut shift) = (0_u32, 0_u32, 0);
        for byte in packed {
            distance |= u32::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            shift += 7;
            if byte & 0x80 == 0 {
                last = last.wrapping_add(distance);
                hashes.push(last);
                (distance, shift) = (0, 0);
            }
        }
        hashes.sort_unstable();
        Self { hashes }
    }

    /// Whether any function of the package is there.
    pub(crate) fn has_package(&self, package: &str) -> bool {
        self.has(package.as_bytes())
    }

    /// Whether the function is there.
    pub(crate) fn has_function(&self, package: &str, symbol: &str) -> bool {
        self.has(format!("{package}.{symbol}").as_bytes())
    }

    fn has(&self, name: &[u8]) -> bool {
        self.hashes.binary_search(&hash(name)).is_ok()
    }
}

fn hash(name: &[u8]) -> u32 {
    (xxh3_64(name) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_put_in_is_there() {
        let mut names = Names::default();
        for number in 0..30_000 {
            names.add(
                &format!("example.test/p{}", number / 20),
                &format!("T.F{number}"),
            );
        }
        let packed = names.pack().unwrap();
        assert!(packed.len() < 100_000, "{}", packed.len());
        let known = KnownNames::unpack(&packed);
        assert_eq!(known.hashes.len(), 31_500);
        for number in 0..30_000 {
            let package = format!("example.test/p{}", number / 20);
            assert!(known.has_package(&package));
            assert!(known.has_function(&package, &format!("T.F{number}")));
        }
        assert!(!known.has_package("example.test/p1500"));
        assert!(!known.has_function("example.test/p0", "T.F20"));
    }

    #[test]
    fn too_many_are_none() {
        let mut names = Names::default();
        // Some hashes are the same.
        for number in 0..MAX_NAMES + 1_000 {
            // The same one twice counts once.
            names.push(b"p", &number.to_le_bytes());
            names.push(b"p", &number.to_le_bytes());
        }
        assert!(names.pack().is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_unpack(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let known = KnownNames::unpack(&bytes);
            prop_assert!(known.hashes.is_sorted());
            prop_assert!(known.hashes.len() <= bytes.len());
        }
    }
}
