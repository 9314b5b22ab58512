//! A model of what a power cut leaves, fed with recorded system calls: files and directories as the system shows them, and
//! what of that a sync had made durable. Strict: a name is durable once its directory was synced, data once the file was; what
//! was not may be there or not, writes by sectors of 512 bytes, in any order.

use super::trace::Call;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

const SECTOR: usize = 512;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    File(usize),
    Directory(usize),
}

#[derive(Debug, Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

#[derive(Debug, Default)]
struct File {
    cached: Vec<u8>,
    durable: Vec<u8>,
    /// With the line on which each ended: a sync that begins later covers it.
    pending: Vec<(usize, Change)>,
}

type Names = BTreeMap<String, Node>;

/// A name, and what it stands for from now on; none: removed.
type Renaming = (String, Option<Node>);

#[derive(Debug, Default)]
struct Directory {
    cached: Names,
    durable: Names,
    /// Names set or removed together: a rename does both or neither.
    pending: Vec<(usize, Vec<Renaming>)>,
}

/// An open file: what it is, and its offset for calls that keep one.
#[derive(Debug, Clone, Copy)]
struct Open {
    node: Node,
    offset: usize,
}

/// Everything under one directory, which itself is durable and empty at the beginning.
#[derive(Debug)]
pub(crate) struct Disk {
    root: PathBuf,
    files: Vec<File>,
    directories: Vec<Directory>,
    open: HashMap<i64, Open>,
}

fn change(content: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Length(len) => content.resize(*len, 0),
        Change::Write(offset, data) => {
            let end = offset + data.len();
            content.resize(content.len().max(end), 0);
            content[*offset..end].copy_from_slice(data);
        }
    }
}

fn set(names: &mut Names, changes: &[Renaming]) {
    for (name, node) in changes {
        match node {
            Some(node) => names.insert(name.clone(), *node),
            None => names.remove(name),
        };
    }
}

