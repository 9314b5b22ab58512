//! The outbox when the outside misbehaves: refused for now, refused for good, away; and the day's mail.

use crate::accounts::{owner, stranger};
use crate::wiring::draws;
use crate::world::{AGENDA, MINUTE_MS, MONDAY_MS, World};
use cabinet_actors::accounts::Accounts;
use cabinet_actors::agendas::Agendas;
use cabinet_actors::anomaly::AnomalySupervisor;
use cabinet_actors::audit::Audit;
use cabinet_actors::clock::Clock;
use cabinet_actors::directory::Directory;
use cabinet_actors::gateways::page::Page;
use cabinet_actors::mail::{Envelope, Links, MailOptions, MailSupervisor, Outbox, Outcome, Post, PostError, Sources};
use cabinet_domain::mail::RETRY_SECONDS;
use cabinet_domain::practice::ContractDeadline;
use cabinet_storage::Storage;
use futures_util::future::{BoxFuture, ready};
use parking_lot::Mutex;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// Takes mails as a demo's page does, unless told to fail.
#[derive(Default)]
pub(crate) struct Postman {
    pub(crate) page: Page,
    fails: Mutex<VecDeque<PostError>>,
    tries: Mutex<usize>,
}

impl Postman {
    /// Fails at the next tries.
    pub(crate) fn will_fail(&self, times: usize, error: &PostError) {
        self.fails.lock().extend(std::iter::repeat_n(error.clone(), times));
    }

    fn tries(&self) -> usize {
        *self.tries.lock()
    }
}

impl Post for Postman {
    fn send(&self, envelope: Envelope) -> BoxFuture<'_, Result<String, PostError>> {
        *self.tries.lock() += 1;
        let failure = self.fails.lock().pop_front();
        match failure {
            Some(error) => Box::pin(ready(Err(error))),
            None => self.page.send(envelope),
        }
    }
}

/// The supervisor of mails, which the tests themselves have look.
pub(crate) fn post_office(
    outbox: Outbox,
    (storage, directory, (accounts, agendas), audit, anomalies): (
        &Storage,
        &Directory,
        (&Accounts, &Agendas),
        &Audit,
        &AnomalySupervisor,
    ),
    (clock, postman): (&Arc<dyn Clock>, &Arc<Postman>),
    deadlines: Vec<ContractDeadline>,
) -> MailSupervisor {
    let sources = Sources {
        records: storage.records(),
        directory: directory.clone(),
        accounts: accounts.clone(),
        agendas: agendas.clone(),
        audit: audit.clone(),
        anomalies: anomalies.clone(),
        links: Links::new(storage.records(), draws(4_000_000)),
        documents: Arc::new(|_, version, _| Some(format!("document, version {version}"))),
        deadlines,
    };
    let options = ("https://agenda.example.org".to_owned(), MailOptions { daily_hour: 7 });
    MailSupervisor::new(outbox, sources, clock.clone(), postman.clone(), options)
}

pub(crate) fn why() -> String {
    "because".to_owned()
}

async fn with_trial() -> World {
    let world = World::with_accounts().await;
    world.mails.try_out("essai@example.org").await.unwrap();
    world
}

#[actix_web::test]
async fn a_mail_refused_for_now_is_tried_again_at_its_times_and_arrives_once() {
    let world = with_trial().await;
    world.postman.will_fail(3, &PostError::Later(why()));
    assert_eq!(world.mails().await, []);
    assert_eq!(world.mails.stats().waiting, 1);
    for (tried, seconds) in (1..).zip(&RETRY_SECONDS[..3]) {
        world.pass_seconds(seconds - 1);
        world.mails().await;
        assert_eq!(world.postman.tries(), tried, "not a second too early");
        world.pass_seconds(1);
        world.mails().await;
        assert_eq!(world.postman.tries(), tried + 1);
    }
    let mails = world.mails().await;
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, "essai@example.org"));
    let stats = world.mails.stats();
    assert_eq!((stats.waiting, stats.dead, stats.failures["later"]), (0, 0, 3));
    assert_eq!(stats.done[&("trial", Outcome::Sent)], 1);
}

#[actix_web::test]
async fn a_mail_refused_too_often_or_for_good_is_a_dead_letter_that_the_operator_can_revive() {
    let world = with_trial().await;
    world
        .postman
        .will_fail(RETRY_SECONDS.len() + 1, &PostError::Later(why()));
    for seconds in std::iter::once(&0).chain(&RETRY_SECONDS) {
        world.pass_seconds(*seconds);
        world.mails().await;
    }
    assert_eq!(world.postman.tries(), RETRY_SECONDS.len() + 1);
    assert_eq!(world.mails.stats().dead, 1);
    world.pass_seconds(10 * 24 * 3_600);
    world.mails().await;
    assert_eq!(world.postman.tries(), RETRY_SECONDS.len() + 1, "nobody tries it again");
    let listed = world.mails.listed(10, true).await.unwrap();
    assert!(
        listed.len() == 1 && listed[0].dead && listed[0].letter == "trial" && listed[0].why.ends_with("because"),
        "{listed:?}"
    );
    assert_eq!(world.mails.send_again(Some("other")).await.unwrap(), 0);
    assert_eq!(world.mails.send_again(Some(&listed[0].id)).await.unwrap(), 1);
    assert_eq!(world.mails().await.len(), 1);
    assert_eq!(world.mails.listed(10, false).await.unwrap(), []);

    world.mails.try_out("personne@example.org").await.unwrap();
    world.postman.will_fail(1, &PostError::Refused(why()));
    world.mails().await;
    assert_eq!(world.mails.stats().dead, 1, "at once");
}

