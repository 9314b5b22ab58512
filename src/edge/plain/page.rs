//! The pages as HTML. Everything that people wrote goes through [`escaped`]; ids and numbers are ours.
//!
//! Must not be here: looking anything up, words.

use super::words::Words;
use cabinet_actors::mail::{day_and_hour, escaped, shown_phone};
use cabinet_domain::practice::Practitioner;
use cabinet_domain::slots::Slot;
use cabinet_domain::time::{UtcMillis, Zone};
use cabinet_proto::v1::convert::outward;
use cabinet_proto::v1::http::PublicPractice as Face;
use cabinet_proto::v1::model::{AppointmentType, Person};
use std::fmt::Write as _;

/// Days with free slots on one page.
const DAYS_MAX: usize = 7;

/// What stands on every page of one practitioner.
pub(super) struct Around<'a> {
    pub(super) words: &'static Words,
    pub(super) face: &'a Face,
    pub(super) practitioner: &'a Practitioner,
    pub(super) zone: &'a Zone,
}

/// The page of free slots.
pub(super) struct List<'a> {
    pub(super) types: &'a [AppointmentType],
    /// The type whose slots these are.
    pub(super) kind: Option<&'a AppointmentType>,
    /// Free and bookable now, ascending.
    pub(super) slots: &'a [Slot],
    /// The visit's secret.
    pub(super) token: &'a str,
    pub(super) now_ms: i64,
    /// Why what was asked was not done.
    pub(super) said: Option<&'static str>,
}

/// The page that asks who comes.
pub(super) struct Form<'a> {
    pub(super) token: &'a str,
    pub(super) kind: &'a str,
    pub(super) hold: &'a str,
    pub(super) start_ms: i64,
    pub(super) expires_ms: i64,
    pub(super) person: &'a Person,
    /// The field to mend.
    pub(super) mistake: Option<&'a str>,
}

/// The page of a booking just made.
pub(super) struct Booked<'a> {
    pub(super) start_ms: i64,
    pub(super) booking: &'a str,
    pub(super) manage_path: &'a str,
    pub(super) manage: &'a str,
}

impl Around<'_> {
    fn path(&self) -> String {
        format!(
            "/simple/{}/{}",
            escaped(&self.face.slug),
            escaped(&self.practitioner.slug)
        )
    }

    fn when(&self, at_ms: i64) -> (String, String) {
        let (day, hour) = day_and_hour(self.words.locale, self.zone, UtcMillis(at_ms));
        // An hour is not broken over two lines.
        (day, hour.replace(' ', "\u{a0}"))
    }

    fn page(&self, title: &str, main: &str) -> String {
        let (name, profession) = (escaped(&self.practitioner.name), escaped(&self.practitioner.profession));
        let other = self.words.other_language;
        let head = format!(
            "<p class=\"practice\"><a href=\"/simple/{slug}\">{practice}</a></p><h1>{title}</h1><p>{name}, {profession}</p>",
            slug = escaped(&self.face.slug),
            practice = escaped(&self.face.name),
        );
        let switch = format!(
            "<a href=\"{}?lang={}\" lang=\"{}\">{}</a>",
            self.path(),
            other.0,
            other.0,
            other.1
        );
        document(self.words, (title, self.face), (&head, main, &switch))
    }
}

fn document(words: &Words, (title, face): (&str, &Face), (head, main, switch): (&str, &str, &str)) -> String {
    let (practice, phone) = (escaped(&face.name), escaped(&face.phone));
    let shown = escaped(&shown_phone(&face.phone));
    format!(
        "<!doctype html><html lang=\"{lang}\"><head><meta charset=\"utf-8\"><title>{title} · {practice}</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><link rel=\"stylesheet\" href=\"/plain.css\"></head>\
         <body><header>{head}</header><main>{main}</main><footer><p>{call} <a href=\"tel:{phone}\">{shown}</a></p><p>{switch}</p>\
         <p class=\"soft\">{legal}</p></footer></body></html>",
        lang = words.lang,
        call = words.call,
        legal = escaped(&face.legal),
    )
}

