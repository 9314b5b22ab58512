//! The agendas of a world: two practices in Europe/Paris around days on which clocks change, and what opens them.

use cabinet_actors::order::Order;
use cabinet_domain::Command;
use cabinet_domain::audit::LeafOrigin;
use cabinet_domain::command::Principal;
use cabinet_domain::ids::{
    AgendaId, AgendaKey, BlobId, CommandId, PatientId, PlaceId, PracticeId, RuleId, StaffId, TypeId,
};
use cabinet_domain::person::{Person, PersonalPart};
use cabinet_domain::schedule::{
    AppointmentType, HolidayRegion, OpeningRule, Opens, Profile, Release, TypeSelection, WeekCycle,
};
use cabinet_domain::time::{CivilDate, UtcMillis, UtcMinute, Weekday, Zone};
use cabinet_storage::dice::Dice;

/// Half an hour, online, no notice; patients cancel until a day before. Windows are short, which is what keeps worlds quick.
pub(crate) const PLAIN: TypeId = TypeId(10);
/// Three quarters with buffers, two hours' notice, five days' window.
pub(crate) const BUFFERED: TypeId = TypeId(11);
/// An hour, booked by staff alone.
pub(crate) const STAFF_ONLY: TypeId = TypeId(12);

/// The agendas of every world: two of one practice, one of another; some have a fourth.
pub(crate) const AGENDAS: [AgendaKey; 4] = [key(1, 1), key(1, 2), key(2, 3), key(2, 4)];

/// The first days of worlds: the week-ends of clock changes come first.
const FIRST_DAYS: [(i16, i8, i8); 6] = [
    (2026, 3, 27),
    (2026, 10, 23),
    (2027, 3, 26),
    (2027, 10, 29),
    (2026, 5, 11),
    (2026, 12, 30),
];
/// So many of them lie before a clock change.
const CHANGE_DAYS: usize = 4;

const fn key(practice: u128, agenda: u128) -> AgendaKey {
    AgendaKey {
        practice: PracticeId(practice),
        agenda: AgendaId(agenda),
    }
}

/// When a world begins, and whether clocks change within its reach.
pub(crate) fn first_day(dice: &mut Dice) -> (UtcMillis, bool) {
    let index = dice.index(FIRST_DAYS.len());
    let (year, month, day) = FIRST_DAYS.get(index).copied().unwrap_or((2026, 3, 27));
    let date = CivilDate::new(year, month, day).unwrap_or(CivilDate(20_000));
    let minute = UtcMinute(i64::from(date.0) * 1_440 + 420 + i64::try_from(dice.below(600)).unwrap_or(0));
    (minute.millis(), index < CHANGE_DAYS)
}

/// A type by id, as it is at first.
pub(crate) fn kind(id: TypeId) -> AppointmentType {
    let (duration, before, after, notice, window, cutoff) = match id {
        BUFFERED => (45, 5, 10, 120, 5, 2_880),
        STAFF_ONLY => (60, 0, 0, 0, 12, 0),
        TypeId(_) => (30, 0, 0, 0, 12, 1_440),
    };
    AppointmentType {
        id,
        name: "Séance".to_owned(),
        duration_minutes: duration,
        buffer_before_minutes: before,
        buffer_after_minutes: after,
        colour: 0x33_66_99,
        online: id != STAFF_ONLY,
        minimum_notice_minutes: notice,
        booking_window_days: window,
        cancellation_cutoff_minutes: cutoff,
        daily_cap: None,
        opens: Opens::Rolling,
    }
}

/// The settings with this life of holds.
pub(crate) fn profile(hold_ttl_seconds: u32) -> Profile {
    Profile {
        zone: Zone::paris(),
        granularity_minutes: 15,
        hold_ttl_seconds,
        holidays: HolidayRegion::Metropole,
        open_on_holidays: true,
        week_a_monday: CivilDate(20_458),
    }
}

/// A weekly rule.
pub(crate) fn rule(id: u128, weekday: Weekday, from_minute_of_day: u16, until_minute_of_day: u16) -> OpeningRule {
    OpeningRule {
        id: RuleId(id),
        weekday,
        from_minute_of_day,
        until_minute_of_day,
        types: TypeSelection::All,
        place: PlaceId(3),
        weeks: WeekCycle::Every,
        valid_from: CivilDate(20_000),
        valid_until: None,
        release: Release::Always,
    }
}

/// What opens an agenda: mornings and afternoons every day, and the hours of the night in which clocks change.
pub(crate) fn opening(agenda: AgendaKey, hold_ttl_seconds: u32) -> Vec<Order> {
    let days = [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ];
    let mut commands = vec![
        Command::SetProfile(profile(hold_ttl_seconds)),
        Command::SetType(kind(PLAIN)),
        Command::SetType(kind(BUFFERED)),
        Command::SetType(kind(STAFF_ONLY)),
        Command::OpenHours(rule(99, Weekday::Sunday, 60, 300)),
    ];
    for (weekday, number) in days.into_iter().zip(100_u128..) {
        commands.push(Command::OpenHours(rule(number, weekday, 480, 1_140)));
    }
    let numbered = commands.into_iter().zip(1_u128..);
    let order = |(command, number)| staff_order(agenda, CommandId(number), command);
    numbered.map(order).collect()
}

/// An order by a member of staff, without anybody's data.
pub(crate) fn staff_order(agenda: AgendaKey, command_id: CommandId, command: Command) -> Order {
    Order {
        agenda,
        command,
        principal: Principal::Staff(StaffId(5)),
        command_id,
        digest: command_id.0.to_be_bytes(),
        personal: Vec::new(),
        origin: LeafOrigin::default(),
        locale: None,
    }
}

/// The personal part that goes with this patient and blob.
pub(crate) fn personal(patient: PatientId, blob: BlobId) -> PersonalPart {
    PersonalPart {
        patient,
        blob,
        person: Person {
            given_name: "Anne".to_owned(),
            family_name: format!("Essai {:x}", blob.0 % 0xffff),
            email: Some("essai@example.fr".to_owned()),
            phone: None,
        },
    }
}
