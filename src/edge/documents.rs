//! The documents that practices accept, as versioned texts: those the binary carries, and newer ones of whoever operates the
//! installation. A changed text is a new version: the hash of each version of the binary stands in a test, so that what somebody
//! accepted cannot change under them.
//!
//! Must not be here: who accepted what (the practice's stream).

use anyhow::Context as _;
use cabinet_domain::practice::{ContractDeadline, DocumentKind, Locale, Practice};
use cabinet_domain::time::{UtcMillis, Zone};
use ring::digest::{SHA256, digest};
use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

/// One version of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Which.
    pub kind: DocumentKind,
    /// Version, from 1.
    pub version: u32,
    /// French text; the title is its first line, paragraphs are separated by blank lines.
    pub french: Cow<'static, str>,
    /// English text.
    pub english: Cow<'static, str>,
    /// Practices that exist already have to have accepted it by then; none: they are not asked.
    pub accept_by: Option<UtcMillis>,
}

macro_rules! built_in {
    ($kind:ident, $version:literal, $french:literal, $english:literal) => {
        Document {
            kind: DocumentKind::$kind,
            version: $version,
            french: Cow::Borrowed(include_str!($french)),
            english: Cow::Borrowed(include_str!($english)),
            accept_by: None,
        }
    };
}

/// The versions that the binary carries.
const BUILT_IN: [Document; 3] = [
    built_in!(Terms, 1, "documents/terms.fr.txt", "documents/terms.en.txt"),
    built_in!(
        ProcessingContract,
        1,
        "documents/processing.fr.txt",
        "documents/processing.en.txt"
    ),
    built_in!(PrivacyPolicy, 1, "documents/policy.fr.txt", "documents/policy.en.txt"),
];

impl Document {
    /// The text in a language.
    #[must_use]
    pub fn text(&self, locale: Locale) -> &str {
        match locale {
            Locale::French => &self.french,
            Locale::English => &self.english,
        }
    }

    /// SHA-256 of the text in a language.
    #[must_use]
    pub fn sha256(&self, locale: Locale) -> [u8; 32] {
        let hash = digest(&SHA256, self.text(locale).as_bytes());
        hash.as_ref().first_chunk().copied().unwrap_or_default()
    }
}

/// Every version there is: those of the binary, and the operator's own. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Library(Arc<Vec<Document>>);

impl Default for Library {
    fn default() -> Self {
        Self(Arc::new(BUILT_IN.to_vec()))
    }
}

impl Library {
    /// As configured: an empty path names no folder.
    ///
    /// # Errors
    /// As [`Self::with_folder`].
    pub fn configured(folder: &Path) -> anyhow::Result<Self> {
        if folder == Path::new("") {
            return Ok(Self::default());
        }
        Self::with_folder(folder).context("failed to read the documents that practices accept")
    }

    /// The binary's documents and those of a folder, where the version of a document is two files and, if practices that exist
    /// are to accept it, a third: `processing-2.fr.txt`, `processing-2.en.txt`, `processing-2.accept-by` with a day such as
    /// `2027-03-01`, at whose beginning in Paris they have to have. Versions go on from the binary's without a gap.
    ///
    /// # Errors
    /// When a file is missing or cannot be read, or names no day.
    pub fn with_folder(folder: &Path) -> anyhow::Result<Self> {
        let mut all = BUILT_IN.to_vec();
        anyhow::ensure!(folder.is_dir(), "{} is no folder", folder.display());
        for kind in DocumentKind::ALL {
            for version in 2.. {
                let file = |end: &str| folder.join(format!("{}-{version}.{end}", kind.name()));
                if !file("fr.txt").exists() {
                    break;
                }
                let read = |end: &str| {
                    let path = file(end);
                    std::fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))
                };
                let accept_by = if file("accept-by").exists() {
                    Some(day(read("accept-by")?.trim()).with_context(|| format!("{}", file("accept-by").display()))?)
                } else {
                    None
                };
                all.push(Document {
                    kind,
                    version,
                    french: read("fr.txt")?.into(),
                    english: read("en.txt")?.into(),
                    accept_by,
                });
            }
        }
        Ok(Self(Arc::new(all)))
    }

    /// The newest version of each.
    pub fn in_force(&self) -> impl Iterator<Item = &Document> {
        DocumentKind::ALL.into_iter().filter_map(|kind| {
            let versions = self.0.iter().filter(|one| one.kind == kind);
            versions.max_by_key(|one| one.version)
        })
    }

    /// One version.
    #[must_use]
    pub fn find(&self, kind: DocumentKind, version: u32) -> Option<&Document> {
        self.0.iter().find(|one| one.kind == kind && one.version == version)
    }

    /// By when practices have to have accepted what.
    #[must_use]
    pub fn deadlines(&self) -> Vec<ContractDeadline> {
        let deadline = |one: &Document| {
            Some(ContractDeadline {
                document: one.kind,
                version: one.version,
                accept_by: one.accept_by?,
            })
        };
        self.0.iter().filter_map(deadline).collect()
    }

    /// Documents in force that bind, have a deadline, and were not accepted by the practice.
    #[must_use]
    pub fn asked_of(&self, practice: &Practice) -> Vec<&Document> {
        let accepted = |one: &Document| {
            let mut evidence = practice.acceptances.iter();
            evidence.any(|evidence| evidence.document == one.kind && evidence.version >= one.version)
        };
        let asked = self
            .in_force()
            .filter(|one| one.kind.binds() && one.accept_by.is_some());
        asked.filter(|one| !accepted(one)).collect()
    }
}