impl Disk {
    /// An empty directory at `root`, an absolute path.
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            files: Vec::new(),
            directories: vec![Directory::default()],
            open: HashMap::new(),
        }
    }

    /// A new process: no descriptors.
    pub(crate) fn next_process(&mut self) {
        self.open.clear();
    }

    /// Takes in one call that succeeded. Calls must come in the order of their ends.
    pub(crate) fn take_in(&mut self, call: &Call) {
        if call.returned < 0 {
            return;
        }
        let count = usize::try_from(call.returned).unwrap_or(0);
        let descriptor = call.descriptor();
        match call.name.as_str() {
            "openat" => self.opened(call),
            // An allocator may look at the kernel's settings before anything else; the store itself opens with `openat`.
            "open" if self.find(&call.path(0)).is_none() => drop(self.open.remove(&call.returned)),
            "close" => drop(self.open.remove(&descriptor)),
            "read" => self.advance(descriptor, count),
            "lseek" => {
                if let Some(open) = self.open.get_mut(&descriptor) {
                    open.offset = count;
                }
            }
            "pwrite64" => self.write(call, usize::try_from(call.number(2)).expect("an offset"), count),
            "write" | "writev" => {
                if let Some(open) = self.open.get(&descriptor).copied() {
                    self.write(call, open.offset, count);
                    self.advance(descriptor, count);
                }
            }
            "ftruncate" => self.length(call, |_, wanted| wanted, 1),
            "fallocate" => self.length(call, usize::max, 3),
            "fsync" | "fdatasync" => self.sync(call),
            "mkdir" => self.made(call),
            "rename" => self.renamed(call),
            "link" | "linkat" => self.linked(call),
            "unlink" | "unlinkat" => self.removed(call),
            "recvfrom" | "sendto" | "sendmsg" | "accept4" => {}
            other => panic!("{other} is not modelled: {call:?}"),
        }
    }

    /// The directory a path lies in, and its name there; none outside the root.
    fn find(&self, path: &str) -> Option<(usize, String)> {
        let inside = Path::new(path).strip_prefix(&self.root).ok()?;
        let mut parts: Vec<String> = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        let name = parts.pop()?;
        let mut at = 0;
        for part in parts {
            match self.directories.get(at)?.cached.get(&part)? {
                Node::Directory(next) => at = *next,
                Node::File(_) => return None,
            }
        }
        Some((at, name))
    }

    fn look(&self, path: &str) -> Option<Node> {
        if Path::new(path) == self.root {
            return Some(Node::Directory(0));
        }
        let (directory, name) = self.find(path)?;
        self.directories.get(directory)?.cached.get(&name).copied()
    }

    fn name(&mut self, directory: usize, ended: usize, changes: Vec<Renaming>) {
        let directory = &mut self.directories[directory];
        set(&mut directory.cached, &changes);
        directory.pending.push((ended, changes));
    }

    fn opened(&mut self, call: &Call) {
        let path = call.path(0);
        self.open.remove(&call.returned);
        let mut node = self.look(&path);
        if node.is_none()
            && let Some((directory, name)) = self.find(&path)
        {
            let file = Node::File(self.files.len());
            self.files.push(File::default());
            self.name(directory, call.ended, vec![(name, Some(file))]);
            node = Some(file);
        }
        let Some(node) = node else { return };
        let flags = call.words.get(1).map_or("", String::as_str);
        assert!(!flags.contains("O_APPEND"), "appending is not modelled: {path}");
        self.open.insert(call.returned, Open { node, offset: 0 });
        if let (Node::File(file), true) = (node, flags.contains("O_TRUNC")) {
            self.files[file].cached.clear();
            self.files[file].pending.push((call.ended, Change::Length(0)));
        }
    }

    fn advance(&mut self, descriptor: i64, count: usize) {
        if let Some(open) = self.open.get_mut(&descriptor) {
            open.offset += count;
        }
    }

    fn open_file(&mut self, call: &Call) -> Option<&mut File> {
        match self.open.get(&call.descriptor())?.node {
            Node::File(file) => self.files.get_mut(file),
            Node::Directory(_) => None,
        }
    }

    fn write(&mut self, call: &Call, offset: usize, count: usize) {
        let mut data = call.data();
        data.truncate(count);
        let (written, ended) = (Change::Write(offset, data), call.ended);
        if let Some(file) = self.open_file(call) {
            change(&mut file.cached, &written);
            file.pending.push((ended, written));
        }
    }

    fn length(&mut self, call: &Call, new: fn(usize, usize) -> usize, argument: usize) {
        let wanted = usize::try_from(call.number(argument)).expect("a length");
        let ended = call.ended;
        if let Some(file) = self.open_file(call) {
            let length = Change::Length(new(file.cached.len(), wanted));
            change(&mut file.cached, &length);
            file.pending.push((ended, length));
        }
    }

    fn sync(&mut self, call: &Call) {
        let Some(open) = self.open.get(&call.descriptor()) else {
            return;
        };
        match open.node {
            Node::File(file) => {
                let file = &mut self.files[file];
                for (_, covered) in file.pending.extract_if(.., |(ended, _)| *ended < call.began) {
                    change(&mut file.durable, &covered);
                }
            }
            Node::Directory(directory) => {
                let directory = &mut self.directories[directory];
                for (_, covered) in directory.pending.extract_if(.., |(ended, _)| *ended < call.began) {
                    set(&mut directory.durable, &covered);
                }
            }
        }
    }

    fn made(&mut self, call: &Call) {
        if let Some((directory, name)) = self.find(&call.path(0)) {
            let made = Node::Directory(self.directories.len());
            self.directories.push(Directory::default());
            self.name(directory, call.ended, vec![(name, Some(made))]);
        }
    }

    fn renamed(&mut self, call: &Call) {
        let (from, to) = (self.find(&call.path(0)), self.find(&call.path(1)));
        let (Some((directory, from)), Some((other, to))) = (from, to) else {
            return;
        };
        assert_eq!(directory, other, "renaming from directory to directory is not modelled");
        let node = self.directories[directory].cached.get(&from).copied();
        if node.is_some() {
            self.name(directory, call.ended, vec![(from, None), (to, node)]);
        }
    }

    fn linked(&mut self, call: &Call) {
        if let (Some(node), Some((directory, name))) = (self.look(&call.path(0)), self.find(&call.path(1))) {
            self.name(directory, call.ended, vec![(name, Some(node))]);
        }
    }

    fn removed(&mut self, call: &Call) {
        if let Some((directory, name)) = self.find(&call.path(0)) {
            self.name(directory, call.ended, vec![(name, None)]);
        }
    }

    /// Writes what a power cut now leaves into `target`, an empty directory. `keeps` says of each piece that is not
    /// durable whether it made it all the same.
    pub(crate) fn cut(&self, target: &Path, keeps: &mut dyn FnMut() -> bool) {
        let mut left = vec![(0_usize, target.to_owned())];
        while let Some((directory, path)) = left.pop() {
            let directory = &self.directories[directory];
            let mut names = directory.durable.clone();
            for (_, changes) in &directory.pending {
                if keeps() {
                    set(&mut names, changes);
                }
            }
            for (name, node) in names {
                let path = path.join(name);
                match node {
                    Node::Directory(inner) => {
                        std::fs::create_dir(&path).expect("make a directory");
                        left.push((inner, path));
                    }
                    Node::File(file) => write_private(&path, &self.files[file].after_cut(keeps)),
                }
            }
        }
    }

    /// Whether the model shows what the system shows under `path` of the root: else its replay means nothing.
    pub(crate) fn assert_is(&self, path: &Path) {
        let Some(Node::Directory(directory)) = self.look(&path.to_string_lossy()) else {
            panic!("{} is no directory of the model", path.display());
        };
        let mut there = BTreeMap::new();
        for entry in std::fs::read_dir(path).expect("list") {
            let entry = entry.expect("entry");
            there.insert(
                entry.file_name().to_string_lossy().into_owned(),
                entry.file_type().expect("type"),
            );
        }
        let names = &self.directories[directory].cached;
        for (name, kind) in &there {
            let inside = path.join(name);
            match names.get(name) {
                Some(Node::Directory(_)) => self.assert_is(&inside),
                Some(Node::File(file)) => {
                    let real = std::fs::read(&inside).expect("read");
                    assert!(
                        real == self.files[*file].cached,
                        "the model differs in {}",
                        inside.display()
                    );
                }
                // The control socket is no file.
                None => assert!(
                    !kind.is_file() && !kind.is_dir(),
                    "the model lacks {}",
                    inside.display()
                ),
            }
        }
        let more: Vec<_> = names.keys().filter(|name| !there.contains_key(*name)).collect();
        assert!(more.is_empty(), "the model has {more:?} in {}", path.display());
    }
}

impl File {
    fn after_cut(&self, keeps: &mut dyn FnMut() -> bool) -> Vec<u8> {
        let mut content = self.durable.clone();
        for (_, pending) in &self.pending {
            match pending {
                Change::Length(_) => {
                    if keeps() {
                        change(&mut content, pending);
                    }
                }
                Change::Write(offset, data) => {
                    let mut at = *offset;
                    while at < offset + data.len() {
                        let next = (at / SECTOR + 1) * SECTOR;
                        let end = next.min(offset + data.len());
                        if keeps() {
                            change(
                                &mut content,
                                &Change::Write(at, data[at - offset..end - offset].to_vec()),
                            );
                        }
                        at = end;
                    }
                }
            }
        }
        content
    }
}

fn write_private(path: &Path, content: &[u8]) {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let made = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    made.expect("make a file").write_all(content).expect("write it");
}