/// The practitioners of a practice.
pub(super) fn practice(words: &Words, face: &Face) -> String {
    let mut people = String::new();
    for one in &face.practitioners {
        write(
            &mut people,
            format_args!(
                "<li><a href=\"/simple/{slug}/{own}?lang={lang}\"><strong>{name}</strong><span>{profession}</span>\
                 <span class=\"soft\">{see}</span></a></li>",
                slug = escaped(&face.slug),
                own = escaped(&one.slug),
                lang = words.lang,
                name = escaped(&one.name),
                profession = escaped(&one.profession),
                see = words.see_slots,
            ),
        );
    }
    let head = format!("<h1>{}</h1><p>{}</p>", escaped(&face.name), words.practice_lead);
    let main = format!("<ul class=\"choices\">{people}</ul>");
    let other = words.other_language;
    let switch = format!(
        "<a href=\"/simple/{}?lang={}\" lang=\"{}\">{}</a>",
        escaped(&face.slug),
        other.0,
        other.0,
        other.1
    );
    document(words, (words.title, face), (&head, &main, &switch))
}

/// Free slots, by day.
pub(super) fn list(around: &Around<'_>, list: &List<'_>) -> String {
    let (words, path) = (around.words, around.path());
    let mut main = String::new();
    if let Some(said) = list.said {
        write(&mut main, format_args!("<p class=\"bad\" role=\"alert\">{said}</p>"));
    }
    write(
        &mut main,
        format_args!("<nav aria-label=\"{}\"><ul class=\"choices\">", words.kind),
    );
    for kind in list.types {
        let chosen = list.kind.is_some_and(|chosen| chosen.id == kind.id);
        write(
            &mut main,
            format_args!(
                "<li><a href=\"{path}?lang={lang}&amp;kind={id}\"{current}><strong>{name}</strong><span>{minutes} {min}</span></a></li>",
                lang = words.lang,
                id = escaped(&kind.id),
                current = if chosen { " aria-current=\"true\"" } else { "" },
                name = escaped(&kind.name),
                minutes = kind.duration_minutes,
                min = words.minutes,
            ),
        );
    }
    main.push_str("</ul></nav>");
    if let Some(kind) = list.kind {
        let again = format!("{path}?lang={}&amp;kind={}", words.lang, escaped(&kind.id));
        let (_, hour) = around.when(list.now_ms);
        write(
            &mut main,
            format_args!(
                "<p>{} {hour}. <a href=\"{again}\">{}</a></p>",
                words.as_of, words.refresh
            ),
        );
        days(&mut main, around, list, (kind, &again));
    }
    around.page(words.title, &main)
}

fn days(main: &mut String, around: &Around<'_>, list: &List<'_>, (kind, again): (&AppointmentType, &str)) {
    let words = around.words;
    if list.slots.is_empty() {
        return write(main, format_args!("<p class=\"none\">{}</p>", words.none));
    }
    write(
        main,
        format_args!(
            "<form method=\"post\" action=\"{}/hold\"><input type=\"hidden\" name=\"lang\" value=\"{}\">\
             <input type=\"hidden\" name=\"token\" value=\"{}\"><input type=\"hidden\" name=\"kind\" value=\"{}\">",
            around.path(),
            words.lang,
            list.token,
            escaped(&kind.id)
        ),
    );
    let (mut shown, mut last) = (0, String::new());
    let mut further = None;
    for slot in list.slots {
        let start_ms = outward::millis(slot.start);
        let (day, hour) = around.when(start_ms);
        if day != last {
            if shown == DAYS_MAX {
                further = Some(start_ms);
                break;
            }
            main.push_str(if shown == 0 { "" } else { "</ul>" });
            write(main, format_args!("<h2>{day}</h2><ul class=\"slots\">"));
            shown += 1;
            last.clone_from(&day);
        }
        write(
            main,
            format_args!(
                "<li><button name=\"start_ms\" value=\"{start_ms}\" aria-label=\"{day}, {hour}\">{hour}</button></li>"
            ),
        );
    }
    main.push_str("</ul></form>");
    if let Some(from_ms) = further {
        write(
            main,
            format_args!("<p><a href=\"{again}&amp;from_ms={from_ms}\">{}</a></p>", words.later),
        );
    }
}

