//! A log's hashes as files, laid out as C2SP `tlog-tiles` says: `tile/<level>/<number>[.p/<width>]`, 256 hashes in a full tile.
//! Readers of that format read them. Only the newest tile of a level is partial.
//!
//! Must not be here: signatures, contents of leaves.

use super::tree::{Hash, Nodes, node_hash};
use crate::StoreError;
use crate::disk::{Disk, read_file};
use crate::keyring::io_error;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Hashes in a full tile.
pub const TILE_WIDTH: usize = 256;
const WIDTH: u64 = 256;
/// Levels of the tree in one level of tiles.
const TILE_LEVELS: u32 = 8;
const HASH_BYTES: usize = 32;

/// The path of a tile below the log's folder. `width` 0 or 256: a full one.
#[must_use]
pub fn tile_path(level: u32, number: u64, width: usize) -> PathBuf {
    let mut groups = vec![format!("{:03}", number % 1_000)];
    let mut rest = number / 1_000;
    while rest > 0 {
        groups.push(format!("x{:03}", rest % 1_000));
        rest /= 1_000;
    }
    groups.reverse();
    let mut path = format!("tile/{level}/{}", groups.join("/"));
    if width > 0 && width < TILE_WIDTH {
        path = format!("{path}.p/{width}");
    }
    PathBuf::from(path)
}

/// Where the leaf or node of a level lies: its tile's number and its place there.
const fn cut(index: u64) -> (u64, u64) {
    (index / WIDTH, index % WIDTH)
}

/// How wide a tile of a level is in a log of this size.
#[must_use]
pub fn width_of(level: u32, number: u64, size: u64) -> usize {
    let on_level = size.checked_shr(level * TILE_LEVELS).unwrap_or(0);
    let (full, rest) = cut(on_level);
    match number {
        number if number < full => TILE_WIDTH,
        number if number == full => usize::try_from(rest).unwrap_or(0),
        _ => 0,
    }
}

/// A tile's hashes.
///
/// # Errors
/// When there is none, or it is not as wide as it must be.
pub fn read_tile(
    disk: &dyn Disk,
    folder: &Path,
    level: u32,
    number: u64,
    width: usize,
) -> Result<Vec<Hash>, StoreError> {
    let path = folder.join(tile_path(level, number, width));
    let bytes_max = (TILE_WIDTH * HASH_BYTES) as u64;
    let bytes = match read_file(disk, &path, bytes_max) {
        // A partial tile may have been removed once the full one was there; its beginning is the same.
        Err(error) if error.kind() == ErrorKind::NotFound && width < TILE_WIDTH => {
            read_file(disk, &folder.join(tile_path(level, number, TILE_WIDTH)), bytes_max)
        }
        other => other,
    };
    let bytes = bytes.map_err(io_error("read a tile", &path))?;
    let hashes: Vec<Hash> = bytes
        .chunks_exact(HASH_BYTES)
        .filter_map(|hash| hash.try_into().ok())
        .collect();
    if bytes.len() % HASH_BYTES != 0 || hashes.len() < width {
        return Err(StoreError::Corrupt {
            path,
            offset: bytes.len() as u64,
            what: format!("the tile has fewer than {width} hashes"),
        });
    }
    Ok(hashes.into_iter().take(width).collect())
}

/// The root of a full tile, or of any power of two of hashes.
#[must_use]
pub fn perfect_root(hashes: &[Hash]) -> Option<Hash> {
    let mut row = hashes.to_vec();
    if !row.len().is_power_of_two() {
        return None;
    }
    while row.len() > 1 {
        row = row
            .chunks_exact(2)
            .filter_map(|pair| match pair {
                [left, right] => Some(node_hash(left, right)),
                _ => None,
            })
            .collect();
    }
    row.first().copied()
}

/// The nodes of a log of one size, read from its tiles.
pub struct Tiles<'a> {
    /// The disk.
    pub disk: &'a dyn Disk,
    /// The log's folder.
    pub folder: &'a Path,
    /// Leaves in the log: which tiles are partial.
    pub size: u64,
}

impl Nodes for Tiles<'_> {
    type Error = StoreError;

    fn node(&self, level: u32, index: u64) -> Result<Hash, StoreError> {
        // A node inside a tile is the root of a power of two of the tile's hashes.
        let (tile_level, height) = (level / TILE_LEVELS, level % TILE_LEVELS);
        let (number, first) = cut(index << height);
        let width = width_of(tile_level, number, self.size);
        let tile = read_tile(self.disk, self.folder, tile_level, number, width)?;
        let first = usize::try_from(first).unwrap_or(usize::MAX);
        let below = tile.get(first..first.saturating_add(1 << height));
        below.and_then(perfect_root).ok_or_else(|| StoreError::Corrupt {
            path: self.folder.join(tile_path(tile_level, number, width)),
            offset: first as u64,
            what: "the log is shorter than was asked".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_have_the_names_of_the_specification() {
        for (level, number, width, path) in [
            (0, 0, 0, "tile/0/000"),
            (0, 273, 100, "tile/0/273.p/100"),
            (1, 1_234_067, 256, "tile/1/x001/x234/067"),
            (2, 70_000, 1, "tile/2/x070/000.p/1"),
        ] {
            assert_eq!(tile_path(level, number, width), PathBuf::from(path));
        }
    }

    #[test]
    fn widths_follow_the_size() {
        // 70,000 leaves: 273 full tiles and one of 112; on the level above, one full and one of 17; then one hash.
        for (level, number, width) in [
            (0, 272, 256),
            (0, 273, 112),
            (0, 274, 0),
            (1, 0, 256),
            (1, 1, 17),
            (2, 0, 1),
            (3, 0, 0),
        ] {
            assert_eq!(width_of(level, number, 70_000), width, "{level} {number}");
        }
    }
}
