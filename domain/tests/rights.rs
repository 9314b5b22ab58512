//! The matrix of rights (`rights/matrix.csv`, written by hand) against the code's table: every cell is there once, and
//! every cell is answered as the matrix says.
#![cfg(test)]

use cabinet_domain::rights::{Action, Asking, Level, Role, Scope, Verdict, permits};
use std::collections::BTreeMap;

const MATRIX: &str = include_str!("rights/matrix.csv");

/// Role, level, action, scope, as the matrix names them.
type Cell = (&'static str, &'static str, &'static str, &'static str);

const SCOPES: [&str; 4] = ["own", "colleague", "own-without-right", "other"];

/// The levels a scope distinguishes. In another practice no level counts: one cell, asked with every level.
fn levels_of(scope: &str) -> &'static [&'static str] {
    match scope {
        "own" | "colleague" => &["times", "types", "full", "manage"],
        "own-without-right" => &["none"],
        "other" => &["any"],
        unknown => panic!("no scope {unknown}"),
    }
}

fn roles() -> Vec<&'static str> {
    Role::ALL.iter().map(|role| role.name()).collect()
}

fn actions() -> Vec<&'static str> {
    Action::ALL.iter().map(|action| action.name()).collect()
}

/// The names of a list such as `full+` or `owner|secretary`, out of those there are.
fn listed(list: &str, known: &[&'static str]) -> Result<Vec<&'static str>, String> {
    if list == "any" {
        return Ok(known.to_vec());
    }
    let mut found = Vec::new();
    for word in list.split('|') {
        let (name, and_above) = word.strip_suffix('+').map_or((word, false), |name| (name, true));
        let at = known.iter().position(|known| *known == name);
        let at = at.ok_or_else(|| format!("{name} is not one of {known:?}"))?;
        found.extend_from_slice(if and_above { &known[at..] } else { &known[at..=at] });
    }
    Ok(found)
}

/// Every cell of the matrix's text with what it expects; a cell that is written twice is an error.
fn cells(matrix: &'static str) -> Result<BTreeMap<Cell, &'static str>, String> {
    let written = matrix.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut lines = written;
    assert_eq!(lines.next(), Some("role,level,action,scope,expected"));
    let mut cells = BTreeMap::new();
    for line in lines {
        let columns: Vec<&str> = line.split(',').collect();
        let [role, level, action, scope, expected] = columns[..] else {
            return Err(format!("five columns: {line}"));
        };
        for scope in listed(scope, &SCOPES)? {
            for role in listed(role, &roles())? {
                for action in listed(action, &actions())? {
                    for level in listed(level, levels_of(scope))? {
                        if cells.insert((role, level, action, scope), expected).is_some() {
                            return Err(format!("written twice: {role}, {level}, {action}, {scope}"));
                        }
                    }
                }
            }
        }
    }
    Ok(cells)
}

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
    // 8 roles, 28 actions, 10 cells each.
    assert_eq!(walked, 2240);
}

#[test]
fn a_missing_a_double_and_an_unknown_cell_are_found() {
    let head = "role,level,action,scope,expected\n";
    let text = |lines: &str| -> &'static str { Box::leak(format!("{head}{lines}").into_boxed_str()) };
    let all = "any,any,any,own|colleague,allow\nany,none,any,own-without-right,allow\nany,any,any,other,not_found\n";
    assert_eq!(cells(text(all)).unwrap().len(), 2240);
    let fewer = all.replace("own|colleague", "own");
    assert_eq!(cells(text(&fewer)).unwrap().len(), 2240 - 8 * 28 * 4);
    assert!(cells(text(&format!("{all}owner,any,booking.book,other,allow\n"))).is_err());
    for unknown in [
        "boss,any,booking.book,own,allow",
        "owner,any,booking.eat,own,allow",
        "owner,none,booking.book,own,allow",
    ] {
        assert!(cells(text(unknown)).is_err(), "{unknown}");
    }
}
