//! The cells of the hand-written matrix of rights. Read by the domain's test of its table and by the server's tests.

use cabinet_domain::rights::{Action, Role};
use std::collections::BTreeMap;

/// The matrix.
pub(crate) const MATRIX: &str = include_str!("matrix.csv");

/// Role, level, action, scope, as the matrix names them.
pub(crate) type Cell = (&'static str, &'static str, &'static str, &'static str);

/// The scopes, as the matrix names them.
pub(crate) const SCOPES: [&str; 4] = ["own", "colleague", "own-without-right", "other"];

/// The levels a scope distinguishes. In another practice no level counts: one cell, asked with every level.
pub(crate) fn levels_of(scope: &str) -> &'static [&'static str] {
    match scope {
        "own" | "colleague" => &["times", "types", "full", "manage"],
        "own-without-right" => &["none"],
        "other" => &["any"],
        unknown => panic!("no scope {unknown}"),
    }
}

/// The roles, as the matrix names them.
pub(crate) fn roles() -> Vec<&'static str> {
    Role::ALL.iter().map(|role| role.name()).collect()
}

/// The actions, as the matrix names them.
pub(crate) fn actions() -> Vec<&'static str> {
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
pub(crate) fn cells(matrix: &'static str) -> Result<BTreeMap<Cell, &'static str>, String> {
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
