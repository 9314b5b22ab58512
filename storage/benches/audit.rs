//! What a large audit log costs: a million leaves written into a log's files, and judged offline with every leaf opened. Beside
//! it, as the reference, the same number of SHA-256 over 128 bytes. `CABINET_BENCH_LEAVES` sets another number.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark fails by panicking, prints its figures and measures real time"
)]

use cabinet_domain::audit::{Act, Actor, Leaf, LeafOrigin};
use cabinet_domain::ids::{AgendaId, PracticeId, StaffId};
use cabinet_domain::time::UtcMillis;
use cabinet_storage::audit::note::{PublicKey, Signer};
use cabinet_storage::{KeySource, ReadStoreKind, Storage, StorageOptions};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Leaves in one commit, as a busy agenda's group commit has them.
const LEAVES_PER_COMMIT: u64 = 16;

fn leaf(number: u64) -> Leaf {
    let origin = LeafOrigin {
        role: None,
        session: number.to_be_bytes(),
        network: "192.0.*".to_owned(),
    };
    Leaf {
        agenda: Some(AgendaId(u128::from(number % 7))),
        ..Leaf::done(
            UtcMillis(1_795_766_400_000),
            Actor::Staff(StaffId(5)),
            origin,
            Act::Booked,
        )
    }
}

fn told(what: &str, took: Duration, reference: Duration, count: u64) {
    let each = took.as_nanos() / u128::from(count.max(1));
    let ratio = took.as_secs_f64() / reference.as_secs_f64();
    println!(
        "{what:<28} {:>8.2} s  {each:>7} ns a leaf  {ratio:>6.1} x the reference",
        took.as_secs_f64()
    );
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let count: u64 = std::env::var("CABINET_BENCH_LEAVES").map_or(1_000_000, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let mut options = StorageOptions::new(
        folder.path().join("data"),
        KeySource::Secret([7; 32]),
        Arc::new(|| Duration::ZERO),
    );
    options.read_store = ReadStoreKind::Memory;
    let storage = Storage::open(options).unwrap();
    let start = Instant::now();
    let block = [3_u8; 128];
    for _ in 0..count {
        std::hint::black_box(ring::digest::digest(
            &ring::digest::SHA256,
            std::hint::black_box(&block),
        ));
    }
    let reference = start.elapsed();
    told("SHA-256 of 128 bytes", reference, reference, count);
    let practice = PracticeId(1);
    let start = Instant::now();
    for first in (0..count).step_by(usize::try_from(LEAVES_PER_COMMIT).unwrap()) {
        let acts = (first..(first + LEAVES_PER_COMMIT).min(count)).map(|number| (practice, leaf(number)));
        storage
            .records()
            .commit_acts(Vec::new(), Vec::new(), acts.collect())
            .await
            .unwrap();
    }
    told("into the journal, alone", start.elapsed(), reference, count);
    let logs = storage.audit().unwrap();
    let start = Instant::now();
    while let Some(unseen) = logs.unseen().await.unwrap() {
        logs.take(unseen).unwrap();
    }
    told("from the journal into tiles", start.elapsed(), reference, count);
    let signer = Signer::fresh("bench.example/audit").unwrap();
    let start = Instant::now();
    let note = logs.sign(&signer, UtcMillis(0)).unwrap().remove(0).1;
    told("durable and signed", start.elapsed(), reference, 1);
    let key = PublicKey::parse(&signer.public_key()).unwrap();
    let start = Instant::now();
    let report = logs.verify(practice, &key, &[note]).unwrap();
    told("judged, leaves opened", start.elapsed(), reference, count);
    assert_eq!((report.size, report.opened), (count, count));
}
