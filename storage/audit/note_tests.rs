//! Signed notes: one of another implementation reads, ours read back, whatever is changed is refused.

use super::*;
use std::os::unix::fs::PermissionsExt as _;

fn checkpoint() -> Checkpoint {
    Checkpoint {
        origin: "log.example/practice".to_owned(),
        size: 300,
        root: [5; 32],
        at: UtcMillis(1_795_766_400_000),
    }
}

#[test]
fn what_was_signed_opens_with_its_key_alone() {
    let (signer, other) = (
        Signer::fresh("log.example").unwrap(),
        Signer::fresh("log.example").unwrap(),
    );
    let note = signer.sign(&checkpoint());
    let key = PublicKey::parse(&signer.public_key()).unwrap();
    assert_eq!(key.open(&note), Ok(checkpoint()));
    let stranger = PublicKey::parse(&other.public_key()).unwrap();
    assert_eq!(stranger.open(&note), Err(NoteError::Unsigned));
    assert!(note.starts_with("log.example/practice\n300\n"));
}

#[test]
fn every_changed_character_is_found() {
    let signer = Signer::fresh("log.example").unwrap();
    let key = PublicKey::parse(&signer.public_key()).unwrap();
    let note = signer.sign(&checkpoint());
    for (at, character) in note.char_indices() {
        let mut changed = note.clone();
        let other = if character == 'A' { "B" } else { "A" };
        changed.replace_range(at..at + character.len_utf8(), other);
        assert!(key.open(&changed).is_err(), "{at}");
    }
}

/// The key and signature of C2SP's `signed-note` text (its example), which this code did not make.
#[test]
fn a_note_of_the_specification_opens() {
    let key = PublicKey::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").unwrap();
    let text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    let line = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
    let note = format!("{text}\n{DASH}PeterNeumann {line}\n");
    // Signed as it should be; but no checkpoint.
    assert_eq!(key.open(&note), Err(NoteError::Malformed));
    let signature = BASE64.decode(line.as_bytes()).unwrap();
    let key = UnparsedPublicKey::new(&ED25519, key.key);
    assert_eq!(&signature[..4], hex::decode("c74f20a3").unwrap());
    assert!(key.verify(text.as_bytes(), &signature[4..]).is_ok());
}

#[test]
fn texts_that_are_no_checkpoint_are_refused() {
    let root = BASE64.encode(&[5; 32]);
    let good = format!("origin\n3\n{root}\ntime 5\n");
    assert!(Checkpoint::parse(&good).is_some());
    for bad in [
        format!("\n3\n{root}\ntime 5\n"),
        format!("origin\n03\n{root}\ntime 5\n"),
        format!("origin\n+3\n{root}\ntime 5\n"),
        format!("origin\n3\n{root}\n"),
        format!("origin\n3\n{root}\ntime 5\nmore\n"),
        "origin\n3\nAAAA\ntime 5\n".to_owned(),
    ] {
        assert_eq!(Checkpoint::parse(&bad), None, "{bad}");
    }
}

#[test]
fn a_key_file_is_made_once_and_kept_from_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.key");
    let made = Signer::in_file("log.example", &path).unwrap().public_key();
    assert_eq!(Signer::in_file("log.example", &path).unwrap().public_key(), made);
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(&path, open).unwrap();
    assert!(Signer::in_file("log.example", &path).is_err());
}
