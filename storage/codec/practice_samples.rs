//! One of every event of a practice, for the golden bytes.

use super::*;

pub(super) fn practice_events() -> Vec<(&'static str, PracticeEvent)> {
    let text = str::to_owned;
    vec![
        (
            "practice.face",
            PracticeEvent::FaceSet(PracticeFace {
                name: text("Cabinet"),
                slug: text("cabinet"),
                phone: text("+33123456789"),
                email: text("a@b.fr"),
                legal: text("SELARL"),
            }),
        ),
        (
            "practice.place",
            PracticeEvent::PlaceSet(Place {
                id: PlaceId(4),
                name: text("Gare"),
                address: text("1 rue"),
                zone: Zone::paris(),
            }),
        ),
        (
            "practice.practitioner",
            PracticeEvent::PractitionerSet(Practitioner {
                agenda: AgendaId(1),
                slug: text("claire"),
                name: text("Claire"),
                profession: text("Kiné"),
                colour: 7,
            }),
        ),
        (
            "practice.staff",
            PracticeEvent::StaffSet(Staff {
                id: StaffId(14),
                name: text("Léa"),
            }),
        ),
        (
            "practice.notice",
            PracticeEvent::NoticePublished(Notice {
                version: 2,
                french: text("Avis"),
                english: text("Notice"),
            }),
        ),
    ]
}

pub(super) fn membership_events() -> Vec<(&'static str, PracticeEvent)> {
    let text = str::to_owned;
    let rights = Rights {
        elsewhere: Level::Times,
        agendas: BTreeMap::from([(AgendaId(1), Level::Full)]),
    };
    let member = Member {
        id: StaffId(20),
        name: text("Zoé"),
        role: Role::Replacement,
        rights: rights.clone(),
        agenda: Some(AgendaId(1)),
        valid_from: UtcMillis(1_000),
        valid_until: Some(UtcMillis(2_000)),
    };
    let invitation = Invitation {
        id: InvitationId(21),
        link_hash: [22; 32],
        role: Role::Secretary,
        rights,
        agenda: None,
        member_from: UtcMillis(1_000),
        member_until: None,
        invited_by: StaffId(14),
        expires_at: UtcMillis(1_790_000_100_000),
    };
    let acceptance = Acceptance {
        staff: StaffId(14),
        document: DocumentKind::ProcessingContract,
        version: 1,
        sha256: [23; 32],
        locale: Locale::French,
        accepted_at: UtcMillis(1_790_000_000_000),
        ip: text("192.0.2.1"),
        user_agent: text("B/1"),
        signatory_name: text("Léa"),
        signatory_quality: text("gérante"),
    };
    let grant = SupportGrant {
        id: SupportGrantId(24),
        agent: StaffId(25),
        level: Level::TimesAndTypes,
        reason: text("Agenda vide"),
        granted_by: StaffId(14),
        granted_at: UtcMillis(1_790_000_000_000),
        expires_at: UtcMillis(1_790_000_100_000),
    };
    let glass = BreakGlass {
        id: BreakGlassId(26),
        staff: StaffId(20),
        agenda: AgendaId(1),
        reason: text("Urgence"),
        opened_at: UtcMillis(1_790_000_000_000),
        expires_at: UtcMillis(1_790_000_100_000),
    };
    vec![
        ("practice.member", PracticeEvent::MemberSet(member)),
        ("practice.invitation", PracticeEvent::InvitationMade(invitation)),
        ("practice.acceptance", PracticeEvent::DocumentAccepted(acceptance)),
        ("practice.support", PracticeEvent::SupportGranted(grant)),
        ("practice.glass", PracticeEvent::BreakGlassOpened(glass)),
    ]
}

pub(super) fn review_events() -> Vec<(&'static str, PracticeEvent)> {
    let at = UtcMillis(1_790_000_000_000);
    let (by, staff, rule) = (StaffId(14), StaffId(20), Rule::BulkViewing);
    vec![
        (
            "practice.reviewed",
            PracticeEvent::AccessReviewed(AccessReview { by, at }),
        ),
        ("practice.locked", PracticeEvent::MemberLocked(Lock { staff, rule, at })),
    ]
}

/// What ends something: it leaves nothing in the state that the checkpoint's golden bytes would show.
pub(super) fn ending_events() -> Vec<(&'static str, PracticeEvent)> {
    vec![
        ("practice.member_removed", PracticeEvent::MemberRemoved(StaffId(27))),
        (
            "practice.invitation_used",
            PracticeEvent::InvitationUsed(InvitationId(28)),
        ),
        (
            "practice.invitation_withdrawn",
            PracticeEvent::InvitationWithdrawn(InvitationId(29)),
        ),
        (
            "practice.support_ended",
            PracticeEvent::SupportEnded(SupportGrantId(30)),
        ),
        ("practice.glass_ended", PracticeEvent::BreakGlassEnded(BreakGlassId(31))),
        ("practice.member_released", PracticeEvent::MemberReleased(StaffId(32))),
    ]
}
