//! What a password costs to guess: the cheapest way to put it together from common words, runs of keys, repeats, years and
//! single characters, in bits.
//!
//! Must not be here: what is enough.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The commonest passwords, most frequent first; source and licence: `README.txt` beside it.
const COMMON: &str = include_str!("common.txt");
/// Words that people here reach for and that the list, made elsewhere, lacks. Ours.
const LOCAL: &[&str] = &[
    "motdepasse",
    "motdepass",
    "azerty",
    "azertyuiop",
    "bonjour",
    "bonsoir",
    "soleil",
    "chocolat",
    "doudou",
    "loulou",
    "cheval",
    "coucou",
    "marseille",
    "paris",
    "france",
    "lyon",
    "toulouse",
    "bordeaux",
    "nantes",
    "bretagne",
    "amour",
    "jetaime",
    "famille",
    "maison",
    "voiture",
    "vacances",
    "docteur",
    "medecin",
    "infirmiere",
    "infirmier",
    "kine",
    "kinesitherapeute",
    "osteopathe",
    "osteo",
    "psychologue",
    "psy",
    "naturopathe",
    "sophrologue",
    "praticien",
    "praticienne",
    "secretaire",
    "secretariat",
    "patient",
    "patiente",
    "cabinet",
    "cabinetenligne",
    "enligne",
    "agenda",
    "rendezvous",
    "sante",
    "hopital",
    "clinique",
    "ordinateur",
    "connexion",
    "identifiant",
    "utilisateur",
    "administrateur",
    "bienvenue",
    "janvier",
    "fevrier",
    "mars",
    "avril",
    "juin",
    "juillet",
    "aout",
    "septembre",
    "octobre",
    "novembre",
    "decembre",
    "printemps",
    "automne",
    "hiver",
    "lundi",
    "mardi",
    "mercredi",
    "jeudi",
    "vendredi",
    "samedi",
    "dimanche",
];
/// Rank given to each of [`LOCAL`].
const LOCAL_RANK: u32 = 200;
/// Longest word that is looked for, in characters.
const WORD_CHARACTERS_MAX: usize = 24;
/// Shortest word that is looked for.
const WORD_CHARACTERS_MIN: usize = 3;
/// Characters that are looked at: what is beyond only adds to the cost.
const CHARACTERS_LOOKED_AT_MAX: usize = 128;
/// Neighbouring keys of the two layouts in use here, and the alphabet.
const ROWS: [&str; 9] = [
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1234567890",
    "&é\"'(-è_çà)=",
    "abcdefghijklmnopqrstuvwxyz",
];
/// What one year of the last two centuries costs: 200 of them.
const YEAR_BITS: f64 = 7.6;
/// What a run costs beside its first character and its length: which row, which way.
const RUN_BITS: f64 = 4.0;

static RANKS: LazyLock<BTreeMap<&'static str, u32>> = LazyLock::new(|| {
    let listed = (1_u32..).zip(COMMON.lines()).map(|(rank, word)| (word, rank));
    let mut ranks: BTreeMap<&str, u32> = LOCAL.iter().map(|word| (*word, LOCAL_RANK)).collect();
    for (word, rank) in listed {
        let known = ranks.entry(word).or_insert(rank);
        *known = rank.min(*known);
    }
    ranks
});

/// Lower case without the accents of French.
pub(super) fn fold(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).map(plain).collect()
}

const fn plain(character: char) -> char {
    match character {
        'à' | 'â' | 'ä' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'î' | 'ï' => 'i',
        'ô' | 'ö' => 'o',
        'ù' | 'û' | 'ü' => 'u',
        'ç' => 'c',
        other => other,
    }
}

