//! Reading Rust text without compiling it: code without comments and strings, path roots, function bodies.
//!
//! Deliberately absent: any rule about what is allowed. This is a reader of a few tokens, not a parser; it errs on
//! the side of seeing too much, and a rule that meets such a case names it.

/// The code with comments, strings and character literals replaced by spaces. Lines keep their numbers.
pub(crate) fn code_only(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut previous = ' ';
    while let Some(c) = rest.chars().next() {
        let skipped = match c {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => block_comment_length(rest),
            '"' => string_length(rest),
            'r' if !is_word(previous) => raw_string_length(rest),
            '\'' => character_length(rest),
            _ => 0,
        };
        let (taken, left) = rest.split_at(if skipped == 0 { c.len_utf8() } else { skipped });
        if skipped == 0 {
            out.push_str(taken);
        } else {
            out.extend(taken.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        }
        previous = taken.chars().next_back().unwrap_or(' ');
        rest = left;
    }
    out
}

/// Whether the character can stand in an identifier.
pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn block_comment_length(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(tail) = rest.get(at..).filter(|tail| !tail.is_empty()) {
        if tail.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if tail.starts_with("*/") {
            depth -= 1;
            at += 2;
        } else {
            at += tail.chars().next().map_or(1, char::len_utf8);
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn string_length(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Length of a raw string at the start, or 0 when none stands there (`r#name` is an identifier).
fn raw_string_length(rest: &str) -> usize {
    let hashes = rest.chars().skip(1).take_while(|c| *c == '#').count();
    let Some(body) = rest.get(1 + hashes..).filter(|body| body.starts_with('"')) else {
        return 0;
    };
    let end = format!("\"{}", "#".repeat(hashes));
    body.get(1..)
        .and_then(|inner| inner.find(&end))
        .map_or(rest.len(), |at| 1 + hashes + 1 + at + end.len())
}

/// Length of a character literal at the start, or 0 for a lifetime.
fn character_length(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some(_)) => chars.find(|(_, c)| *c == '\'').map_or(0, |(at, _)| at + 1),
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 0,
    }
}

/// The line number, from 1, of a byte position.
pub(crate) fn line_of(text: &str, position: usize) -> usize {
    text.get(..position)
        .map_or(1, |before| before.matches('\n').count() + 1)
}

/// Byte positions at which `word` stands as a whole identifier.
pub(crate) fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = code.get(..*at).and_then(|text| text.chars().next_back());
        let after = code.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// Lines on which `name` is the first segment of a path or of a `use`: an external crate, not a module of our own.
pub(crate) fn path_roots(code: &str, name: &str) -> Vec<usize> {
    words(code, name)
        .filter(|at| {
            let before = code.get(..*at).unwrap_or_default().trim_end();
            let after = code.get(at + name.len()..).unwrap_or_default().trim_start();
            let leads = before
                .strip_suffix("::")
                .is_none_or(|head| !head.ends_with(|c: char| is_word(c) || c == '>'));
            let used = before.ends_with("use") || before.ends_with("extern crate");
            leads && !before.ends_with('.') && (after.starts_with("::") || used)
        })
        .map(|at| line_of(code, at))
        .collect()
}

/// One function: its name, its first line and how many lines it takes from `fn` to the closing brace.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) lines: usize,
}

/// Every function with a body in the code.
pub(crate) fn functions(code: &str) -> Vec<Function> {
    words(code, "fn")
        .filter_map(|at| {
            let rest = code.get(at + 2..)?;
            let name: String = rest.trim_start().chars().take_while(|c| is_word(*c)).collect();
            if name.is_empty() {
                return None;
            }
            let open = body_start(rest)?;
            let length = braces_length(rest.get(open..)?);
            let line = line_of(code, at);
            let last = line_of(code, at + 2 + open + length - 1);
            Some(Function {
                name,
                line,
                lines: last + 1 - line,
            })
        })
        .collect()
}

/// Where the body's brace opens after `fn`; none for a declaration that ends with a semicolon.
fn body_start(rest: &str) -> Option<usize> {
    let mut depth = 0_i32;
    for (at, c) in rest.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' if depth == 0 => return Some(at),
            ';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// Length in bytes of the braced block at the start of the text.
pub(crate) fn braces_length(text: &str) -> usize {
    let mut depth = 0_i32;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    text.len()
}

#[test]
fn comments_strings_and_characters_are_blanked_and_lines_stay() {
    let text = "let a = \"sled::x \\\" y\"; // sled::\n/* sled /* sled:: */ */ let b = 'x';\nlet c: &'static str = r#\"sled\"::\"#;\n";
    let code = code_only(text);
    assert!(!code.contains("sled"), "{code}");
    assert_eq!(code.lines().count(), 3);
    assert!(code.contains("&'static str"));
    assert!(code.contains("let b ="));
}

#[test]
fn an_escaped_quote_character_does_not_open_a_string() {
    let code = code_only("let q = '\\''; let d = '\"'; sled::open();");
    assert_eq!(path_roots(&code, "sled"), vec![1]);
}

#[test]
fn a_path_root_is_an_external_crate_and_not_a_module_of_ours() {
    assert_eq!(path_roots("use sled::Db;\n", "sled"), vec![1]);
    assert_eq!(path_roots("\nlet x = ::sled::open();", "sled"), vec![2]);
    assert_eq!(path_roots("use sled;", "sled"), vec![1]);
    assert!(path_roots("use crate::sled::Store; mod sled; self.sled.get();", "sled").is_empty());
    assert!(path_roots("unsled::x(); sled_store::y();", "sled").is_empty());
}

#[test]
fn functions_are_measured_from_fn_to_the_closing_brace() {
    let code = "fn one(a: [u8; 2]) -> u8 {\n  if true { 1 } else { 2 }\n}\ntrait T { fn two(&self); }\n";
    let found = functions(code);
    let one = Function {
        name: "one".to_owned(),
        line: 1,
        lines: 3,
    };
    assert_eq!(found, vec![one]);
}
