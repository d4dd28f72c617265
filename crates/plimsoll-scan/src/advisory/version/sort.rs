//! Versions in their order.
//!
//! The standard library's sorts panic where an order is none, and Maven's is none (see there): some
//! twenty versions that somebody published are enough. Nor is it known of any other order for certain.
//! So whoever sorts versions, sorts them here.

use std::cmp::Ordering;

use super::Order;

impl Order {
    /// Sorts versions, the least first, and leaves one of those that are spelled the same. What is no
    /// version comes before all that are. `text` is how one is spelled.
    ///
    /// It ends, and never panics, whatever the order is; where that is none, each version still comes
    /// behind the one before it in most cases. The result is the same in whatever order they came.
    pub(in crate::advisory) fn sort<'v, T: Copy>(
        self,
        versions: &mut Vec<T>,
        text: impl Fn(T) -> &'v str,
    ) {
        versions.sort_unstable_by(|left, right| text(*left).cmp(text(*right)));
        versions.dedup_by(|left, right| text(*left) == text(*right));
        merge_sort(versions, |left, right| {
            let (left, right) = (text(left), text(right));
            let found = self.compare(left, right).unwrap_or_else(|_| {
                let are_valid = [left, right].map(|version| self.is_valid(version));
                are_valid[0].cmp(&are_valid[1])
            });
            found == Ordering::Less
        });
    }
}

/// Merges runs of doubling length, from the bottom up; equals stay in their places.
fn merge_sort<T: Copy>(items: &mut Vec<T>, is_less: impl Fn(T, T) -> bool) {
    let mut merged = Vec::with_capacity(items.len());
    let mut length = 1;
    while length < items.len() {
        for two in items.chunks(length.saturating_mul(2)) {
            let (mut left, mut right) = two.split_at(length.min(two.len()));
            while let ([one, behind_one @ ..], [other, behind_other @ ..]) = (left, right) {
                if is_less(*other, *one) {
                    merged.push(*other);
                    right = behind_other;
                } else {
                    merged.push(*one);
                    left = behind_one;
                }
            }
            merged.extend_from_slice(left);
            merged.extend_from_slice(right);
        }
        std::mem::swap(items, &mut merged);
        merged.clear();
        length = length.saturating_mul(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(order: Order, versions: &[&'static str]) -> Vec<&'static str> {
        let mut versions = versions.to_vec();
        order.sort(&mut versions, |version| version);
        versions
    }

    #[test]
    fn versions_come_in_their_order_each_spelling_once() {
        assert_eq!(
            sorted(
                Order::Semver,
                &["1.10.0", "1.2.0", "none", "1.2.0", "1.2.0-rc.1"]
            ),
            ["none", "1.2.0-rc.1", "1.2.0", "1.10.0"]
        );
        // Equals by their spelling.
        assert_eq!(
            sorted(Order::Pep440, &["2", "1.0.0", "1.0", "1"]),
            ["1", "1.0", "1.0.0", "2"]
        );
        assert_eq!(sorted(Order::Maven, &[]), [""; 0]);
    }

    /// The standard library may notice, and panic.
    #[test]
    fn what_goes_in_circles_is_sorted_all_the_same() {
        let circle = ["0-rc", "0", "x"];
        let less = |left, right| Order::Maven.compare(left, right) == Ok(Ordering::Less);
        assert!(less(circle[0], circle[1]) && less(circle[1], circle[2]));
        assert!(less(circle[2], circle[0]));
        let all = sorted(Order::Maven, &circle);
        assert_eq!(all, sorted(Order::Maven, &["x", "0", "0-rc"]));
        assert_eq!(all.len(), 3);
    }
}