/// Who comes.
pub(super) fn form(around: &Around<'_>, form: &Form<'_>) -> String {
    let words = around.words;
    let ((day, hour), (_, until)) = (around.when(form.start_ms), around.when(form.expires_ms));
    let version = around.face.notice.as_ref().map_or(0, |notice| notice.version);
    let mut main = format!(
        "<p class=\"when\">{day}, {hour}</p><p>{} {until}.</p><form method=\"post\" action=\"{}/book\" class=\"person\">",
        words.kept_until,
        around.path()
    );
    let hidden = [
        ("lang", words.lang.to_owned()),
        ("token", escaped(form.token)),
        ("kind", escaped(form.kind)),
        ("hold", escaped(form.hold)),
        ("start_ms", form.start_ms.to_string()),
        ("expires_ms", form.expires_ms.to_string()),
        ("notice_version", version.to_string()),
    ];
    for (name, value) in hidden {
        write(
            &mut main,
            format_args!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">"),
        );
    }
    fields(&mut main, words, form);
    write(
        &mut main,
        format_args!(
            "<p class=\"soft\">{}</p><p><button class=\"primary\">{}</button></p></form>",
            words.contact, words.book
        ),
    );
    notice(&mut main, around);
    write(
        &mut main,
        format_args!(
            "<p><a href=\"{}?lang={}&amp;kind={}\">{}</a></p>",
            around.path(),
            words.lang,
            escaped(form.kind),
            words.other
        ),
    );
    around.page(words.title, &main)
}

/// The four fields about oneself, with what is to be mended.
fn fields(main: &mut String, words: &Words, form: &Form<'_>) {
    let person = form.person;
    let (email, phone) = (person.email.as_deref(), person.phone.as_deref());
    for (name, label, value, kind, complete) in [
        (
            "given_name",
            words.given_name,
            person.given_name.as_str(),
            "text",
            "given-name",
        ),
        (
            "family_name",
            words.family_name,
            person.family_name.as_str(),
            "text",
            "family-name",
        ),
        ("email", words.email, email.unwrap_or_default(), "email", "email"),
        ("phone", words.phone, phone.unwrap_or_default(), "tel", "tel"),
    ] {
        let wrong = form.mistake == Some(name) || (form.mistake == Some("contact") && name == "email");
        let mistake = form.mistake.filter(|_| wrong).map(|field| words.mistake(field));
        let (invalid, said) = mistake.map_or_else(
            || ("", String::new()),
            |said| {
                (
                    " aria-invalid=\"true\" autofocus",
                    format!("<span class=\"mistake\" id=\"{name}-mistake\">{said}</span>"),
                )
            },
        );
        let described = if wrong {
            format!(" aria-describedby=\"{name}-mistake\"")
        } else {
            String::new()
        };
        write(
            main,
            format_args!(
                "<p><label for=\"{name}\">{label}</label><input id=\"{name}\" name=\"{name}\" type=\"{kind}\" \
                 autocomplete=\"{complete}\" value=\"{}\"{invalid}{described}>{said}</p>",
                escaped(value)
            ),
        );
    }
}

fn notice(main: &mut String, around: &Around<'_>) {
    let Some(notice) = &around.face.notice else { return };
    let english = around.words.lang == "en" && !notice.english.is_empty();
    let text = if english { &notice.english } else { &notice.french };
    write(
        main,
        format_args!("<details><summary>{}</summary>", around.words.notice),
    );
    for paragraph in text.split("\n\n").filter(|text| !text.trim().is_empty()) {
        write(main, format_args!("<p>{}</p>", escaped(paragraph)));
    }
    main.push_str("</details>");
}

/// It is booked.
pub(super) fn booked(around: &Around<'_>, booked: &Booked<'_>) -> String {
    let words = around.words;
    let (day, hour) = around.when(booked.start_ms);
    let main = format!(
        "<p class=\"when\">{day}, {hour}</p><p>{mailed}</p><p>{keep}</p>\
         <form method=\"post\" action=\"{path}/cancel\"><input type=\"hidden\" name=\"lang\" value=\"{lang}\">\
         <input type=\"hidden\" name=\"manage\" value=\"{manage}\"><input type=\"hidden\" name=\"booking\" value=\"{booking}\">\
         <p><button>{cancel}</button></p></form><p><a href=\"{page}#{manage}\">{link}</a></p>",
        mailed = words.mailed,
        keep = words.keep,
        path = around.path(),
        lang = words.lang,
        manage = escaped(booked.manage),
        booking = escaped(booked.booking),
        cancel = words.cancel,
        page = escaped(booked.manage_path),
        link = words.manage,
    );
    around.page(words.booked, &main)
}

/// It is cancelled.
pub(super) fn cancelled(around: &Around<'_>) -> String {
    let words = around.words;
    let main = format!(
        "<p><a href=\"{}?lang={}\">{}</a></p>",
        around.path(),
        words.lang,
        words.other
    );
    around.page(words.cancelled, &main)
}

/// Writing to a string does not fail.
fn write(to: &mut String, what: std::fmt::Arguments<'_>) {
    to.write_fmt(what).unwrap_or_default();
}
