//! What the matrix tries: every command there is, and what they are tried on.

use super::people::COLLEAGUES;
use crate::world::{AGENDA, KIND, MINUTE_MS, MONDAY_MS, START_MS, World};
use cabinet::edge::guard::rights::action_of;
use cabinet_domain::ids::AgendaKey;
use cabinet_domain::rights::Action;
use cabinet_proto::v1::http::StaffCommand;
use serde_json::{Value, json};

pub(super) fn is_action(command: &Value) -> Action {
    let command: StaffCommand = serde_json::from_value(command.clone()).unwrap();
    action_of(&command)
}

const WEEK_MS: i64 = 7 * 24 * 60 * MINUTE_MS;

/// What commands are tried on.
#[derive(Default)]
pub(super) struct There {
    booking: String,
    entry: String,
}

/// Every command there is, on fresh things, in an order in which whoever has the right is accepted.
pub(super) fn commands(world: &World, there: &There) -> Vec<Value> {
    let There { booking, entry } = there;
    let start_ms = MONDAY_MS + i64::try_from(world.draw() % 6).unwrap() * 30 * MINUTE_MS;
    let allow = json!({"overlap": true, "outside_hours": true});
    let [absence, kind, rule, opening] = [(); 4].map(|()| world.id());
    let place = format!("{:032x}", 40);
    let person = json!({"given_name": "Hugo", "family_name": "Blanc", "email": null, "phone": null});
    let rule = json!({"id": rule, "weekday": "tuesday", "from": "09:00", "until": "12:00", "types": null,
        "place": place, "weeks": "every", "valid_from": "2026-01-01", "valid_until": null});
    vec![
        json!({"do": "book", "booking": world.id(), "kind": KIND.to_string(), "start_ms": start_ms,
            "person": person, "allow": allow}),
        json!({"do": "move", "booking": booking, "start_ms": start_ms, "allow": allow}),
        json!({"do": "cancel", "booking": booking}),
        json!({"do": "add_absence", "absence": {"id": absence,
            "start_ms": START_MS, "end_ms": START_MS + 60 * MINUTE_MS, "label": "Congés"}}),
        json!({"do": "remove_absence", "id": absence}),
        json!({"do": "set_type", "kind": {"id": kind, "name": "Suivi",
            "duration_minutes": 30, "buffer_before_minutes": 0, "buffer_after_minutes": 0, "colour": "#112233",
            "online": false, "minimum_notice_minutes": 0, "booking_window_days": 84,
            "cancellation_cutoff_minutes": 0}}),
        json!({"do": "retire_type", "id": kind}),
        json!({"do": "open_hours", "rule": rule}),
        json!({"do": "change_hours", "rule": rule}),
        json!({"do": "close_hours", "id": rule["id"]}),
        json!({"do": "open_exceptionally", "opening": {"id": opening, "date": "2026-11-25", "from": "09:00",
            "until": "12:00", "types": null, "place": place}}),
        json!({"do": "close_exception", "id": opening}),
        json!({"do": "book_series", "series": world.id(), "kind": KIND.to_string(), "person": person, "allow": allow,
            "sessions": [{"booking": world.id(), "start_ms": start_ms + WEEK_MS},
                {"booking": world.id(), "start_ms": start_ms + 2 * WEEK_MS}]}),
        json!({"do": "move_bookings", "moves": [{"booking": booking, "start_ms": start_ms}], "allow": allow}),
        json!({"do": "mark_booking", "booking": booking, "mark": "excused"}),
        json!({"do": "announce_delay", "minutes": 20}),
        json!({"do": "set_waiting_urgent", "entry": entry, "urgent": true}),
        json!({"do": "remove_waiting", "entry": entry}),
        // After what cancels the prepared booking: past the guard, the rules find nothing.
        json!({"do": "cancel_bookings", "bookings": [booking]}),
    ]
}

/// The commands that are this action.
pub(super) fn commands_of(world: &World, action: Action, there: &There) -> Vec<Value> {
    let mut commands = commands(world, there);
    commands.retain(|command| is_action(command) == action);
    commands
}

/// Books with the owner's cookie; where it is needed, somebody waits for what never comes.
pub(super) async fn prepared(world: &World, key: AgendaKey, action: Action) -> There {
    let owner = world.sign_in(key.practice, 50).await;
    let book = commands_of(world, Action::Book, &There::default()).remove(0);
    let path = format!("/api/v1/staff/agendas/{}/commands", key.agenda);
    let body = json!({"command_id": world.id(), "command": book});
    world.staff_post(&owner, &path, &body).await.fine(200);
    let waits = matches!(action, Action::Book | Action::Cancel);
    There {
        booking: book["booking"].as_str().unwrap().to_owned(),
        entry: if waits { entry(world, key).await } else { String::new() },
    }
}

/// Somebody on the agenda's waiting list, for a day on which it never opens.
async fn entry(world: &World, key: AgendaKey) -> String {
    let page = match key {
        AGENDA => "cabinet-essai/claire-morel",
        COLLEAGUES => "cabinet-essai/nora-petit",
        _ => "autre-cabinet/paul-roux",
    };
    let wishes = json!({"weekdays": ["sunday"], "from": "00:00", "until": "24:00", "first_day": "2026-11-22",
        "last_day": "2026-12-20", "notice_minutes": 60, "place": null});
    let person = json!({"given_name": "Léa", "family_name": "Petit", "email": null, "phone": "+33600000000"});
    let body = json!({"command_id": world.id(), "secret": world.id(), "kind": KIND.to_string(), "notice_version": 1,
        "wishes": wishes, "person": person});
    let joined = world
        .post(&format!("/api/v1/public/{page}/waiting"), &body)
        .await
        .fine(201);
    joined["entry"].as_str().unwrap().to_owned()
}
