//! A mail's text as HTML: the same words in the same order, for programs that show no plain text well. Nothing is loaded from
//! anywhere and nothing tells that it was opened. Colours are set for light and for dark; where a program knows neither, the
//! light ones stand with their own background.
//!
//! Must not be here: words.

/// Light first; programs that know of dark take the second part, those that do not ignore it.
const STYLE: &str = "\
body{margin:0;padding:0;background:#f1f4f3;color:#1c2826}\
.card{background:#ffffff;border:1px solid #d4dcd9;border-radius:12px}\
h1{margin:0 0 16px;font-size:22px;line-height:1.3;font-weight:600;color:#1c2826}\
p{margin:0 0 16px}\
.facts{background:#eef4f2;border-radius:8px;margin:0 0 20px}\
.facts th{text-align:left;font-weight:400;color:#52605d;vertical-align:top;padding:5px 12px 5px 0;white-space:nowrap}\
.facts td{font-weight:600;vertical-align:top;padding:5px 0;color:#1c2826}\
.button{display:inline-block;background:#0d4f47;color:#ffffff;text-decoration:none;font-weight:600;padding:12px 20px;border-radius:8px}\
.quiet{color:#0d4f47;text-decoration:underline}\
.small{font-size:13px;line-height:1.5;color:#52605d;margin:16px 8px 0}\
@media (prefers-color-scheme:dark){\
body{background:#101615!important;color:#e7eeec!important}\
.card{background:#18211f!important;border-color:#33413e!important}\
h1,.facts td{color:#e7eeec!important}\
.facts{background:#22302d!important}\
.facts th,.small{color:#a9b8b4!important}\
.button{background:#8fd3c6!important;color:#0b2420!important}\
.quiet{color:#8fd3c6!important}}";

/// What begins one of several.
const BULLET: char = '•';

/// The first link of a mail is what it is for, and is shown as a button; of several, none is.
pub(super) fn page((language, subject): (&str, &str), text: &str, footer: &str) -> String {
    let mut buttons = 0;
    let paragraphs: Vec<String> = text
        .split("\n\n")
        .map(str::trim)
        .filter(|paragraph| !paragraph.is_empty())
        .map(|paragraph| self::paragraph(paragraph, &mut buttons))
        .collect();
    let (title, footer) = (escaped(subject), lines(footer));
    format!(
        "<!doctype html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"supported-color-schemes\" content=\"light dark\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\"><tr><td align=\"center\" style=\"padding:20px 12px\">\n\
         <div style=\"max-width:560px;text-align:left;font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,Arial,sans-serif\">\n\
         <div class=\"card\" style=\"padding:24px\">\n<h1>{title}</h1>\n{}\n</div>\n<p class=\"small\">{footer}</p>\n</div>\n</td></tr></table>\n</body>\n</html>\n",
        paragraphs.join("\n")
    )
}

fn paragraph(paragraph: &str, buttons: &mut u32) -> String {
    if let Some((label, address)) = link(paragraph) {
        *buttons += u32::from(!label.starts_with(BULLET));
        let class = if *buttons == 1 && !label.starts_with(BULLET) {
            "button"
        } else {
            "quiet"
        };
        let (label, address) = (escaped(label), escaped(address));
        return format!("<p><a class=\"{class}\" href=\"{address}\" rel=\"noreferrer\">{label}</a></p>");
    }
    if let Some(rows) = facts(paragraph) {
        let rows: Vec<String> = rows
            .iter()
            .map(|(name, value)| {
                format!(
                    "<tr><th scope=\"row\">{}</th><td>{}</td></tr>",
                    escaped(name),
                    escaped(value)
                )
            })
            .collect();
        return format!(
            "<div class=\"facts\" style=\"padding:10px 16px\"><table cellpadding=\"0\" cellspacing=\"0\" border=\"0\">{}</table></div>",
            rows.join("")
        );
    }
    format!("<p>{}</p>", lines(paragraph))
}

/// A label, and on the line below the address that it leads to.
fn link(paragraph: &str) -> Option<(&str, &str)> {
    let (label, address) = paragraph.split_once('\n')?;
    let safe = address.starts_with("https://") || address.starts_with("http://");
    let one = !address.contains(char::is_whitespace);
    (safe && one).then(|| (label.trim_end_matches([':', ' ', '\u{a0}']), address))
}

/// Lines that each name something and say what it is.
fn facts(paragraph: &str) -> Option<Vec<(&str, &str)>> {
    let lines: Vec<&str> = paragraph.lines().collect();
    let fact = |line: &&'_ str| -> Option<(usize, usize)> {
        let at = line.find(": ")?;
        Some((at, at + 2))
    };
    if lines.len() < 2 {
        return None;
    }
    lines
        .iter()
        .map(|line| {
            let (end, begin) = fact(line)?;
            Some((line.get(..end)?.trim_end_matches([' ', '\u{a0}']), line.get(begin..)?))
        })
        .collect()
}

fn lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(escaped).collect();
    lines.join("<br>")
}

/// Text as HTML shows it, in an element or in a quoted attribute.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Bonjour,\n\nDate : lundi\nLieu : <b>ici</b>\n\nVoir ce rendez-vous :\nhttps://a.fr/rdv#x\n\nNe plus :\nhttps://a.fr/rdv#y\n\nx :\njavascript:alert(1)";

    #[test]
    fn words_stay_links_become_links_and_facts_a_table() {
        let page = page(("fr", "Rappel & <suite>"), TEXT, "pied");
        assert!(page.contains("<h1>Rappel &amp; &lt;suite&gt;</h1>"));
        assert!(
            page.contains("<a class=\"button\" href=\"https://a.fr/rdv#x\" rel=\"noreferrer\">Voir ce rendez-vous</a>")
        );
        assert!(page.contains("<a class=\"quiet\" href=\"https://a.fr/rdv#y\" rel=\"noreferrer\">Ne plus</a>"));
        assert!(page.contains("<th scope=\"row\">Date</th><td>lundi</td>"));
        assert!(page.contains("&lt;b&gt;ici&lt;/b&gt;") && !page.contains("<b>"));
        assert!(!page.contains("href=\"javascript"));
    }

    #[test]
    fn nothing_is_loaded_from_anywhere() {
        let page = page(("fr", "x"), TEXT, "pied");
        for loads in [
            "<img",
            "src=",
            "url(",
            "<link",
            "@import",
            "<script",
            "<iframe",
            "background=",
        ] {
            assert!(!page.contains(loads), "{loads}");
        }
    }
}
