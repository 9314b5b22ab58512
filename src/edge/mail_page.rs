//! The page on which a demo shows its mails: plain HTML, no script, everything escaped.
//!
//! Must not be here: mails of an installation that is no demo.

use super::frame::CONTENT_SECURITY;
use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_SECURITY_POLICY;
use cabinet_actors::mail::{Envelope, escaped};

const STYLE: &str = include_str!("mail_page.css");
/// What a mail's own page may do: show its own style, and nothing else.
const ALONE: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; \
     sandbox allow-top-navigation-by-user-activation";

/// The page.
pub(super) fn answer(mails: &[Envelope]) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, format!("{CONTENT_SECURITY}; frame-src 'self'")))
        .body(page(mails))
}

/// The HTML of one mail, as a page of its own: it is shown in a frame in which nothing runs and nothing is loaded.
pub(super) fn html_of(mails: &[Envelope], id: &str) -> Option<HttpResponse> {
    let html = mails.iter().find(|mail| mail.id == id)?.html.as_ref()?;
    // A link leaves the frame.
    let html = html.replacen("<head>", "<head><base target=\"_top\">", 1);
    let answer = HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, ALONE))
        .body(html);
    Some(answer)
}

/// Its style.
pub(super) async fn style() -> HttpResponse {
    HttpResponse::Ok().content_type("text/css; charset=utf-8").body(STYLE)
}

fn page(mails: &[Envelope]) -> String {
    let mut body = String::new();
    if mails.is_empty() {
        body.push_str(
            "<p class=\"none\">Aucun courriel pour l’instant. Connectez-vous d’un nouvel appareil, invitez quelqu’un ou \
             demandez un nouveau mot de passe : le courriel paraît ici.</p>",
        );
    }
    body.extend(mails.iter().map(written));
    format!(
        "<!doctype html><html lang=\"fr\"><head><meta charset=\"utf-8\"><title>Courriels de la démonstration</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><link rel=\"stylesheet\" href=\"/mails.css\"></head><body>\
         <header><h1>Courriels de la démonstration</h1><p>Ils ne partent nulle part : cette page les montre, les plus \
         récents d’abord, jusqu’à l’arrêt. <a href=\"/mails\">Actualiser</a></p></header><main>{body}</main></body></html>"
    )
}

fn written(mail: &Envelope) -> String {
    let (subject, to) = (escaped(&mail.subject), escaped(&mail.to));
    let text: Vec<String> = mail.text.lines().map(line).collect();
    let text = text.join("\n");
    let attached = mail.attachments.iter().map(|attachment| {
        let (name, text) = (escaped(&attachment.name), escaped(&attachment.text));
        format!("<details><summary>{name}</summary><pre>{text}</pre></details>")
    });
    let attached: String = attached.collect();
    let language = mail.language;
    let html = mail.html.as_ref().map_or_else(String::new, |_| {
        let id = escaped(&mail.id);
        format!(
            "<details><summary>HTML</summary><iframe src=\"/mails/{id}\" title=\"{subject}\" loading=\"lazy\" \
             sandbox=\"allow-top-navigation-by-user-activation\"></iframe></details>"
        )
    });
    format!(
        "<article lang=\"{language}\"><h2>{subject}</h2><p class=\"to\">À : {to}</p><pre>{text}</pre>{html}{attached}</article>"
    )
}

/// A line, with what is an address in it as a link.
fn line(text: &str) -> String {
    let word = |word: &str| {
        if !word.starts_with("https://") && !word.starts_with("http://") {
            return escaped(word);
        }
        let address = word.trim_end_matches([',', '.', ':', ';']);
        let after = word.strip_prefix(address).unwrap_or_default();
        let shown = escaped(address);
        format!("<a href=\"{shown}\" rel=\"noreferrer\">{shown}</a>{after}")
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use cabinet_actors::mail::Attachment;

    #[test]
    fn what_people_wrote_is_text_and_links_are_links() {
        let page = page(&[Envelope {
            id: String::new(),
            to: "a@b.fr".to_owned(),
            subject: "<script>alert(1)</script>".to_owned(),
            html: None,
            text: "Bonjour \"x\",\nhttps://a.fr/agenda#link=1, \njavascript:alert(1)".to_owned(),
            language: "fr",
            attachments: vec![Attachment {
                name: "<b>".to_owned(),
                text: "</pre><img>".to_owned(),
                kind: Attachment::TEXT,
            }],
        }]);
        assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("<b>"));
        assert!(
            page.contains("<a href=\"https://a.fr/agenda#link=1\" rel=\"noreferrer\">https://a.fr/agenda#link=1</a>,")
        );
        assert!(!page.contains("href=\"javascript"));
    }
}
