//! The documents that practices accept, as versioned texts the binary carries. A changed text is a new version: the hash of
//! each version stands in a test, so that what somebody accepted cannot change under them.
//!
//! Must not be here: who accepted what (the practice's stream).

use cabinet_domain::practice::{DocumentKind, Locale};
use ring::digest::{SHA256, digest};

/// One version of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Document {
    /// Which.
    pub kind: DocumentKind,
    /// Version, from 1.
    pub version: u32,
    /// French text; the title is its first line, paragraphs are separated by blank lines.
    pub french: &'static str,
    /// English text.
    pub english: &'static str,
}

/// The versions in force.
pub const DOCUMENTS: [Document; 3] = [
    Document {
        kind: DocumentKind::Terms,
        version: 1,
        french: include_str!("documents/terms.fr.txt"),
        english: include_str!("documents/terms.en.txt"),
    },
    Document {
        kind: DocumentKind::ProcessingContract,
        version: 1,
        french: include_str!("documents/processing.fr.txt"),
        english: include_str!("documents/processing.en.txt"),
    },
    Document {
        kind: DocumentKind::PrivacyPolicy,
        version: 1,
        french: include_str!("documents/policy.fr.txt"),
        english: include_str!("documents/policy.en.txt"),
    },
];

impl Document {
    /// The text in a language.
    #[must_use]
    pub const fn text(&self, locale: Locale) -> &'static str {
        match locale {
            Locale::French => self.french,
            Locale::English => self.english,
        }
    }

    /// SHA-256 of the text in a language.
    #[must_use]
    pub fn sha256(&self, locale: Locale) -> [u8; 32] {
        let hash = digest(&SHA256, self.text(locale).as_bytes());
        hash.as_ref().first_chunk().copied().unwrap_or_default()
    }
}

/// Stable name of a document: protocol word, address of its page.
#[must_use]
pub const fn name(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Terms => "terms",
        DocumentKind::ProcessingContract => "processing",
        DocumentKind::PrivacyPolicy => "policy",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever changes a text raises its version and writes the new hashes here.
    #[test]
    fn a_changed_text_is_a_new_version() {
        let hashes = DOCUMENTS.map(|document| {
            let half = |locale| hex::encode(document.sha256(locale)).split_at(16).0.to_owned();
            let (french, english) = (half(Locale::French), half(Locale::English));
            format!("{} {} {french} {english}", name(document.kind), document.version)
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
        let [_, contract, _] = DOCUMENTS;
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
}
