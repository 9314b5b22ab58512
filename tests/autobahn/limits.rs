//! Groups 9 and 10: large messages, many fragments, small chops, many round trips.
//!
//! Must not be here: sockets, verdicts.

use crate::cases::{Case, Chops, Closing, Step, case, fragments, message, text, whole, write};

/// Group 9. The messages of 4 MiB of 9.4 are `*` from its second case on, as in the original.
pub(crate) fn all() -> Vec<Case> {
    const KIB: usize = 1_024;
    const MIB: usize = 1_024 * KIB;
    let filled = |pattern: &[u8], bytes: usize| {
        let mut whole = pattern.repeat(bytes.div_ceil(pattern.len()));
        whole.truncate(bytes);
        whole
    };
    let kinds: [(usize, u8, &[u8]); 2] = [(1, 1, b"BAsd7&jh23"), (2, 2, b"\x00\xfe\x23\xfa\xf0")];
    let mut cases = Vec::new();
    for (group, opcode, pattern) in kinds {
        for (number, bytes) in [64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB]
            .into_iter()
            .enumerate()
        {
            let payload = filled(pattern, bytes);
            let steps = write(Chops::Together, &[whole(opcode, &payload)]);
            let id = format!("9.{group}.{}", number + 1);
            cases.push(case(id, steps, vec![message(opcode, &payload)], Closing::Client));
        }
    }
    for (group, opcode, _) in kinds {
        let sizes = [64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB];
        for (number, bytes) in sizes.into_iter().enumerate() {
            let byte = if opcode == 2 && number == 0 { 0xfe } else { b'*' };
            let payload = vec![byte; 4 * MIB];
            let steps = write(Chops::Together, &fragments(opcode, &payload, bytes));
            let id = format!("9.{}.{}", group + 2, number + 1);
            cases.push(case(id, steps, vec![message(opcode, &payload)], Closing::Client));
        }
    }
    for (group, opcode, pattern) in kinds {
        for (number, chop) in [64, 128, 256, 512, 1_024, 2_048].into_iter().enumerate() {
            let payload = filled(pattern, MIB);
            let steps = write(Chops::Bytes(chop), &[whole(opcode, &payload)]);
            let id = format!("9.{}.{}", group + 4, number + 1);
            cases.push(case(id, steps, vec![message(opcode, &payload)], Closing::Client));
        }
    }
    for (group, opcode, _) in kinds {
        for (number, bytes) in [0, 16, 64, 256, KIB, 4 * KIB].into_iter().enumerate() {
            let payload = vec![if opcode == 1 { b'*' } else { 0xfe }; bytes];
            let round = |count| {
                let mut steps = write(Chops::Together, &[whole(opcode, &payload)]);
                steps.push(Step::Await(count));
                steps
            };
            let steps = (1..=1_000).flat_map(round).collect();
            let id = format!("9.{}.{}", group + 6, number + 1);
            cases.push(case(id, steps, vec![message(opcode, &payload); 1_000], Closing::Client));
        }
    }
    let long = [b'*'; 65_536];
    let steps = write(Chops::Together, &fragments(1, &long, 1_300));
    cases.push(case("10.1.1", steps, vec![text(&long)], Closing::Client));
    cases
}
