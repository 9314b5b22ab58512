//! Names of the simulated disk: what is seen now, what is durable, and the changes between. No content.

use super::Survival;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

/// One change of names. Each survives a power cut or not, on its own, until its directory is synced.
#[derive(Clone)]
pub(super) enum NameChange {
    /// A directory was made.
    Directory(PathBuf),
    /// A file was made.
    Create(PathBuf, usize),
    /// A file was renamed.
    Rename(PathBuf, PathBuf, usize),
    /// A file was removed.
    Remove(PathBuf),
}

#[derive(Clone, Default)]
struct Tree {
    files: BTreeMap<PathBuf, usize>,
    directories: BTreeSet<PathBuf>,
}

impl Tree {
    fn apply(&mut self, change: &NameChange) {
        match change {
            NameChange::Directory(path) => {
                self.directories.insert(path.clone());
            }
            NameChange::Create(path, inode) => {
                self.files.insert(path.clone(), *inode);
            }
            NameChange::Rename(from, to, inode) => {
                if self.files.get(from) == Some(inode) {
                    self.files.remove(from);
                }
                self.files.insert(to.clone(), *inode);
            }
            NameChange::Remove(path) => {
                self.files.remove(path);
            }
        }
    }
}

/// All names.
#[derive(Clone, Default)]
pub(super) struct Names {
    live: Tree,
    stable: Tree,
    pending: Vec<NameChange>,
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or_else(|| Path::new(""))
}

impl Names {
    pub(super) fn file(&self, path: &Path) -> Option<usize> {
        self.live.files.get(path).copied()
    }

    pub(super) fn files(&self) -> impl Iterator<Item = (&PathBuf, usize)> {
        self.live.files.iter().map(|(path, inode)| (path, *inode))
    }

    fn has_directory(&self, path: &Path) -> bool {
        path.as_os_str().is_empty() || path.is_absolute() || self.live.directories.contains(path)
    }

    pub(super) fn change(&mut self, change: NameChange) -> io::Result<()> {
        match &change {
            NameChange::Directory(path) => {
                if self.live.directories.contains(path) {
                    return Ok(());
                }
            }
            NameChange::Create(path, _) => {
                if self.live.files.contains_key(path) {
                    return Err(io::ErrorKind::AlreadyExists.into());
                }
                if !self.has_directory(parent(path)) {
                    return Err(io::ErrorKind::NotFound.into());
                }
            }
            NameChange::Rename(from, to, _) => {
                if !self.live.files.contains_key(from) || !self.has_directory(parent(to)) {
                    return Err(io::ErrorKind::NotFound.into());
                }
            }
            NameChange::Remove(path) => {
                if !self.live.files.contains_key(path) {
                    return Err(io::ErrorKind::NotFound.into());
                }
            }
        }
        self.live.apply(&change);
        self.pending.push(change);
        Ok(())
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let inode = self.file(from).ok_or(io::ErrorKind::NotFound)?;
        self.change(NameChange::Rename(from.to_path_buf(), to.to_path_buf(), inode))
    }

    pub(super) fn erase(&mut self, path: &Path) -> bool {
        self.stable.files.remove(path);
        self.live.files.remove(path).is_some()
    }

    pub(super) fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        if !self.has_directory(directory) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let all = self.live.files.keys().chain(&self.live.directories);
        let mut names: Vec<String> = all
            .filter(|path| !path.is_absolute() && parent(path) == directory)
            .filter_map(|path| path.file_name().map(|name| name.to_string_lossy().into_owned()))
            .collect();
        names.sort();
        Ok(names)
    }

    /// Makes the changes in one directory durable. A rename is durable once either of its directories is synced.
    pub(super) fn sync(&mut self, directory: &Path) -> io::Result<()> {
        if !self.has_directory(directory) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let stable = &mut self.stable;
        self.pending.retain(|change| {
            let here = match change {
                NameChange::Directory(path) | NameChange::Create(path, _) | NameChange::Remove(path) => {
                    parent(path) == directory
                }
                NameChange::Rename(from, to, _) => parent(from) == directory || parent(to) == directory,
            };
            if here {
                stable.apply(change);
            }
            !here
        });
        Ok(())
    }

    pub(super) fn after_crash(&self, survival: &mut Survival) -> Self {
        let mut tree = self.stable.clone();
        for change in &self.pending {
            if survival.choose(2) == 1 {
                tree.apply(change);
            }
        }
        let whole = |path: &Path, directories: &BTreeSet<PathBuf>| {
            path.is_absolute()
                || path
                    .ancestors()
                    .skip(1)
                    .all(|above| above.as_os_str().is_empty() || directories.contains(above))
        };
        let directories = tree.directories.clone();
        tree.directories.retain(|path| whole(path, &directories));
        let directories = tree.directories.clone();
        tree.files.retain(|path, _| whole(path, &directories));
        Self {
            live: tree.clone(),
            stable: tree,
            pending: Vec::new(),
        }
    }
}