#[actix_web::test]
async fn while_nobody_answers_mails_wait_without_being_counted_and_then_all_go() {
    let world = with_trial().await;
    world.mails.try_out("autre@example.org").await.unwrap();
    world.postman.will_fail(2, &PostError::Down(why()));
    world.mails().await;
    assert_eq!(world.postman.tries(), 1, "one try tells it for all");
    assert_eq!(world.mails.stats().down.as_deref(), Some("because"));
    world.pass_seconds(4);
    world.mails().await;
    assert_eq!(world.postman.tries(), 1);
    world.pass_seconds(1);
    world.mails().await;
    world.pass_seconds(14);
    world.mails().await;
    assert_eq!(world.postman.tries(), 2);
    world.pass_seconds(1);
    assert_eq!(world.mails().await.len(), 2);
    let stats = world.mails.stats();
    assert_eq!((stats.waiting, stats.down), (0, None));
    // After five days it is one dead letter more.
    world.mails.try_out("tard@example.org").await.unwrap();
    world.postman.will_fail(2, &PostError::Down(why()));
    world.mails().await;
    world.pass_seconds(5 * 24 * 3_600);
    world.mails().await;
    assert_eq!((world.mails.stats().waiting, world.mails.stats().dead), (0, 1));
}

#[actix_web::test]
async fn owners_are_mailed_each_day_what_the_log_has_come_to_and_its_checkpoint() {
    let world = World::with_accounts().await;
    let cookies = owner(&world).await;
    world.audit.sign().await.unwrap();
    assert_eq!(world.mails().await, [], "not before its first night");
    // The next morning, before seven in Paris; then at seven.
    world.pass_seconds(18 * 3_600 - 1);
    assert_eq!(world.mails().await, []);
    world.pass_seconds(1);
    let mails = world.mails().await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    let daily = &mails[0];
    assert_eq!(
        (daily.to.as_str(), daily.subject.as_str()),
        ("claire@essai.example", "Votre journal d’accès du 22 novembre 2026")
    );
    let state = world.audit.state(AGENDA.practice).await.unwrap();
    assert_eq!(daily.attachments.len(), 1);
    assert_eq!(daily.attachments[0].name, "checkpoint-2026-11-22.txt");
    assert_eq!(Some(&daily.attachments[0].text), state.checkpoint.as_ref());
    assert!(daily.text.contains(&world.audit.public_key()));
    assert!(daily.text.contains("Aucune alerte."));
    // Once a day; and not at all while nothing is added.
    world.pass_seconds(3_600);
    world.mails().await;
    world.pass_seconds(24 * 3_600);
    assert_eq!(world.mails().await.len(), 1);
    world.staff_get(&cookies, "/api/v1/staff/audit").await;
    world.book(MONDAY_MS + 7 * 24 * 60 * MINUTE_MS).await;
    world.audit.sign().await.unwrap();
    world.pass_seconds(24 * 3_600);
    let mut mails = world.mails().await;
    mails.retain(|mail| mail.to == daily.to);
    assert_eq!(mails.len(), 2);
}

#[actix_web::test]
async fn nobody_is_mailed_who_has_no_account_any_more() {
    let world = World::with_accounts().await;
    let anne = stranger(&world, "anne@essai.example").await;
    anne.sign_in(&world, "").await;
    let holder = cabinet_actors::accounts::Holder {
        practice: AGENDA.practice,
        staff: cabinet_domain::ids::StaffId(50),
    };
    world.accounts.delete(holder).await.unwrap();
    assert_eq!(world.mails().await, []);
    let receipts = world.mails.receipts(AGENDA.practice, 10).await.unwrap();
    let fates: Vec<_> = receipts.iter().map(|one| (one.kind.as_str(), one.outcome)).collect();
    assert_eq!(fates, [("new_device", Outcome::NoAddress)]);
}

#[actix_web::test]
async fn every_page_that_a_mail_names_is_there() {
    let world = World::start().await;
    let texts = [
        include_str!("../../actors/mail/letters.fr.txt"),
        include_str!("../../actors/mail/letters.en.txt"),
    ];
    let named: BTreeSet<String> = texts
        .iter()
        .flat_map(|text| text.split("{base}").skip(1))
        .map(|rest| {
            rest.chars()
                .take_while(|one| one.is_ascii_lowercase() || *one == '/')
                .collect()
        })
        .collect();
    assert!(named.len() >= 5, "{named:?}");
    for path in named {
        let answer = world.get(&path).await;
        assert_eq!(
            (answer.status, answer.kind.as_str()),
            (200, "text/html; charset=utf-8"),
            "{path}"
        );
    }
}
