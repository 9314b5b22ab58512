//! The table of a run: delays per kind of screen, and what stands beside them.

use super::pages::Samples;
use super::{Measured, ScreensOptions, Window};
use crate::arrivals::Audience;
use crate::figures::{self, percentile};
use crate::machine;
use crate::watchers::Tally;
use std::time::Duration;

/// What p99 is wanted to be, in milliseconds.
const NATIVE_WANTED_MS: &str = "20";
const PAGE_WANTED_MS: &str = "100";

pub(super) fn report(options: &ScreensOptions, measured: &Measured) -> String {
    let mut text = head(options);
    let mut feet = String::new();
    text.push_str("| from the sending of a command to | p50 ms | p99 ms | most ms | how many | p99 wanted |\n");
    text.push_str("|---|---|---|---|---|---|\n");
    for window in &measured.windows {
        let (rows, foot) = natively(window, measured);
        text.push_str(&rows);
        feet.push_str(&foot);
    }
    if let Some(samples) = &measured.samples {
        text.push_str(&page_rows(samples));
    }
    text.push('\n');
    text.push_str(&feet);
    text.push_str(&foot(measured));
    text
}

/// The rows of the native clients in one window, and a line about it.
fn natively(window: &Window, measured: &Measured) -> (String, String) {
    let Measured { log, arrivals, .. } = measured;
    let Window {
        name,
        span,
        processors: [server, client, browser],
    } = window;
    let board = arrivals.delays(Audience::Board, &log.done, span);
    let session = arrivals.delays(Audience::Session, &log.done, span);
    let counted = log.done.iter().filter(|one| span.contains(&one.sent));
    let answers: Vec<Duration> = counted
        .map(|one| one.answered.saturating_duration_since(one.sent))
        .collect();
    let rows = [
        row(&format!("its own answer (the reference), {name}"), &answers, ""),
        row(&format!("a board, native client, {name}"), &board.all, NATIVE_WANTED_MS),
        row(
            &format!("a staff session, native client, {name}"),
            &session.all,
            NATIVE_WANTED_MS,
        ),
    ];
    let took = span.end().saturating_duration_since(*span.start());
    let commands = figures::Measured::new(answers.len() as u64, took);
    let deliveries = figures::Measured::new((board.all.len() + session.all.len()) as u64, took);
    let foot = format!(
        "- {name}: {commands} commands/s accepted, {deliveries} deliveries/s; processors used: server {server:.2}, load client \
         {client:.2}, browser and its script {browser:.2}. Missed: {} deliveries to boards, {} to sessions, {} commands whose \
         change no probe saw.\n",
        board.missing,
        session.missing,
        board.unseen + session.unseen,
    );
    (rows.concat(), foot)
}

fn head(options: &ScreensOptions) -> String {
    let pages = if options.pages.is_some() {
        "Two pages in headless Chromium, a patient's board and the staff's agenda, join in the second \
         window; their script books and cancels beside the load on slots of its own, and a MutationObserver in the page notes when the change stands in \
         the document. "
    } else {
        "No pages. "
    };
    format!(
        "# Change to screen under load\n\n{}.\n\n`make load SCENARIO=screens`. The real binary (demo, plain HTTP on loopback, \
         three agendas, its store on a disk); {} boards and {} staff sessions, spread over the agendas; durable commands (hold, \
         confirm, cancel by turns) at an even pace of {} a second, {} s in each window. {pages}The clock begins just before the command is \
         sent. Load client, server and browser share the processors: the delays contain all that waiting.\n\n",
        machine::in_one_line(),
        options.boards,
        options.sessions,
        options.commands_per_second,
        options.seconds,
    )
}

fn row(what: &str, durations: &[Duration], wanted: &str) -> String {
    let mut sorted = durations.to_vec();
    sorted.sort_unstable();
    let at = |share| percentile(&sorted, share).as_secs_f64() * 1_000.0;
    format!(
        "| {what} | {:.1} | {:.1} | {:.1} | {} | {wanted} |\n",
        at(0.5),
        at(0.99),
        at(1.0),
        sorted.len()
    )
}

fn page_rows(samples: &Samples) -> String {
    let rows = [
        ("its own answer, sent by the pages' script", &samples.answer_ms, ""),
        ("a patient's page: slot taken", &samples.board_taken_ms, PAGE_WANTED_MS),
        (
            "a patient's page: slot offered again",
            &samples.board_free_ms,
            PAGE_WANTED_MS,
        ),
        (
            "the agenda's page: booking drawn",
            &samples.agenda_booked_ms,
            PAGE_WANTED_MS,
        ),
        (
            "the agenda's page: booking gone",
            &samples.agenda_gone_ms,
            PAGE_WANTED_MS,
        ),
    ];
    let rows = rows.map(|(what, millis, wanted)| {
        let durations: Vec<Duration> = millis
            .iter()
            .map(|millis| Duration::from_secs_f64(millis.max(0.0) / 1_000.0))
            .collect();
        row(what, &durations, wanted)
    });
    rows.concat()
}

fn foot(measured: &Measured) -> String {
    let Measured {
        log, arrivals, samples, ..
    } = measured;
    let lost = samples.as_ref().map_or(0, |samples| samples.lost);
    format!(
        "- All the time: {} gaps, {} sessions told to join again, {} lines ended, {lost} changes not shown by a page within \
         10 s; {} moments at which every patient still waited, {} commands repeated, refused: {}.\n",
        arrivals.gaps,
        arrivals.resyncs,
        arrivals.ended,
        log.late,
        log.repeated,
        Tally::in_words(&log.refused),
    )
}