/// The beginning of a day in Paris.
fn day(text: &str) -> anyhow::Result<UtcMillis> {
    let date: jiff::civil::Date = text
        .parse()
        .with_context(|| format!("{text:?} is no day such as 2027-03-01"))?;
    let start = date.to_zoned(Zone::paris().rules())?;
    Ok(UtcMillis(start.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever changes a text raises its version and writes the new hashes here.
    #[test]
    fn a_changed_text_is_a_new_version() {
        let hashes = BUILT_IN.map(|document| {
            let half = |locale| hex::encode(document.sha256(locale)).split_at(16).0.to_owned();
            let (french, english) = (half(Locale::French), half(Locale::English));
            format!("{} {} {french} {english}", document.kind.name(), document.version)
        });
        assert_eq!(
            hashes,
            [
                "terms 1 4f1323eaf2fe6a23 a1ea454329185deb",
                "processing 1 f12ad676662f2253 f13820393670ac2b",
                "policy 1 5723f126bd3b8c75 0a31acbe5b031001",
            ]
        );
    }

    #[test]
    fn the_processing_contract_says_what_article_28_asks_for() {
        let [_, contract, _] = BUILT_IN;
        for word in [
            "Objet, durée, nature et finalité",
            "instruction documentée",
            "secret",
            "article 32",
            "Autres sous-traitants",
            "Droits des personnes",
            "articles 32 à 36",
            "rendues",
            "effacées",
            "audits",
        ] {
            assert!(contract.french.contains(word), "{word}");
        }
    }

    #[test]
    fn newer_versions_come_from_a_folder_with_the_day_by_which_they_are_accepted() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        assert_eq!(Library::with_folder(folder.path()).unwrap().in_force().count(), 3);
        write("processing-2.fr.txt", "Contrat, version 2");
        assert!(
            Library::with_folder(folder.path()).is_err(),
            "the English text is missing"
        );
        write("processing-2.en.txt", "Contract, version 2");
        write("processing-2.accept-by", "bientôt");
        assert!(Library::with_folder(folder.path()).is_err(), "no day");
        write("processing-2.accept-by", "2027-03-01\n");
        write("terms-3.fr.txt", "after a gap, which is not read");
        let library = Library::with_folder(folder.path()).unwrap();
        let versions: Vec<u32> = library.in_force().map(|one| one.version).collect();
        assert_eq!(versions, [1, 2, 1]);
        let old = library.find(DocumentKind::ProcessingContract, 1).unwrap();
        assert!(old.french.contains("article 32"), "what was accepted stays to be read");
        let deadlines = library.deadlines();
        assert_eq!(deadlines.len(), 1);
        assert_eq!(deadlines[0].accept_by.0, 1_803_855_600_000, "midnight in Paris");
        assert!(Library::with_folder(Path::new("/nowhere")).is_err());
    }
}