/// The letter for which a digit or sign stands in "p4ssw0rd".
const fn unmasked(character: char) -> char {
    match character {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

/// Whether the whole, or the whole without digits and signs around it, is a common password, masked or not, once or again
/// and again.
pub(super) fn is_common(password: &str) -> bool {
    let folded = fold(password);
    let core = folded.trim_matches(|character: char| !character.is_alphabetic());
    [folded.as_str(), core].into_iter().any(|text| {
        let unmasked: String = text.chars().map(unmasked).collect();
        [text, unmasked.as_str()].into_iter().any(|text| {
            let once = repeated(text);
            RANKS.contains_key(text) || RANKS.contains_key(once)
        })
    })
}

/// The piece of which the text is a repetition; the text itself otherwise.
fn repeated(text: &str) -> &str {
    let pieces = text.char_indices().skip(1).filter_map(|(at, _)| text.get(..at));
    let mut pieces = pieces.filter(|piece| text.len().is_multiple_of(piece.len()));
    pieces
        .find(|piece| piece.repeat(text.len() / piece.len()) == text)
        .unwrap_or(text)
}

/// What the password costs to guess, in bits: the cheapest of all ways to put it together.
pub(super) fn guess_bits(password: &str) -> f64 {
    let characters: Vec<char> = password.chars().take(CHARACTERS_LOOKED_AT_MAX).collect();
    let folded: Vec<char> = characters
        .iter()
        .map(|character| plain(character.to_lowercase().next().unwrap_or(*character)))
        .collect();
    let alphabet_bits = alphabet(&characters);
    let mut cheapest = vec![0.0_f64];
    for end in 1..=characters.len() {
        let single = cheapest.last().copied().unwrap_or_default() + alphabet_bits;
        let pieces = (0..end).filter_map(|start| {
            let before = cheapest.get(start)?;
            let piece = Piece {
                said: characters.get(start..end)?,
                folded: folded.get(start..end)?,
                before: folded.get(..start)?,
            };
            Some(before + piece.bits(alphabet_bits)?)
        });
        cheapest.push(pieces.fold(single, f64::min));
    }
    cheapest.last().copied().unwrap_or_default()
}

/// What one character costs to guess, given the kinds of characters that are there.
fn alphabet(characters: &[char]) -> f64 {
    let has = |kind: fn(&char) -> bool| characters.iter().any(kind);
    let kinds: [(bool, u32); 4] = [
        (has(char::is_ascii_digit), 10),
        (has(|character| character.is_lowercase()), 26),
        (has(|character| character.is_uppercase()), 26),
        // As many signs as the deliberation counts.
        (has(|character| !character.is_alphanumeric()), 37),
    ];
    let size: u32 = kinds.iter().filter(|(there, _)| *there).map(|(_, size)| size).sum();
    f64::from(size.max(10)).log2()
}

/// A stretch of the password.
struct Piece<'a> {
    said: &'a [char],
    folded: &'a [char],
    before: &'a [char],
}

impl Piece<'_> {
    /// What guessing the stretch as one thing costs; none when it is no one thing.
    fn bits(&self, alphabet_bits: f64) -> Option<f64> {
        let word = self.word_bits();
        let run = self.is_run().then_some(alphabet_bits + RUN_BITS + self.length_bits());
        let again = self
            .is_repeat()
            .then(|| count_bits(self.before.len()) + self.length_bits());
        let year = self.is_year().then_some(YEAR_BITS);
        [word, run, again, year].into_iter().flatten().reduce(f64::min)
    }

    fn length_bits(&self) -> f64 {
        count_bits(self.folded.len())
    }

    /// A common word, one bit more for capitals and one for masking.
    fn word_bits(&self) -> Option<f64> {
        if !(WORD_CHARACTERS_MIN..=WORD_CHARACTERS_MAX).contains(&self.folded.len()) {
            return None;
        }
        let text: String = self.folded.iter().collect();
        let unmasked: String = self.folded.iter().copied().map(unmasked).collect();
        let reversed: String = self.folded.iter().rev().collect();
        let plain = RANKS.get(text.as_str()).copied().map(|rank| (rank, 0.0));
        let hidden = RANKS.get(unmasked.as_str()).copied().map(|rank| (rank, 1.0));
        let backwards = RANKS.get(reversed.as_str()).copied().map(|rank| (rank, 1.0));
        let capitals = self.said.iter().any(|character| character.is_uppercase());
        let bits = |(rank, more): (u32, f64)| f64::from(rank).log2() + 1.0 + more + f64::from(u8::from(capitals));
        [plain, hidden, backwards]
            .into_iter()
            .flatten()
            .map(bits)
            .reduce(f64::min)
    }

    /// The same key over and over, or neighbouring keys or letters, either way.
    fn is_run(&self) -> bool {
        let [first, second, _, ..] = self.folded else {
            return false;
        };
        let same = first == second && self.folded.iter().all(|character| character == first);
        same || ROWS.iter().any(|row| {
            let text: String = self.folded.iter().collect();
            let reversed: String = self.folded.iter().rev().collect();
            row.contains(&text) || row.contains(&reversed)
        })
    }

    /// What stood before already.
    fn is_repeat(&self) -> bool {
        self.folded.len() >= 3
            && self
                .before
                .windows(self.folded.len())
                .any(|window| window == self.folded)
    }

    fn is_year(&self) -> bool {
        let text: String = self.folded.iter().collect();
        text.len() == 4
            && (text.starts_with("19") || text.starts_with("20"))
            && text.bytes().all(|byte| byte.is_ascii_digit())
    }
}

/// Bits of choosing one of so many.
fn count_bits(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX).max(1)).log2()
}
