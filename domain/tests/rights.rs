//! The matrix of rights (`rights/matrix.csv`, written by hand) against the code's table: every cell is there once, and
//! every cell is answered as the matrix says. That the server answers so too: `tests/e2e/rights.rs` of the root package.
#![cfg(test)]

#[path = "rights/cells.rs"]
mod cells;

use cabinet_domain::rights::{Action, Asking, Level, Role, Scope, Verdict, permits};
use cells::{Cell, MATRIX, SCOPES, actions, cells, levels_of, roles};

/// What the code says in one cell: one answer for all askings that the cell stands for.
fn answered((role, level, action, scope): Cell) -> &'static str {
    let role = *Role::ALL.iter().find(|known| known.name() == role).unwrap();
    let action = *Action::ALL.iter().find(|known| known.name() == action).unwrap();
    let levels = Level::ALL
        .into_iter()
        .filter(|known| level == "any" || known.name() == level);
    let scopes: &[Scope] = match scope {
        "own" => &[Scope::Own],
        "colleague" => &[Scope::Colleague],
        "own-without-right" => &[Scope::Own, Scope::Colleague],
        _ => &[Scope::OtherPractice],
    };
    let mut answers: Vec<Verdict> = levels
        .flat_map(|level| scopes.iter().map(move |scope| (level, *scope)))
        .map(|(level, scope)| {
            let asking = Asking {
                role,
                scope,
                level,
                second_factor_is_recent: false,
            };
            permits(asking, action)
        })
        .collect();
    answers.dedup();
    match answers[..] {
        [only] => only.name(),
        _ => panic!("one cell, several answers: {answers:?}"),
    }
}

#[test]
fn every_cell_is_in_the_matrix_once_and_is_answered_as_it_says() {
    let cells = cells(MATRIX).unwrap();
    let mut missing = Vec::new();
    let mut walked = 0;
    for role in roles() {
        for action in actions() {
            for scope in SCOPES {
                for level in levels_of(scope) {
                    let cell = (role, *level, action, scope);
                    walked += 1;
                    if !cells.contains_key(&cell) {
                        missing.push(cell);
                    }
                }
            }
        }
    }
    assert!(missing.is_empty(), "missing cells: {missing:?}");
    assert_eq!(cells.len(), walked, "cells that nothing asks for");
    let wrong: Vec<String> = cells
        .iter()
        .filter(|(cell, expected)| answered(**cell) != **expected)
        .map(|(cell, expected)| format!("{cell:?}: the matrix says {expected}, the code {}", answered(*cell)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // 8 roles, 30 actions, 10 cells each.
    assert_eq!(walked, 2480);
}

#[test]
fn a_missing_a_double_and_an_unknown_cell_are_found() {
    let head = "role,level,action,scope,expected\n";
    let text = |lines: &str| -> &'static str { Box::leak(format!("{head}{lines}").into_boxed_str()) };
    let all = "any,any,any,own|colleague,allow\nany,none,any,own-without-right,allow\nany,any,any,other,not_found\n";
    assert_eq!(cells(text(all)).unwrap().len(), 2480);
    let fewer = all.replace("own|colleague", "own");
    assert_eq!(cells(text(&fewer)).unwrap().len(), 2480 - 8 * 31 * 4);
    assert!(cells(text(&format!("{all}owner,any,booking.book,other,allow\n"))).is_err());
    for unknown in [
        "boss,any,booking.book,own,allow",
        "owner,any,booking.eat,own,allow",
        "owner,none,booking.book,own,allow",
    ] {
        assert!(cells(text(unknown)).is_err(), "{unknown}");
    }
}
