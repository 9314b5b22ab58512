//! The agendas behind the hubs: finds them by their public address, subscribes to their feeds for the board audience.

use super::feed::{BoardSource, Joined, SourceError, Subscription};
use crate::edge::view;
use cabinet_actors::agendas::Agendas;
use cabinet_actors::clock::Clock;
use cabinet_actors::delta::{Sink, TopicPosition};
use cabinet_actors::directory::Directory;
use cabinet_actors::read::{self, ReadError};
use cabinet_domain::audience::Audience;
use cabinet_domain::ids::AgendaKey;
use cabinet_domain::time::UtcMillis;
use cabinet_proto::v1::convert::outward;
use futures_util::future::LocalBoxFuture;
use std::sync::Arc;

/// Boards of the real agendas.
pub struct AgendaBoards {
    agendas: Agendas,
    directory: Directory,
    clock: Arc<dyn Clock>,
}

impl AgendaBoards {
    /// Over these handles.
    #[must_use]
    pub fn new(agendas: Agendas, directory: Directory, clock: Arc<dyn Clock>) -> Self {
        Self {
            agendas,
            directory,
            clock,
        }
    }
}

impl BoardSource for AgendaBoards {
    fn find(&self, practice: &str, practitioner: &str) -> Option<AgendaKey> {
        let (practice, practitioner) = self.directory.practitioner(practice, practitioner)?;
        Some(AgendaKey {
            practice,
            agenda: practitioner.agenda,
        })
    }

    fn subscribe(
        &self,
        agenda: AgendaKey,
        position: Option<TopicPosition>,
        sink: Arc<dyn Sink>,
    ) -> LocalBoxFuture<'static, Result<(Subscription, Joined), SourceError>> {
        let agendas = self.agendas.clone();
        Box::pin(async move {
            let answer = agendas
                .subscribe(agenda, Audience::Board, position, sink, |read| {
                    view::free_slots(read, None)
                })
                .await;
            let (id, joined) = answer.map_err(|error| match error {
                ReadError::NoSuchAgenda => SourceError::NoSuchAgenda,
                ReadError::Busy | ReadError::Unavailable | ReadError::Internal => SourceError::Busy,
            })?;
            let subscription = Subscription::new(move || agendas.unsubscribe(agenda, id));
            let joined = match joined {
                read::Joined::Resumed { position, deltas } => Joined::Resumed { position, deltas },
                read::Joined::Snapshot { position, value } => {
                    let types = value
                        .iter()
                        .map(|(kind, slots)| outward::type_slots(*kind, slots))
                        .collect();
                    Joined::Snapshot { position, types }
                }
            };
            Ok((subscription, joined))
        })
    }

    fn now(&self) -> UtcMillis {
        self.clock.now()
    }
}
