//! The tree against the definition of RFC 6962 written out, against known roots, and proofs against every tree up to a bound.

use super::*;
use std::convert::Infallible;

/// The definition, word for word: MTH of RFC 6962, 2.1.
fn defined_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => sha256(&[]),
        [only] => *only,
        more => {
            let mut middle = 1;
            while middle * 2 < more.len() {
                middle *= 2;
            }
            node_hash(&defined_root(&more[..middle]), &defined_root(&more[middle..]))
        }
    }
}

struct Leaves(Vec<Hash>);

impl Nodes for Leaves {
    type Error = Infallible;
    fn node(&self, level: u32, index: u64) -> Result<Hash, Infallible> {
        let width = 1_usize << level;
        let from = usize::try_from(index).unwrap() * width;
        Ok(defined_root(&self.0[from..from + width]))
    }
}

fn leaves(count: u64) -> Leaves {
    let leaf = |number: u64| leaf_hash(&[3; SALT_BYTES], &number.to_be_bytes());
    Leaves((0..count).map(leaf).collect())
}

/// The roots that every implementation of RFC 6962 tests itself with (Certificate Transparency's test data).
#[test]
fn known_roots() {
    let data = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut frontier = Frontier::default();
    assert_eq!(hex::encode(frontier.root()), roots[0]);
    for (leaf, root) in data.iter().zip(&roots[1..]) {
        // Their leaves have no salt.
        frontier.push(sha256(&[&[0], &hex::decode(leaf).unwrap()]));
        assert_eq!(hex::encode(frontier.root()), *root);
    }
}

#[test]
fn a_frontier_has_the_root_of_its_leaves() {
    let all = leaves(200);
    let mut frontier = Frontier::default();
    for size in 0..=200_u64 {
        assert_eq!(frontier.root(), defined_root(&all.0[..usize::try_from(size).unwrap()]));
        assert_eq!(root_of(&all, size), Ok(frontier.root()));
        let parts = (frontier.size(), frontier.peaks().to_vec());
        assert_eq!(Frontier::from_parts(parts.0, parts.1), Some(frontier.clone()));
        if size < 200 {
            frontier.push(all.0[usize::try_from(size).unwrap()]);
        }
    }
}

#[test]
fn every_leaf_of_every_tree_is_proven_and_nothing_else_is() {
    for size in 1..=70_u64 {
        let all = leaves(size);
        let root = root_of(&all, size).unwrap();
        for index in 0..size {
            let leaf = all.0[usize::try_from(index).unwrap()];
            let proof = inclusion_proof(&all, index, size).unwrap();
            assert!(includes(&root, size, (index, &leaf), &proof));
            assert!(!includes(&root, size, (index, &[9; 32]), &proof));
            assert!(!includes(&root, size, (size, &leaf), &proof));
            for other in (0..size).filter(|other| *other != index) {
                assert!(!includes(&root, size, (other, &leaf), &proof), "{size} {index} {other}");
            }
            for changed in 0..proof.len() {
                let mut bad = proof.clone();
                bad[changed][31] ^= 1;
                assert!(!includes(&root, size, (index, &leaf), &bad));
                bad.remove(changed);
                assert!(!includes(&root, size, (index, &leaf), &bad));
            }
        }
    }
}

#[test]
fn every_beginning_is_proven_and_nothing_else_is() {
    let all = leaves(70);
    let root = |size| root_of(&all, size).unwrap();
    for new in 1..=70_u64 {
        for old in 1..=new {
            let proof = consistency_proof(&all, old, new).unwrap();
            assert!(
                is_beginning((old, &root(old)), (new, &root(new)), &proof),
                "{old} {new}"
            );
            assert!(!is_beginning((old, &[9; 32]), (new, &root(new)), &proof));
            assert!(!is_beginning((old, &root(old)), (new, &[9; 32]), &proof));
            assert!(!is_beginning((new + 1, &root(old)), (new, &root(new)), &proof));
            for changed in 0..proof.len() {
                let mut bad = proof.clone();
                bad[changed][0] ^= 1;
                assert!(!is_beginning((old, &root(old)), (new, &root(new)), &bad));
                bad.remove(changed);
                assert!(!is_beginning((old, &root(old)), (new, &root(new)), &bad));
            }
        }
    }
}
