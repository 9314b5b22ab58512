//! The Merkle tree of RFC 6962, section 2.1: hashes of leaves and nodes, roots, proofs of inclusion and of consistency, and
//! their checks. Pure. The checks share nothing with what makes the proofs but the two hash functions.
//!
//! Must not be here: files, signatures, what leaves say.

use crate::seal::sha256;
use cabinet_domain::audit::SALT_BYTES;

/// SHA-256 of a leaf or a node.
pub type Hash = [u8; 32];

/// A leaf's hash: over a zero byte, its salt and its canonical bytes.
#[must_use]
pub fn leaf_hash(salt: &[u8; SALT_BYTES], record: &[u8]) -> Hash {
    sha256(&[&[0], salt, record])
}

/// A node's hash: over a one byte and its two children.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], left, right])
}

/// The root of a tree without leaves.
#[must_use]
pub fn empty_root() -> Hash {
    sha256(&[])
}

/// The right edge of a tree: the roots of the perfect trees it is made of, largest first. All that is needed to go on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// Of stored parts; none when their number does not fit the size.
    #[must_use]
    pub fn from_parts(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (peaks.len() == size.count_ones() as usize).then_some(Self { size, peaks })
    }

    /// How many leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The perfect trees' roots, largest first.
    #[must_use]
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Adds a leaf's hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // Each one bit at the end of the size is a perfect tree that now has an equal beside it.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else {
            return empty_root();
        };
        peaks.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// Looks up the root of the perfect tree of `2^level` leaves that is the `index`th of its level.
pub trait Nodes {
    /// What goes wrong in looking.
    type Error;
    /// The node.
    ///
    /// # Errors
    /// When it cannot be read.
    fn node(&self, level: u32, index: u64) -> Result<Hash, Self::Error>;
}

/// The largest power of two below `size`, which must be 2 or more.
const fn split(size: u64) -> u64 {
    1 << (u64::BITS - 1 - (size - 1).leading_zeros())
}

/// The root of the leaves `from..until`, which must be a subtree as RFC 6962 cuts them.
fn range<N: Nodes>(nodes: &N, from: u64, until: u64) -> Result<Hash, N::Error> {
    let size = until - from;
    if size == 0 {
        return Ok(empty_root());
    }
    if size.is_power_of_two() && from.is_multiple_of(size) {
        return nodes.node(size.trailing_zeros(), from / size);
    }
    let middle = from + split(size);
    Ok(node_hash(&range(nodes, from, middle)?, &range(nodes, middle, until)?))
}

/// The root of the first `size` leaves.
///
/// # Errors
/// When a node cannot be read.
pub fn root_of<N: Nodes>(nodes: &N, size: u64) -> Result<Hash, N::Error> {
    range(nodes, 0, size)
}

/// The proof that the leaf `index` is among the first `size` (RFC 6962, 2.1.1), from the leaf upwards. `index < size`.
///
/// # Errors
/// When a node cannot be read.
pub fn inclusion_proof<N: Nodes>(nodes: &N, index: u64, size: u64) -> Result<Vec<Hash>, N::Error> {
    let (mut from, mut until) = (0, size);
    let mut proof = Vec::new();
    while until - from > 1 {
        let middle = from + split(until - from);
        if index < middle {
            proof.push(range(nodes, middle, until)?);
            until = middle;
        } else {
            proof.push(range(nodes, from, middle)?);
            from = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The proof that the first `old` leaves are the beginning of the first `new` (RFC 6962, 2.1.2). `0 < old <= new`.
///
/// # Errors
/// When a node cannot be read.
pub fn consistency_proof<N: Nodes>(nodes: &N, old: u64, new: u64) -> Result<Vec<Hash>, N::Error> {
    let (mut from, mut until) = (0, new);
    let mut proof = Vec::new();
    // Whether the subtree looked at is one whose root the verifier knows: the old tree itself.
    let mut known = true;
    while old != until {
        let middle = from + split(until - from);
        if old <= middle {
            proof.push(range(nodes, middle, until)?);
            until = middle;
        } else {
            proof.push(range(nodes, from, middle)?);
            from = middle;
            known = false;
        }
    }
    if !known {
        proof.push(range(nodes, from, until)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Whether `proof` shows that `leaf` is the leaf `index` of the tree with this size and root (RFC 9162, 2.1.3.2).
#[must_use]
pub fn includes(root: &Hash, size: u64, (index, leaf): (u64, &Hash), proof: &[Hash]) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for beside in proof {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(beside, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, beside);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether `proof` shows that the tree `old` is the beginning of the tree `new`; each is size and root (RFC 9162, 2.1.4.2).
#[must_use]
pub fn is_beginning(old: (u64, &Hash), new: (u64, &Hash), proof: &[Hash]) -> bool {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    if old_size == 0 || old_size > new_size {
        return false;
    }
    if old_size == new_size {
        return proof.is_empty() && old_root == new_root;
    }
    let mut path = proof.iter();
    let first = if old_size.is_power_of_two() {
        Some(old_root)
    } else {
        path.next()
    };
    let Some(first) = first else { return false };
    let (mut node, mut last) = (old_size - 1, new_size - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut before, mut after) = (*first, *first);
    for beside in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            before = node_hash(beside, &before);
            after = node_hash(beside, &after);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            after = node_hash(&after, beside);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && before == *old_root && after == *new_root
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
